// Which steps BuildKit runs for a target if it knows some without their results, and what its log says of
// them. Internal to cache/.
//
// BuildKit starts from the target and looks for the results that are needed: of a step that it has, nothing
// below is needed; of any other, all that it reads is. A step that copies from a stage is found by the steps
// of that stage if these are known, and otherwise by what they wrote, for which they have to run.
#pragma once

#include <cstddef>
#include <vector>

#include "dcache/plan/graph.h"

namespace dcache::cache {

// What a builder has of each step.
struct Knowledge {
  std::vector<bool> is_known;    // its key
  std::vector<bool> has_result;  // and its result
};

struct Demand {
  std::vector<bool> runs;
  // Steps that run, though the log says CACHED of them first: it says so of all that a step was made from
  // when this is loaded from the cache, and then another step needs one of them.
  std::vector<bool> is_shown_as_cached;
};

Demand demand_of(const plan::Graph& graph, Knowledge knowledge);
// Only Demand::runs, in linear time.
std::vector<bool> runs_of(const plan::Graph& graph, Knowledge knowledge);

// For each step whether it is `last` or something that this is made from.
std::vector<bool> made_from(const plan::Graph& graph, size_t last);

}  // namespace dcache::cache
