// Which Dockerfiles the paths on a command line mean.
#pragma once

#include <string>
#include <vector>

namespace dcache::cli {

// The paths, with each folder replaced by the Dockerfiles below it, sorted. A folder without any is warned
// of.
std::vector<std::string> find_dockerfiles(const std::vector<std::string>& paths);

}  // namespace dcache::cli
