// Names of files in patches.
#pragma once

#include <string>
#include <string_view>

namespace dcache::cli {

// As `git apply` and `patch -p1` want it: relative to the working directory, after `prefix`, a/ or b/. Of a
// link it is the file that the link leads to: to git the link is a file of its own.
std::string diff_name(std::string_view prefix, const std::string& path);

}  // namespace dcache::cli
