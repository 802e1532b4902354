#include "dcache/cache/demand.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Read;
using plan::Step;

// Steps whose results have to be there before something else happens.
using AwaitedSteps = std::vector<size_t>;

AwaitedSteps both(const AwaitedSteps& a, const AwaitedSteps& b) {
  AwaitedSteps all;
  std::ranges::set_union(a, b, std::back_inserter(all));
  return all;
}

// The last steps of the stages that a step reads.
std::vector<size_t> sources_of(const Graph& graph, const Step& step) {
  std::vector<size_t> sources;
  for (const Read& read : step.reads) {
    if (read.origin != Read::Origin::kStage) continue;
    if (const auto last = graph.stages[read.stage].last_step) sources.push_back(*last);
  }
  return sources;
}

class Solver {
 public:
  Solver(const Graph& graph, Knowledge knowledge)
      : graph_(graph),
        is_known_(std::move(knowledge.is_known)),
        has_result_(std::move(knowledge.has_result)) {
    // The result of a --link has what is below as well.
    for (size_t i = 0; i < count(); ++i) {
      const Step& step = graph.steps[i];
      if (step.independent && step.below) is_known_[i] = is_known_[i] && is_known_[*step.below];
    }
  }

  const std::vector<bool>& runs() {
    find_runs();
    return runs_;
  }

  Demand solve() {
    Demand demand{runs(), std::vector<bool>(count())};
    const auto runs_though_known = [&](size_t step) { return runs_[step] && is_known_[step]; };
    bool any = false;
    for (size_t i = 0; i < count() && !any; ++i)
      any = runs_though_known(i);
    if (!any) return demand;
    find_what_keys_await();
    find_what_needs_await();
    for (size_t i = 0; i < count(); ++i) {
      if (!needed_[i] || runs_[i]) continue;
      const std::vector<bool>& before = ancestors_of(i);
      const std::vector<bool> done = ancestors_of_all(both(need_awaits_[i], key_awaits_[i]));
      for (size_t step = 0; step < i; ++step) {
        if (before[step] && !done[step] && runs_though_known(step)) demand.is_shown_as_cached[step] = true;
      }
    }
    return demand;
  }

 private:
  size_t count() const { return graph_.steps.size(); }

  // What a step reads is above it in the file, so one pass from the end is enough.
  void find_runs() {
    needed_.resize(count());
    runs_.resize(count());
    std::vector<bool> looked_up(count());
    if (const auto last = last_of_target()) needed_[*last] = true;
    for (size_t i = count(); i-- > 0;) {
      const Step& step = graph_.steps[i];
      runs_[i] = needed_[i] && !has_result_[i];
      if (!needed_[i] && !looked_up[i]) continue;
      if (step.below) {
        looked_up[*step.below] = true;
        if (runs_[i] || (needed_[i] && step.independent)) needed_[*step.below] = true;
      }
      for (const size_t source : sources_of(graph_, step)) {
        looked_up[source] = true;
        if (runs_[i] || !is_known_[source]) needed_[source] = true;
      }
    }
  }

  std::optional<size_t> last_of_target() const {
    return graph_.target ? graph_.stages[*graph_.target].last_step : std::nullopt;
  }

  // What has to be there before BuildKit knows whether it knows a step: of a stage with an unknown step its
  // files.
  void find_what_keys_await() {
    key_awaits_.resize(count());
    for (size_t i = 0; i < count(); ++i) {
      const Step& step = graph_.steps[i];
      if (step.below) key_awaits_[i] = key_awaits_[*step.below];
      const bool is_below_known = !step.below || is_known_[*step.below];
      if (!is_below_known) continue;
      // A step over files of the context that changed is unknown at once.
      if (!is_known_[i] && step.reads_context()) {
        key_awaits_[i].clear();
        continue;
      }
      for (const size_t source : sources_of(graph_, step))
        key_awaits_[i] = both(key_awaits_[i], is_known_[source] ? key_awaits_[source] : AwaitedSteps{source});
    }
  }

  // What has to be there before the result of a step is asked for: all that its key and need of some step
  // that runs on top of it await. Of several, the one that waits for least.
  void find_what_needs_await() {
    need_awaits_.resize(count());
    std::vector<bool> found(count());
    const auto ask = [&](size_t step, const AwaitedSteps& awaits) {
      if (found[step] && need_awaits_[step].size() <= awaits.size()) return;
      found[step] = true;
      need_awaits_[step] = awaits;
    };
    if (const auto last = last_of_target()) ask(*last, {});
    for (size_t i = count(); i-- > 0;) {
      if (!needed_[i] || !runs_[i]) continue;
      const Step& step = graph_.steps[i];
      const AwaitedSteps awaits = both(need_awaits_[i], key_awaits_[i]);
      if (step.below) ask(*step.below, awaits);
      for (const size_t source : sources_of(graph_, step))
        ask(source, awaits);
    }
  }

  // A step and all that it is made from.
  const std::vector<bool>& ancestors_of(size_t first) {
    const auto [entry, is_new] = ancestors_.try_emplace(first);
    if (is_new) entry->second = made_from(graph_, first);
    return entry->second;
  }

  std::vector<bool> ancestors_of_all(const AwaitedSteps& steps) {
    std::vector<bool> all(count());
    for (const size_t step : steps) {
      const std::vector<bool>& some = ancestors_of(step);
      for (size_t i = 0; i <= step; ++i)
        all[i] = all[i] || some[i];
    }
    return all;
  }

  const Graph& graph_;
  std::vector<bool> is_known_, has_result_;
  std::vector<bool> needed_, runs_;
  std::vector<AwaitedSteps> key_awaits_, need_awaits_;
  std::map<size_t, std::vector<bool>> ancestors_;
};

}  // namespace

std::vector<bool> made_from(const Graph& graph, size_t last) {
  std::vector<bool> found(graph.steps.size());
  found[last] = true;
  // What a step is made from is above it in the file.
  for (size_t i = last + 1; i-- > 0;) {
    if (!found[i]) continue;
    const Step& step = graph.steps[i];
    if (step.below) found[*step.below] = true;
    for (const size_t source : sources_of(graph, step))
      found[source] = true;
  }
  return found;
}

Demand demand_of(const Graph& graph, Knowledge knowledge) {
  return Solver(graph, std::move(knowledge)).solve();
}

std::vector<bool> runs_of(const Graph& graph, Knowledge knowledge) {
  return Solver(graph, std::move(knowledge)).runs();
}

}  // namespace dcache::cache
