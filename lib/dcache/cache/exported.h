// What a build exports for a cache, by its graph alone.
#pragma once

#include <cstddef>
#include <vector>

#include "dcache/cache/cache_import.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

// For each step whether the result of a stage comes from it.
std::vector<bool> ancestors_of(const plan::Graph& graph, size_t stage);
// For each step whether its layer is one of the image of a stage.
std::vector<bool> layers_of(const plan::Graph& graph, size_t stage);

// How many steps run on a worker that starts empty and imports the cache of the last build, if one step is
// another one since then and what it writes is too. FROM is not counted. 0 for a graph without a target.
size_t steps_after_edit(const plan::Graph& graph, size_t edited, CacheImport::Mode mode);

}  // namespace dcache::cache
