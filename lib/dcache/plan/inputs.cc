#include "dcache/plan/inputs.h"

#include <algorithm>

namespace dcache::plan {

std::vector<Input> inputs(const Graph& graph, size_t step) {
  const Step& one = graph.steps[step];
  std::vector<Input> found;
  if (one.below) found.push_back({*one.below, Input::Kind::kBelow});
  for (const Read& read : one.reads) {
    if (read.origin != Read::Origin::kStage) continue;
    const std::optional<size_t> last = graph.stages[read.stage].last_step;
    if (last && std::ranges::find(found, *last, &Input::step) == found.end())
      found.push_back({*last, Input::Kind::kFiles});
  }
  return found;
}

}  // namespace dcache::plan
