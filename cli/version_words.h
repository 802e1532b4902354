// What `dcache --version` says.
#pragma once

#include <string>

namespace dcache::cli {

// The version, whether it is a release and the commit, and on a second line the libraries that the program
// was built with.
std::string version_words();

}  // namespace dcache::cli
