// The stage that `--target` names.
#pragma once

#include <string_view>

#include "dcache/plan/graph.h"

namespace dcache::plan {

// Docker takes names only, in any case, and buildah numbers as well; null if there is no such stage.
const Stage* find_target(const Graph& graph, std::string_view name);

}  // namespace dcache::plan
