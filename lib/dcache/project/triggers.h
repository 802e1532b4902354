// What ONBUILD of an image of the project makes the builds do that start from it.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/project/images.h"
#include "dcache/project/needs.h"

namespace dcache::project {

// The text of the Dockerfile; the error is a sentence.
tl::expected<std::string, std::string> dockerfile_of(const Image& image);

// Tells the plan of each image what the images put off that it starts from. Reads all Dockerfiles; one that
// can't be read puts nothing off. Of several images of one name, or one whose tags are not known, nothing is
// told: nobody knows which one is taken.
void add_triggers(std::vector<Image>& images);

// Replaces what the images in `options` put off by what they do in `others`.
void set_triggers(const plan::Options& others, plan::Options& options);

// The first needed image of which add_triggers() tells nothing although its ONBUILD instructions read the
// context of the build that starts from it. Null for none.
const Image* base_with_open_triggers(const ImageNeeds::References& needed, const std::vector<Image>& images);

}  // namespace dcache::project
