// A build at an earlier state that git knows, and what rebuilds since then.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"

namespace dcache::cache {

struct Revisions {
  std::vector<Build> before;  // one for each revision that was named
  Build after;
  Report report;
};

// The build as one revision has it, its files not hashed yet. A state is the work tree with every file that
// git says differs as the revision has it: what .gitignore leaves out is taken to have been the same.
tl::expected<Build, std::vector<Failure>> load_revision(const BuildOptions& options,
                                                        const std::string& revision);

// Compares two revisions ("A..B", or "A...B" from where they parted), or the work tree with one or several
// revisions ("A"), all of which the builder has built. Only files that differ are hashed, unless the
// Dockerfile or the ignore file differs too.
tl::expected<Revisions, std::vector<Failure>> compare_revisions(const BuildOptions& options,
                                                                const std::vector<std::string>& ranges,
                                                                const Build::Progress& progress = {});

}  // namespace dcache::cache
