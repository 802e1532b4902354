// Recorded edits of builds.
#pragma once

#include <nlohmann/json.hpp>

#include "dcache/cache/build.h"
#include "dcache/plan/builder.h"

namespace dcache::conformance {

// The build of a recorded state (`tree`, `ignore`, `args`, `dockerfile`). Throws for one that does not plan.
cache::Build build_of(const nlohmann::json& state, plan::Builder builder = plan::Builder::kBuildkit);

}  // namespace dcache::conformance
