// What is not known of an image, in words.
#pragma once

#include <string>

#include "dcache/project/target.h"

namespace dcache::project {

// "the build argument VERSION is ${{ github.sha }}", "the tags contain $CI_COMMIT_TAG".
std::string words_of(const Unknown& unknown);

// Whether it may make a difference to the steps of a build: not for tags, labels, annotations and caches.
bool may_change_steps(const Unknown& unknown);

}  // namespace dcache::project
