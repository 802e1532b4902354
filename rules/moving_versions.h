// Versions in a project's manifests that mean the newest there is. A package manager asks for them once a day
// if it has its cache, and in each run without it: with a cache mount a build may get an older one.
#pragma once

#include <string>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// What the manifests of the package manager have of this kind, in words: "1.0-SNAPSHOT in pom.xml". Empty for
// nothing, where no context is known, and if the use asks for them each time or takes versions from a lock
// file.
std::string moving_version_of(lint::Dockerfile& dockerfile, const Use& use);

}  // namespace dcache::rules
