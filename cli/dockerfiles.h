// Which Dockerfiles the paths on a command line mean.
#pragma once

#include <string>
#include <vector>

namespace dcache::cli {

struct FindOptions {
  bool companions = false;  // the files beside them that rules know (lint/companion.h) are meant too
  bool gitignore = true;    // what git ignores is not searched
};

// The paths, with each folder replaced by the Dockerfiles below it, and each pattern that no file is named
// like ("services/**/Dockerfile", as in an ignore file) by the files that match it; sorted. A folder without
// any is warned of, a pattern without any stays as it is.
std::vector<std::string> find_dockerfiles(const std::vector<std::string>& paths,
                                          const FindOptions& options = {});

}  // namespace dcache::cli
