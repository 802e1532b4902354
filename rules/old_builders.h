// Builders of a project that know less than BuildKit, and that its Dockerfiles do not tell of.
#pragma once

#include <cstdint>
#include <string>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

enum class BuildkitFeature : uint8_t { kMount, kLink };

// Who builds the Dockerfile, or images of its project, and refuses or ignores the feature, as a clause:
// "kaniko (.gitlab-ci.yml) does not support mounts". Empty for nobody, and if the Dockerfile has what such a
// builder does not know already. CI files, definitions and scripts of the repository are looked at, as far as
// a person would look. What is in the folder of another Dockerfile builds that one.
std::string refused_by_builder(lint::Dockerfile& dockerfile, BuildkitFeature feature);

}  // namespace dcache::rules
