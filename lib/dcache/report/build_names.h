// The names by which `docker buildx bake` and `docker compose build` build affected images.
#pragma once

#include <string>
#include <vector>

#include "dcache/project/affected.h"

namespace dcache::report {

// An affected image that a format can't have.
struct LeftOut {
  std::string image;
  std::string reason;
};

struct BuildNames {
  std::vector<std::string> names;  // each once, in the order of the images
  std::vector<LeftOut> left_out;   // images that the command does not build
};

// Whether an image has to be built.
bool is_affected(const project::ImageEffect& effect);

// The affected images as targets of bake (kBake) or services of Compose (kCompose). A name is one of the
// files that the command is given, `definitions`; if there are none, of those that it reads in the current
// folder.
BuildNames build_names(const project::AffectedImages& affected, project::DefinitionKind kind,
                       const std::vector<std::string>& definitions);

}  // namespace dcache::report
