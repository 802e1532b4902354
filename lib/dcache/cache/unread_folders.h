// Folders that a COPY or ADD takes from the build context though no later step names them: each change in
// them rebuilds the step and all steps after it.
//
// Said only of stages whose files do not ship: what the final image contains is there to be used when it
// runs. A RUN may read any file without naming it, so after a RUN the answer is "perhaps", and is given only
// for a COPY of the whole context: anyone who names a folder means what is in it. Without a RUN it is
// certain: then only COPY --from and mounts read the stage, and they name what they take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dcache/cache/build.h"

namespace dcache::cache {

struct UnreadFolder {
  size_t step = 0;   // the COPY or ADD, in the graph
  std::string path;  // from the root of the context
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::vector<uint32_t> runs;  // lines of the RUNs that may read it; empty: no step reads it
};

// The folders at the top of what each needed COPY takes, by step, the largest first. The build has to know
// what its steps read.
std::vector<UnreadFolder> unread_folders(const Build& build);

}  // namespace dcache::cache
