// Which Dockerfiles the paths on a command line mean.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dcache::cli {

// Whether the files beside them that rules know (lint/companion.h) are meant too.
enum class Companions : uint8_t { kNo, kYes };

// The paths, with each folder replaced by the Dockerfiles below it, sorted. A folder without any is warned
// of.
std::vector<std::string> find_dockerfiles(const std::vector<std::string>& paths,
                                          Companions companions = Companions::kNo);

}  // namespace dcache::cli
