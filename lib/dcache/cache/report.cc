#include "dcache/cache/report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dcache/cache/causes.h"
#include "dcache/cache/known_keys.h"
#include "dcache/cache/verdicts.h"

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Step;

constexpr std::array<std::string_view, 5> kVerdictNames = {"hit", "miss", "depends", "unused", "unknown"};
constexpr std::array<std::string_view, 14> kCauseNames = {
    "",        "file",    "instruction", "variable", "new",      "image",        "stage",
    "missing", "network", "target",      "always",   "no-cache", "not-exported", "imports"};

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

// Steps that are what they were, but that no import has.
void find_unimported(std::span<const State> earlier, const State& now, std::vector<Judgement>& judgements) {
  KnownKeys built;
  for (const State& state : earlier)
    built.add(state);
  for (size_t i = 0; i < judgements.size(); ++i) {
    Judgement& judgement = judgements[i];
    const bool is_unknown =
        judgement.verdict == Verdict::kMiss && judgement.reason == Judgement::Reason::kKey;
    const bool is_same = is_unknown && !now.graph->steps[i].runs_always &&
                         built.find((*now.keys)[i].key) == KnownKeys::Match::kCertain;
    if (is_same) judgement.reason = Judgement::Reason::kNotImported;
  }
}

Report with_causes(const std::vector<Judgement>& judgements, const State& before, const State& now) {
  const Causes causes(before, now);
  Report report;
  for (size_t i = 0; i < judgements.size(); ++i) {
    StepReport step;
    step.step = i;
    step.verdict = judgements[i].verdict;
    step.runs_after_all = judgements[i].runs_after_all;
    step.is_not_reliable = judgements[i].is_not_reliable;
    causes.explain(report.steps, judgements[i].reason, step);
    report.steps.push_back(std::move(step));
  }
  return report;
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

Report compare(std::span<const State> earlier, const State& now, std::span<const CacheImport> imports) {
  KnownKeys known;
  for (const State& state : earlier) {
    if (imports.empty()) known.add(state);
    for (const CacheImport& import : imports)
      known.add(state, import);
  }
  std::vector<Judgement> judgements = judge(known, now);
  if (!imports.empty()) find_unimported(earlier, now, judgements);
  static const Graph kNoGraph;
  static const std::vector<StepKeys> kNoKeys;
  const State nothing{&kNoGraph, &kNoKeys};
  return with_causes(judgements,
                     earlier.empty()       ? nothing
                     : earlier.size() == 1 ? earlier.front()
                                           : nearest_of(earlier, now),
                     now);
}

Report compare(const KnownKeys& known, const State& before, const State& now) {
  return with_causes(judge(known, now), before, now);
}

Report compare(const State& before, const State& now) {
  return compare({&before, 1}, now);
}

}  // namespace dcache::cache
