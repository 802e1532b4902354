// Verdicts for files that are only said to change: no snapshot, no hashing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"

namespace dcache::cache {

// A path that is said to change, and what becomes of it.
struct ChangedPath {
  enum class Fate : uint8_t {
    kRead,        // some step that the target needs reads it
    kNotRead,     // it is in the context, and no such step does
    kIgnored,     // the ignore file keeps it out
    kOutside,     // it is outside the context
    kDockerfile,  // it is the Dockerfile: what rebuilds depends on what changes in it
    kIgnoreFile,  // it is the ignore file: likewise
    kDefinition,  // it is a file that defines the image: likewise
  };
  std::string given;          // as the user named it
  std::string path = {};      // in the context; "" is the whole context
  std::string context = {};   // the named context that it is in; empty for the main one
  std::string absolute = {};  // after all links
  Fate fate = Fate::kRead;
  bool exists = true;        // false: it counts as deleted
  std::string pattern = {};  // kIgnored: as written in the ignore file, its line, and the file
  uint32_t pattern_line = 0;
  std::string ignore_file = {};
};

// Finds the paths in the build's context: from `current` (an absolute folder), or from the root of the
// context where there is nothing of that name; once for each context that it is in. Looks at the file system
// for that, and reads no file. A pattern such as "**/*.go" means the paths in the contexts that match it, as
// in an ignore file; one that matches none is `kOutside` and does not exist.
std::vector<ChangedPath> locate(const Build& build, const std::vector<std::string>& given,
                                const std::string& current);

struct WhatIf {
  Report report;
  std::vector<ChangedPath> paths;  // with their fates
};

// The verdicts if these files changed. A folder means all files in it, and a file that is not there
// counts as deleted, read by the steps that would read it.
WhatIf what_if_changed(const Build& build, std::vector<ChangedPath> paths);
// The same where the build has other options than the one before, over the same files.
WhatIf what_if_changed(const Build& before, const Build& build, std::vector<ChangedPath> paths);

}  // namespace dcache::cache
