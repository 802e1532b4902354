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

// Whether the install is known to read nothing but these: its options, the variables of the stage, the text
// of the manifests and the files beside them say so.
bool reads_manifests_alone(lint::Dockerfile& dockerfile, const lint::BuildContext& context,
                           const ManifestInstall& install);

// Whether a RUN that installs packages of the distribution is known to read no file below `destination`.
bool installs_from_outside(lint::Dockerfile& dockerfile, const lint::Run& run, std::string_view destination);

}  // namespace dcache::rules
