// Which ignore files the builds of a repository read.
//
// BuildKit reads `<Dockerfile>.dockerignore` next to the Dockerfile, or else `.dockerignore` at the root of
// the context, and no other. Of a named context it reads `.dockerignore` at its root.
// Source: https://docs.docker.com/build/concepts/context/#filename-and-location
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dcache/context/file_system.h"
#include "dcache/project/images.h"

namespace dcache::lint {

// Why no build reads an ignore file.
struct UnreadIgnoreFile {
  enum class Reason : uint8_t {
    kInsideContext,  // its folder is not a context: it is inside of one
    kShadowed,       // each Dockerfile of the context has an ignore file of its own
    kNoDockerfile,   // no Dockerfile is called as its name says
  };
  Reason reason = Reason::kInsideContext;
  std::string context;  // the one that its folder is in, or is; empty for kNoDockerfile
  std::string chosen;   // how that was chosen: "compose.yaml:4"
  std::string other;    // the ignore file that is read there, or a name that would be; may be empty
};

// Immutable: safe to use from many threads.
class IgnoreFileUse {
 public:
  IgnoreFileUse(const project::Project& project, std::shared_ptr<const context::FileSystem> files);

  // Nothing if a build reads the file or may read it, and if the builds are not known well enough: a
  // definition can't be read, or leaves a context open, or a Dockerfile that nothing defines may be built
  // with the folder as its context.
  std::optional<UnreadIgnoreFile> why_unread(const std::string& path) const;

 private:
  // A build as it looks for its ignore file. Paths are after all links.
  struct Build {
    std::string context;
    std::string shown;        // the context as it is spelled
    std::string chosen;       // in words
    std::string dockerfile;   // empty if it is a part of the definition
    bool has_own = false;     // an ignore file next to the Dockerfile
    bool is_defined = false;  // a definition says it
    bool is_sure = false;     // it is, or the Dockerfile's folder has all that it copies
  };

  std::optional<UnreadIgnoreFile> look_in_context(const std::string& folder) const;
  std::optional<UnreadIgnoreFile> look_inside_context(const std::string& folder) const;
  std::optional<UnreadIgnoreFile> look_for_dockerfile(const std::string& folder,
                                                      const std::string& name) const;
  bool may_be_context(const std::string& folder, const Build& build) const;
  bool has_other_reader(const std::string& folder) const;

  std::shared_ptr<const context::FileSystem> files_;
  std::string root_;
  std::vector<Build> builds_;
  std::set<std::string> named_contexts_;  // folders, of which builds read the ignore file as well
  bool is_known_ = true;
};

}  // namespace dcache::lint
