// Steps that take from the context.
#pragma once

#include "dcache/plan/graph.h"

namespace dcache::rules {

// The first step that copies all that the context holds; null for none.
const plan::Step* find_broad_copy(const plan::Graph& graph);

// The first step that reads anything of the context; null for none.
const plan::Step* find_context_reader(const plan::Graph& graph);

}  // namespace dcache::rules
