#include "dcache/cache/exported.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dcache/cache/demand.h"

namespace dcache::cache {

using plan::Graph;
using plan::Read;
using plan::Step;

std::vector<bool> ancestors_of(const Graph& graph, size_t stage) {
  const std::optional<size_t> last = graph.stages[stage].last_step;
  return last ? made_from(graph, *last) : std::vector<bool>(graph.steps.size());
}

std::vector<bool> layers_of(const Graph& graph, size_t stage) {
  std::vector<bool> layers(graph.steps.size());
  for (std::optional<size_t> step = graph.stages[stage].last_step; step; step = graph.steps[*step].below)
    layers[*step] = true;
  return layers;
}

size_t steps_after_edit(const Graph& graph, size_t edited, CacheImport::Mode mode) {
  if (!graph.target) return 0;
  const std::vector<bool> layers = layers_of(graph, *graph.target);
  std::vector<bool> is_known, has_result;
  const auto is_new = [&](std::optional<size_t> step) { return step && !is_known[*step]; };
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const Step& step = graph.steps[i];
    const bool reads_new = std::ranges::any_of(step.reads, [&](const Read& read) {
      return read.origin == Read::Origin::kStage && is_new(graph.stages[read.stage].last_step);
    });
    const bool is_exported =
        mode == CacheImport::Mode::kMax || (mode != CacheImport::Mode::kNone && layers[i]);
    is_known.push_back(i != edited && mode != CacheImport::Mode::kNone && !reads_new &&
                       (step.independent || !is_new(step.below)));
    has_result.push_back(step.kind == Step::Kind::kImage || (is_known[i] && is_exported));
  }
  const std::vector<bool> runs = runs_of(graph, {std::move(is_known), std::move(has_result)});
  return static_cast<size_t>(std::ranges::count(runs, true));
}

}  // namespace dcache::cache
