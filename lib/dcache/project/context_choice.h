// The build context of a Dockerfile that no definition names: told by which folder contains what its COPY,
// ADD and bind mounts name, and where these take the whole context, by what its commands need: the folder
// with go.mod for `go build`.
#pragma once

#include <string>
#include <vector>

#include "dcache/context/file_system.h"
#include "dcache/plan/graph.h"

namespace dcache::project {

struct ContextChoice {
  enum class Reason : uint8_t {
    kOwnFolder,  // the Dockerfile's folder contains all that it names, and no other one has what it needs
    kParent,     // the nearest folder above that does
    kNone,       // none does; the context is the one that lacks least, the nearest of several
  };
  std::string folder;
  Reason reason = Reason::kOwnFolder;
  std::string decided_by;            // kParent: the first path that the Dockerfile's own folder lacks
  std::vector<std::string> missing;  // kNone: what the folder lacks, as written, at most three
};

// Looks from the Dockerfile's folder up to `root`, the root of the repository, or no further than the folder
// itself where `root` does not contain it.
ContextChoice choose_context(const plan::Graph& graph, const std::string& dockerfile, const std::string& root,
                             const context::FileSystem& files);

}  // namespace dcache::project
