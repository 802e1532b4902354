// Names that --changed gives and that no file has: likely mistyped.
#pragma once

#include <string>
#include <vector>

#include "dcache/project/images.h"

namespace dcache::cli {

// Whether nothing has that name. A pattern is not asked about.
bool is_gone(const std::string& name);

// Of the names that somebody typed, those that neither exist nor did in the last commit, here, at the root of
// the repository, or in the context of an image. A list on standard input (-) is left out: one of git may
// name files that were deleted long ago.
std::vector<std::string> unknown_names(const std::vector<std::string>& given,
                                       const project::Project& project);
// Says on standard error that they count as deleted, with the names that are nearest.
void warn_of_unknown(const std::vector<std::string>& unknown);

}  // namespace dcache::cli
