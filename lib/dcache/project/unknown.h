// What is not known of an image, in words.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "dcache/context/file_system.h"
#include "dcache/project/images.h"
#include "dcache/project/target.h"

namespace dcache::project {

// "only CI knows the build argument VERSION (${{ github.sha }})", "the tags contain $CI_COMMIT_TAG".
std::string words_of(const UnknownAttribute& unknown);

// Whether it may make a difference to the steps of a build: not for tags, labels, annotations and caches.
bool may_change_steps(const UnknownAttribute& unknown);

// What is another value in each run of CI: "${{ github.sha }}".
struct ValueOfRun {
  std::string text;
  bool is_whole = true;  // or a part of the value
  friend bool operator==(const ValueOfRun&, const ValueOfRun&) = default;
};
// The build arguments, by name, to which the definition of the image gives such a value.
std::map<std::string, ValueOfRun, std::less<>> new_each_run(const Image& image);

// Why a definition can't be read, without what to do about it.
std::string unread_words(const text::Failure& failure);

// What a project could not read of the definition of an image, or of one that may be about it; null for
// nothing. `known` is the image as the project has it, and null if it has none. `files` are those that the
// project was read from.
const text::Failure* unread_definition(const Image& image, const Image* known, const Project& project,
                                       const context::FileSystem& files);

}  // namespace dcache::project
