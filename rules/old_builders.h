// Builders of a project that know less than BuildKit, and that its Dockerfiles do not tell of.
#pragma once

#include <string>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// Who builds images of the project without knowing RUN --mount, COPY --link and the like, in words: "kaniko
// in .gitlab-ci.yml". Empty for nobody, and if the Dockerfile has what they do not know already. CI files
// next to the context and in the folders above it, up to the root of the repository, are looked at, whatever
// Dockerfile they build.
std::string old_builder_of(lint::Dockerfile& dockerfile);

}  // namespace dcache::rules
