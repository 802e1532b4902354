// Names that --changed gives and that no file has: likely mistyped.
#pragma once

#include <string>
#include <vector>

#include "dcache/project/images.h"

namespace dcache::cli {

// Whether nothing has that name. A pattern is not asked about.
bool is_gone(const std::string& name);

// Of names of changed files, those that neither exist nor are tracked or in one of the commits, here, at the
// root of the repository, or in the context of an image. "-", a list on standard input, is passed over.
std::vector<std::string> unknown_names(const std::vector<std::string>& names,
                                       const std::vector<std::string>& commits,
                                       const project::Project& project);
// Says on standard error that they count as deleted, with the names that are nearest.
void warn_of_unknown(const std::vector<std::string>& unknown);

}  // namespace dcache::cli
