// When the vertices of a run were worked on, and which of them it waited for.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dcache/observe/log.h"
#include "dcache/observe/match.h"
#include "dcache/plan/graph.h"

namespace dcache::observe {

// A vertex on the time line.
struct Bar {
  const Vertex* vertex = nullptr;
  std::optional<size_t> build;  // index in Log::builds; nothing for what was done for several images
  double start = 0;             // seconds since the run began
  double end = 0;
  std::vector<size_t> after = {};  // bars that had to end first
};

// A bar on a critical path.
struct Wait {
  size_t bar = 0;
  double seconds = 0;  // that the end waited for this bar: what the next one did meanwhile counts there
};

// The part of the time line that one build takes: its vertices, and those of steps that it shares.
struct BuildLine {
  double start = 0;
  double end = 0;
  std::vector<Wait> critical = {};  // in order; together never more than from `start` to `end`

  double seconds() const { return end - start; }
};

struct Timeline {
  std::vector<Bar> bars;  // builds in their order, each with its vertices in theirs
  double seconds = 0;     // from the first start to the last end
  // The log has no times: each vertex is assumed to start as soon as what it needs has ended. The times of a
  // CI service are those of its lines, which may be late: a step ends before those that need it start.
  bool is_estimated = false;
  // The chain of bars that took longest from the beginning to the last end, in order: without any of them the
  // run would have been shorter.
  std::vector<size_t> critical;
  std::map<size_t, BuildLine> builds = {};  // by their index in Log::builds
};

// What is known of the steps of a build.
struct MatchedBuild {
  size_t build = 0;
  const plan::Graph* graph = nullptr;
  const Match* match = nullptr;
};

// `log` has to outlive it. Where a build is not matched, its steps are ordered by their names: the number in
// the stage, and the stages that COPY --from names.
Timeline timeline_of(const Log& log, size_t run, std::span<const MatchedBuild> matched = {});

}  // namespace dcache::observe
