// What `dcache explain` and `dcache log` compare with, and what workers import.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/build_options.h"
#include "cli/selection.h"
#include "dcache/project/affected.h"

namespace dcache::cli {

// The folder whose repository --git is about.
std::string folder_of_git(const BuildFlags& flags);

// Whether --since names a folder of snapshots, and so may be about several images.
bool names_folder(const std::vector<std::string>& since);
// The recorded states that --since names. A file is about the one image that is meant, which is judged for
// the recorded platforms then. Nothing, with a word on standard error, if one can't be read.
std::optional<project::States> read_states(const std::vector<std::string>& since, Selection& selection);

// Has the images that are meant built on workers that start empty and import what --cache-from says; without
// any, nothing changes. False, with a word on standard error, if that can't be.
bool import_caches(const BuildFlags& flags, const std::vector<std::string>& cache_from, Selection& selection);
// Whether the Dockerfile has the stages whose caches are imported; says on standard error which it has not.
bool has_imported_stages(const cache::Build& build);

}  // namespace dcache::cli
