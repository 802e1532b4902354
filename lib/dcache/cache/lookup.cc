#include "dcache/cache/lookup.h"

#include <optional>
#include <span>

namespace dcache::cache {
namespace {

using plan::Graph;
using plan::Step;
using Match = KnownKeys::Match;
using Source = KnownKeys::Source;

// Goes through the steps from the first on.
class Lookup {
 public:
  Lookup(const Graph& graph, std::span<const Source> sources, Match least, Answer answer)
      : graph_(graph), sources_(sources), least_(least), answer_(answer) {}

  Knowledge run(const std::vector<StepKeys>& keys) {
    Knowledge knowledge;
    for (size_t i = 0; i < keys.size(); ++i) {
      const Step& step = graph_.steps[i];
      std::vector<bool> knowing = knowing_sources(step, keys[i].key);
      const std::optional<size_t> answering = answering_source(knowing);
      // Anybody can pull an image.
      const bool is_image = step.kind == Step::Kind::kImage;
      knowledge.is_known.push_back(answering.has_value());
      knowledge.has_result.push_back(is_image || (answering && has_result(keys[i].key, knowing, *answering)));
      const bool is_found_elsewhere = answer_ == Answer::kAny || step.independent || !step.reads_context();
      if (answering && !is_found_elsewhere) {
        knowing.assign(knowing.size(), false);
        knowing[*answering] = true;
      }
      reached_.push_back(std::move(knowing));
    }
    return knowledge;
  }

 private:
  // The sources that know a step and what is below it.
  std::vector<bool> knowing_sources(const Step& step, const AssumedKeys& key) const {
    std::vector<bool> knowing;
    for (size_t source = 0; source < sources_.size(); ++source) {
      const bool is_reached = !step.below || step.independent || reached_[*step.below][source];
      knowing.push_back(is_reached && sources_[source].find(key) >= least_);
    }
    return knowing;
  }

  std::optional<size_t> answering_source(const std::vector<bool>& knowing) const {
    std::optional<size_t> answering;
    for (size_t source = 0; source < knowing.size(); ++source) {
      if (knowing[source] && (!answering || answer_ == Answer::kLast)) answering = source;
    }
    return answering;
  }

  bool has_result(const AssumedKeys& key, const std::vector<bool>& knowing, size_t answering) const {
    if (answer_ != Answer::kAny) return sources_[answering].find_result(key) >= least_;
    for (size_t source = 0; source < knowing.size(); ++source) {
      if (knowing[source] && sources_[source].find_result(key) >= least_) return true;
    }
    return false;
  }

  const Graph& graph_;
  std::span<const Source> sources_;
  const Match least_;
  const Answer answer_;
  std::vector<std::vector<bool>> reached_;  // by step: the sources in which what is on top of it is found
};

}  // namespace

Knowledge look_up(const KnownKeys& known, const Graph& graph, const std::vector<StepKeys>& keys, Match least,
                  Answer answer) {
  return Lookup(graph, known.sources(), least, answer).run(keys);
}

}  // namespace dcache::cache
