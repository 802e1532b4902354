// The build context of a Dockerfile that no definition names: told by which folder contains what its COPY,
// ADD and bind mounts name, and where these take the whole context, by what its commands need (the folder
// with go.mod for `go build`), by ignore files, and by what there is to copy.
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
    kTop,   // the root of the repository, since the Dockerfile's folder has nothing that a COPY would take
    kNone,  // none does; the context is the one that lacks least, the nearest of several
  };
  std::string folder;
  Reason reason = Reason::kOwnFolder;
  std::string decided_by;            // kParent: the first path that the Dockerfile's own folder lacks
  std::vector<std::string> missing;  // kNone: what the folder lacks, as written, at most three
  // kOwnFolder: the context may as well be a folder above, up to this one, since nothing tells; empty if
  // something does.
  std::string may_be_above = {};
};

// Whether something says that the Dockerfile's own folder is the context.
inline bool is_certain(const ContextChoice& choice) {
  return choice.reason == ContextChoice::Reason::kOwnFolder && choice.may_be_above.empty();
}

// Looks from the Dockerfile's folder up to `root`, the root of the repository, or no further than the folder
// itself where `root` does not contain it.
ContextChoice choose_context(const plan::Graph& graph, const std::string& dockerfile, const std::string& root,
                             const context::FileSystem& files);

}  // namespace dcache::project
