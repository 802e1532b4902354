// What images of .dcache.toml need of other images.
#pragma once

#include <string>
#include <vector>

#include "dcache/project/target.h"

namespace dcache::project {

// Removes the images of .dcache.toml that can't be built, with a failure for each: those that need their own
// image, and those that need one that does not exist. `others` are the names of further images that there may
// be; without it there may be any, and nothing is missing.
void check_needs_of_settings(const std::vector<std::string>* others, Definitions& defined);

}  // namespace dcache::project
