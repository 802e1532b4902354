// What can be asked about a Dockerfile and answered at once.
#pragma once

#include <span>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/feature.h"

namespace dcache::lsp {

struct DockerfileRequest : TextRequest {
  const editor::Workspace::ParsedDockerfile& parsed;
};

std::span<const Feature<DockerfileRequest>> dockerfile_features();

}  // namespace dcache::lsp
