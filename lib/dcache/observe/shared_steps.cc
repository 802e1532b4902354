#include "dcache/observe/shared_steps.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "dcache/context/hash.h"
#include "dcache/observe/name.h"

namespace dcache::observe {
namespace {

using context::Hash;

// Equal for steps of one Dockerfile that do the same with the same files. Nothing for a step of which that is
// not known.
class StepKeys {
 public:
  explicit StepKeys(const plan::Graph& graph) : graph_(graph) {
    for (const plan::Step& step : graph.steps)
      keys_.push_back(key_of(step));
  }
  const std::optional<Hash>& operator[](size_t step) const { return keys_[step]; }

 private:
  // Steps refer to earlier ones alone.
  bool add_step(std::optional<size_t> step, context::Hasher& hasher) const {
    if (!step) return true;
    if (*step >= keys_.size() || !keys_[*step]) return false;
    hasher.add(*keys_[*step]);
    return true;
  }

  std::optional<Hash> key_of(const plan::Step& step) const {
    context::Hasher hasher;
    hasher.add(uint64_t{step.instruction->start_line})
        .add(uint64_t{step.ignores_cache ? 1U : 0U})
        .add(graph_.stages[step.stage].platform);
    for (const plan::Part& part : step.definition)
      hasher.add(static_cast<uint64_t>(part.kind)).add(part.name).add(part.value);
    if (step.environment) {
      for (const plan::Variable* variable : step.environment->variables())
        hasher.add(variable->name).add(variable->value);
    }
    if (step.runs_always || !add_step(step.below, hasher)) return std::nullopt;
    for (const plan::Read& read : step.reads) {
      if (read.origin == plan::Read::Origin::kNamedContext) return std::nullopt;
      const bool is_stage = read.origin == plan::Read::Origin::kStage;
      if (is_stage && !add_step(graph_.stages[read.stage].last_step, hasher)) return std::nullopt;
    }
    return hasher.finish();
  }

  const plan::Graph& graph_;
  std::vector<std::optional<Hash>> keys_;
};

// Run, Dockerfile, context, platform and step.
using Key = std::tuple<size_t, std::string_view, std::string_view, std::string, Hash>;

struct ReusedStep {
  ObservedStep* observed = nullptr;
  Key key;
};

}  // namespace

void find_shared_runs(const Log& log, std::span<const PlannedBuild> builds) {
  std::map<Key, std::pair<size_t, size_t>> ran;       // places in the log
  std::vector<std::pair<size_t, ReusedStep>> reused;  // by build
  for (const PlannedBuild& build : builds) {
    const size_t run = log.builds[build.build].run;
    const ImageNames images = images_of(log, run);
    const StepKeys keys(*build.graph);
    for (ObservedStep& observed : build.match->steps) {
      const Vertex& vertex = log.builds[observed.build].vertices[observed.vertex];
      const bool is_image = build.graph->steps[observed.step].kind == plan::Step::Kind::kImage;
      if (is_image || !keys[observed.step] || vertex.canceled) continue;
      Key key(run, build.dockerfile, build.context, read_name(vertex.name, images).platform,
              *keys[observed.step]);
      if (vertex.cached) {
        reused.emplace_back(build.build, ReusedStep{&observed, std::move(key)});
      } else if (vertex.ended) {
        ran.try_emplace(std::move(key), observed.build, observed.vertex);
      }
    }
  }
  for (const auto& [build, found] : reused) {
    const auto place = ran.find(found.key);
    if (place == ran.end()) continue;
    ObservedStep& observed = *found.observed;
    if (observed.build == build) observed.again.push_back(observed.vertex);
    std::tie(observed.build, observed.vertex) = place->second;
  }
}

}  // namespace dcache::observe
