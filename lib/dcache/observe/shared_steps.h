// Steps that the builder ran once for several images of a run.
//
// If the contexts of two images differ, each has its own vertex for the same COPY. When both turn out to copy
// the same, BuildKit runs the step for one of them, and the log says CACHED for the other.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "dcache/observe/log.h"
#include "dcache/observe/match.h"
#include "dcache/plan/graph.h"

namespace dcache::observe {

// A build of a log and the Dockerfile that it is of.
struct PlannedBuild {
  size_t build = 0;  // index in Log::builds
  const plan::Graph* graph = nullptr;
  std::string_view dockerfile;  // its path
  std::string_view context;     // that of the folder
  Match* match = nullptr;
};

// Gives a step that was reused the vertex of the image that the same run ran it for, if there is one; its own
// vertex is among ObservedStep::again then. Takes linear time.
void find_shared_runs(const Log& log, std::span<const PlannedBuild> builds);

}  // namespace dcache::observe
