// An artifact of Skaffold as a build.
#pragma once

#include <optional>
#include <string>

#include "dcache/project/skaffold_config.h"
#include "dcache/project/target.h"

namespace dcache::project {

// Where an artifact is.
struct SkaffoldPlace {
  std::string folder;                  // of the project's file: what the target counts from
  std::string outside;                 // of the artifact's file, from there
  bool in_cluster;                     // `build.cluster` builds what names no other builder
  std::vector<std::string> platforms;  // of all artifacts
};

// A target, or something that is skipped; nothing after a failure.
struct SkaffoldArtifact {
  std::optional<Target> target = {};
  std::optional<SkippedBuild> skipped = {};
};

SkaffoldArtifact read_skaffold_artifact(const yaml::Value& artifact, const SkaffoldPlace& place,
                                        const ReadOptions& options, SkaffoldModel& model);

}  // namespace dcache::project
