// What an install reads besides the manifests that are copied for it. Moved above the sources it must not
// miss anything: only what is known to be harmless counts as that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// An install by the manifests of a project.
struct ManifestInstall {
  const lint::Run* run = nullptr;
  const Use* use = nullptr;
  std::string_view folder;       // that it works in, of the context, rooted
  std::string_view destination;  // of the COPY that brings the sources
  const std::vector<std::string>* manifests =
      nullptr;                                        // that are copied for it, by their paths in the context
  const std::vector<std::string>* folders = nullptr;  // the same of folders
};

// What the install may read besides these, as a clause: "--foo may name a file that is copied later". Empty
// if its options, the variables of the stage, the text of the manifests and the files next to them say that
// it reads nothing else.
std::string what_else_is_read(lint::Dockerfile& dockerfile, const lint::BuildContext& context,
                              const ManifestInstall& install);

// Whether the files are there wherever the Dockerfile is built: a file that git does not track is missing in
// a clone, where a COPY of the whole context works without it.
bool are_in_each_clone(const lint::BuildContext& context, const std::vector<std::string>& paths);

// The folder, or file, that the install makes next to the manifests, if it does not stay what it is when the
// sources are copied over it: packages of this machine (`node_modules`, or what Yarn has in their place) may
// be among them, today or tomorrow. Empty if nothing such can be. `folder` as above.
std::string_view overwritten_folder(const lint::BuildContext& context, const Use& use,
                                    std::string_view folder);

// Whether a RUN that installs packages of the distribution is known to read no file below `destination`.
bool installs_from_outside(lint::Dockerfile& dockerfile, const lint::Run& run, std::string_view destination);

}  // namespace dcache::rules
