// Why a step does not find a file of its context.
#pragma once

#include <string>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"

namespace dcache::cache {

struct MissingFile {
  // "src (line 2) is ignored by 'src/' (.dockerignore:6)". Not made printable.
  std::string words;
  // Whether a step before the build may make it: there is nothing of that name, and no reason why.
  bool may_be_made = false;
};

// `cause` is one of kMissing.
MissingFile missing_file(const Build& build, const Cause& cause);

}  // namespace dcache::cache
