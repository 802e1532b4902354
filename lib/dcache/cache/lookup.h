// What BuildKit finds of the steps of a build in what a builder has. Internal to cache/.
//
// A step that several imports know is one step for BuildKit, of whichever import answers first: the results
// of the others are not looked for. And if it reads the context, the steps on top of it are found in that
// import alone. Each step is asked for by itself, so another import may answer for the next one, and a build
// does not reuse the same steps every time. With up to three imports the last one nearly always answers
// first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dcache/cache/demand.h"
#include "dcache/cache/keys.h"
#include "dcache/cache/known_keys.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

// Which import answers.
enum class Answer : uint8_t {
  kAny,    // whichever knows most
  kLast,   // the last one that knows a step
  kWorst,  // for each step any: known is what is found whichever answers
};
inline constexpr size_t kMostImportsInOrder = 3;

// What is known of a build, if at least so good a match counts.
Knowledge look_up(const KnownKeys& known, const plan::Graph& graph, const std::vector<StepKeys>& keys,
                  KnownKeys::Match least, Answer answer);

}  // namespace dcache::cache
