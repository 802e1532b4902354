// Recorded states of the images of a repository: a folder with one snapshot for each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/project/affected.h"
#include "dcache/text/failure.h"

namespace dcache::project {

// The name of an image's file in such a folder: "api.json", and "services%2Fapi.json" for "services/api". It
// is the same whichever folder of the repository is the current one.
std::string snapshot_name(const Image& image);

// The states of an image in one file, one for each platform, at least one. See cache/state_file.h.
tl::expected<std::vector<cache::Build>, text::Failure> read_snapshot(const std::string& path);

// Those of the images of a project in one or more folders, the last build last. Not every image need have
// one. Fails if a folder does not exist, or for a file that is not a snapshot.
tl::expected<States, text::Failure> read_snapshots(const std::vector<std::string>& folders,
                                                   const Project& project);

}  // namespace dcache::project
