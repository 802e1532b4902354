#include "dcache/cache/report.h"

#include <algorithm>
#include <array>

#include "dcache/cache/causes.h"
#include "dcache/cache/known_keys.h"

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Step;

constexpr std::array<std::string_view, 5> kVerdictNames = {"hit", "miss", "depends", "unused", "unknown"};
constexpr std::array<std::string_view, 12> kCauseNames = {"",        "file",   "instruction", "variable",
                                                          "new",     "image",  "stage",       "missing",
                                                          "network", "target", "always",      "no-cache"};

// The verdict on one step, the causes of those before it being known.
Verdict judge(const KnownKeys& known, const State& state, const std::vector<StepReport>& reports,
              size_t index) {
  const Step& step = state.graph->steps[index];
  const StepKeys& keys = (*state.keys)[index];
  if (!step.needed) return Verdict::kUnused;
  // A file that the step names is not there, or the step below fails for such a reason.
  const bool missing =
      std::ranges::any_of(keys.reads, [](const ReadFiles& read) { return !read.selection.missing.empty(); });
  const bool fails = step.below && !step.independent && reports[*step.below].verdict == Verdict::kMiss &&
                     reports[*step.below].cause.kind == Cause::Kind::kMissing;
  if (missing || fails || step.runs_always) return Verdict::kMiss;
  switch (known.find(keys.key)) {
    case KnownKeys::Match::kCertain:
      return step.needs_network ? Verdict::kUnknown : Verdict::kHit;
    case KnownKeys::Match::kPossible:
      return Verdict::kDepends;
    case KnownKeys::Match::kNone:
      break;
  }
  return Verdict::kMiss;
}

// The earlier state that has most of the steps; of several the last.
const State& nearest_of(std::span<const State> earlier, const State& now) {
  const State* nearest = &earlier.front();
  size_t most = 0;
  for (const State& state : earlier) {
    KnownKeys known;
    known.add(state);
    const auto common = static_cast<size_t>(std::ranges::count_if(
        *now.keys, [&](const StepKeys& keys) { return known.find(keys.key) == KnownKeys::Match::kCertain; }));
    if (common < most) continue;
    nearest = &state;
    most = common;
  }
  return *nearest;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  return kVerdictNames[static_cast<size_t>(verdict)];
}

std::string_view name_of(Cause::Kind kind) {
  return kCauseNames[static_cast<size_t>(kind)];
}

size_t Report::count(const Graph& graph, Verdict verdict) const {
  return static_cast<size_t>(std::count_if(steps.begin(), steps.end(), [&](const StepReport& report) {
    return report.verdict == verdict && graph.steps[report.step].kind != Step::Kind::kImage;
  }));
}

Report compare(std::span<const State> earlier, const State& now) {
  KnownKeys known;
  for (const State& state : earlier)
    known.add(state);
  static const Graph kNoGraph;
  static const std::vector<StepKeys> kNoKeys;
  const State nothing{&kNoGraph, &kNoKeys};
  const Causes causes(earlier.empty()       ? nothing
                      : earlier.size() == 1 ? earlier.front()
                                            : nearest_of(earlier, now),
                      now);
  Report report;
  for (size_t i = 0; i < now.graph->steps.size(); ++i) {
    StepReport step;
    step.step = i;
    step.verdict = judge(known, now, report.steps, i);
    causes.explain(report.steps, step);
    report.steps.push_back(std::move(step));
    // A builder that goes step by step reuses what the same build has just made; BuildKit makes it once for
    // both.
    if (now.graph->builder != plan::Builder::kBuildkit && now.graph->steps[i].needed)
      known.add((*now.keys)[i].key);
  }
  return report;
}

Report compare(const State& before, const State& now) {
  return compare({&before, 1}, now);
}

}  // namespace dcache::cache
