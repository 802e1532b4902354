// What a step of the build graph needs: the edges of the graph.
#pragma once

#include <cstdint>
#include <vector>

#include "dcache/plan/graph.h"

namespace dcache::plan {

struct Input {
  enum class Kind : uint8_t {
    kBelow,  // the step whose result it starts from
    kFiles,  // the last step of a stage that it copies files from, or mounts
  };
  size_t step = 0;
  Kind kind = Kind::kBelow;

  friend bool operator==(const Input&, const Input&) = default;
};

// Each once, that below first.
std::vector<Input> inputs(const Graph& graph, size_t step);

}  // namespace dcache::plan
