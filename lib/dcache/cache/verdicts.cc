#include "dcache/cache/verdicts.h"

#include <algorithm>
#include <optional>

#include "dcache/cache/demand.h"
#include "dcache/cache/lookup.h"

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Step;
using Match = KnownKeys::Match;
using Reason = Judgement::Reason;

bool is_file_missing(const StepKeys& keys) {
  return std::ranges::any_of(keys.reads,
                             [](const ReadFiles& read) { return !read.selection.missing.empty(); });
}

Verdict verdict_of(Match match, const Step& step) {
  switch (match) {
    case Match::kCertain:
      return step.needs_network ? Verdict::kUnknown : Verdict::kHit;
    case Match::kPossible:
      return Verdict::kDepends;
    case Match::kNone:
      break;
  }
  return Verdict::kMiss;
}

// The verdicts by keys alone, as if all that is known has a result.
std::vector<Judgement> judge_by_keys(const KnownKeys& known, const State& now) {
  const Graph& graph = *now.graph;
  KnownKeys learnt;  // in this build
  std::vector<Judgement> judgements(graph.steps.size());
  std::vector<bool> fails(graph.steps.size());
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const Step& step = graph.steps[i];
    const StepKeys& keys = (*now.keys)[i];
    if (!step.needed) {
      judgements[i].verdict = Verdict::kUnused;
      continue;
    }
    // A file that the step names is not there, or the step below fails for such a reason.
    fails[i] = is_file_missing(keys) || (step.below && !step.independent && fails[*step.below]);
    const bool runs = fails[i] || step.runs_always;
    judgements[i].verdict =
        runs ? Verdict::kMiss : verdict_of(std::max(known.find(keys.key), learnt.find(keys.key)), step);
    // A builder that goes step by step reuses what the same build has just made; BuildKit makes it once for
    // both.
    if (graph.builder != plan::Builder::kBuildkit) learnt.add(keys.key);
  }
  return judgements;
}

// What runs, and what has a result.
struct Outcome {
  Demand demand;
  std::vector<bool> has_result;

  bool is_reused(size_t step) const { return !demand.runs[step] || demand.is_shown_as_cached[step]; }
};

Outcome outcome_of(const KnownKeys& known, const Graph& graph, const std::vector<StepKeys>& keys, Match least,
                   Answer answer) {
  Knowledge knowledge = look_up(known, graph, keys, least, answer);
  std::vector<bool> has_result = knowledge.has_result;
  return {demand_of(graph, std::move(knowledge)), std::move(has_result)};
}

// The outcome if rebuilt steps write something else than before: as do those that run again because nobody
// has their results, and then more may run.
Outcome outcome_at_worst(const KnownKeys& known, const State& now, Answer answer) {
  const Graph& graph = *now.graph;
  RunAgain again{.steps = std::vector<bool>(graph.steps.size()),
                 .keys = now.keys,
                 .is_known = [&](const AssumedKeys& key) { return known.find(key) == Match::kCertain; }};
  Outcome outcome = outcome_of(known, graph, *now.keys, Match::kCertain, answer);
  while (outcome.demand.runs != again.steps) {
    again.steps = outcome.demand.runs;
    outcome = outcome_of(known, graph, compute_keys(graph, *now.contexts, again), Match::kCertain, answer);
  }
  return outcome;
}

// Whether no import but the last one has a step: the only one that can answer for it.
bool is_known_to_last_alone(const KnownKeys& known, const AssumedKeys& key) {
  const auto& sources = known.sources();
  const auto knows = [&](const KnownKeys::Source& source) { return source.find(key) != Match::kNone; };
  return knows(sources.back()) && std::none_of(sources.begin(), sources.end() - 1, knows);
}

// What differs with the import that answers. With more than three imports, a step that only the last one has
// is lost in most builds that lose a step at all.
void judge_reliability(const KnownKeys& known, const State& now, std::vector<Judgement>& judgements) {
  const Outcome last = outcome_at_worst(known, now, Answer::kLast);
  const Outcome worst = outcome_at_worst(known, now, Answer::kWorst);
  const bool is_last_likely = known.sources().size() <= kMostImportsInOrder;
  for (size_t i = 0; i < judgements.size(); ++i) {
    Judgement& judgement = judgements[i];
    if (judgement.verdict != Verdict::kHit || (last.is_reused(i) && worst.is_reused(i))) continue;
    judgement.is_not_reliable = true;
    const bool is_often_lost =
        is_last_likely ? !last.is_reused(i) : is_known_to_last_alone(known, (*now.keys)[i].key);
    if (!is_often_lost) continue;
    judgement.verdict = Verdict::kDepends;
    judgement.reason = Reason::kNotReliable;
  }
}

}  // namespace

std::vector<Judgement> judge(const KnownKeys& known, const State& now) {
  std::vector<Judgement> judgements = judge_by_keys(known, now);
  if (!known.has_imports()) return judgements;
  const Graph& graph = *now.graph;
  const Outcome worst = outcome_at_worst(known, now, Answer::kAny);
  // Nothing can be better than that nothing runs.
  const bool runs_any = std::ranges::find(worst.demand.runs, true) != worst.demand.runs.end();
  const Outcome best = runs_any ? outcome_of(known, graph, *now.keys, Match::kPossible, Answer::kAny) : worst;
  for (size_t i = 0; i < judgements.size(); ++i) {
    Judgement& judgement = judgements[i];
    const bool is_known = judgement.verdict == Verdict::kHit;
    if (!is_known && judgement.verdict != Verdict::kDepends) continue;
    judgement.verdict = worst.is_reused(i)  ? Verdict::kHit
                        : best.is_reused(i) ? Verdict::kDepends
                                            : Verdict::kMiss;
    if (is_known && worst.demand.runs[i])
      judgement.reason = worst.has_result[i] || best.has_result[i] ? Reason::kRunAgain : Reason::kNoResult;
    judgement.runs_after_all = worst.is_reused(i) && worst.demand.runs[i];
  }
  if (known.sources().size() > 1) judge_reliability(known, now, judgements);
  return judgements;
}

}  // namespace dcache::cache
