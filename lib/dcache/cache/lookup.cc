#include "dcache/cache/lookup.h"

#include <algorithm>
#include <span>

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Step;
using Match = KnownKeys::Match;
using Source = KnownKeys::Source;

// Which sources can have answered for a step and what is below it.
struct PossibleSources {
  std::vector<bool> together;  // these all, with one key
  std::vector<bool> alone;     // each of these by itself, if it was the one to answer
  bool is_sure = true;         // the step is known whichever answered
};

// Goes through the steps from the first on.
class Lookup {
 public:
  Lookup(const Graph& graph, std::span<const Source> sources, Match least, Answer answer)
      : graph_(graph), sources_(sources), least_(least), answer_(answer) {}

  Knowledge run(const std::vector<StepKeys>& keys) {
    Knowledge knowledge;
    for (size_t i = 0; i < keys.size(); ++i) {
      const Step& step = graph_.steps[i];
      PossibleSources reached = reached_by(step, keys[i].key);
      const std::vector<bool> answering = answering_sources(reached);
      knowledge.is_known.push_back(reached.is_sure);
      // Anybody can pull an image.
      const bool is_image = step.kind == Step::Kind::kImage;
      knowledge.has_result.push_back(is_image || (reached.is_sure && has_result(keys[i].key, answering)));
      const bool is_found_elsewhere = answer_ == Answer::kAny || step.independent || !step.reads_context();
      if (!is_found_elsewhere) {
        reached.alone = answering;
        reached.together.assign(sources_.size(), false);
      }
      reached_.push_back(std::move(reached));
    }
    return knowledge;
  }

 private:
  PossibleSources reached_by(const Step& step, const AssumedKeys& key) const {
    const size_t count = sources_.size();
    PossibleSources reached{std::vector<bool>(count, true), std::vector<bool>(count)};
    if (step.below && !step.independent) reached = reached_[*step.below];
    const bool was_together = has_any(reached.together);
    for (size_t source = 0; source < count; ++source) {
      if (sources_[source].find(key) >= least_) continue;
      reached.together[source] = false;
      if (reached.alone[source]) reached.is_sure = false;
      reached.alone[source] = false;
    }
    if (was_together && !has_any(reached.together)) reached.is_sure = false;
    if (count == 0) reached.is_sure = false;
    return reached;
  }

  static bool has_any(const std::vector<bool>& some) { return std::ranges::find(some, true) != some.end(); }

  std::vector<bool> answering_sources(const PossibleSources& reached) const {
    std::vector<bool> answering(sources_.size());
    for (size_t source = sources_.size(); source-- > 0;) {
      answering[source] = reached.together[source] || reached.alone[source];
      if (answering[source] && answer_ == Answer::kLast) break;
    }
    return answering;
  }

  // Whether one of those that may answer has the result, at worst each of them.
  bool has_result(const AssumedKeys& key, const std::vector<bool>& answering) const {
    bool any = false, all = true;
    for (size_t source = 0; source < answering.size(); ++source) {
      if (!answering[source]) continue;
      const bool has = sources_[source].find_result(key) >= least_;
      any = any || has;
      all = all && has;
    }
    return answer_ == Answer::kWorst ? any && all : any;
  }

  const Graph& graph_;
  std::span<const Source> sources_;
  const Match least_;
  const Answer answer_;
  std::vector<PossibleSources> reached_;  // by step
};

}  // namespace

Knowledge look_up(const KnownKeys& known, const Graph& graph, const std::vector<StepKeys>& keys, Match least,
                  Answer answer) {
  return Lookup(graph, known.sources(), least, answer).run(keys);
}

}  // namespace dcache::cache
