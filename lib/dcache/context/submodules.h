// Git submodules that are not checked out: their folders are empty until `git submodule update --init`.
#pragma once

#include <string>

#include "dcache/context/file_system.h"

namespace dcache::context {

// The submodule that a path is in and that is not checked out, from the root of the repository; empty if
// there is none. `root` and `path` start in the same folder; both are cleaned. Reads .gitmodules. Source:
// https://git-scm.com/docs/gitmodules
std::string missing_submodule(const std::string& root, const std::string& path, const FileSystem& files);

}  // namespace dcache::context
