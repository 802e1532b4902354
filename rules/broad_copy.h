// Steps that take from the context.
#pragma once

#include "dcache/plan/graph.h"

namespace dcache::rules {

// Whether a source of a COPY is all that the context contains. One that a variable means can be anything:
// without a value it reads like the root.
bool is_whole_context(const plan::Step& copy, const plan::Selector& selector);

// Whether a COPY takes all that the context holds.
bool copies_whole_context(const plan::Step& copy);

// The first step that copies all that the context contains; null for none.
const plan::Step* find_broad_copy(const plan::Graph& graph);

// The first step that reads anything of the context; null for none.
const plan::Step* find_context_reader(const plan::Graph& graph);

}  // namespace dcache::rules
