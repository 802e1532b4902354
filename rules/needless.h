// What the context contains that no step of the build reads.
#pragma once

#include <string>
#include <vector>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// Whether a step may read the history of the repository: it runs git, or a script or build tool of the
// project that does.
bool may_read_git(lint::Dockerfile& dockerfile, const lint::BuildContext& context);

// Files and folders at the root of the context that people edit often and no build reads: README, docs,
// tests, definitions of CI services. None of those that the Dockerfile or a manifest of the project mentions.
std::vector<std::string> needless_names(lint::Dockerfile& dockerfile, const lint::BuildContext& context);

}  // namespace dcache::rules
