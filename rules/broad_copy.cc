#include "rules/broad_copy.h"

#include <algorithm>

namespace dcache::rules {

const plan::Step* find_broad_copy(const plan::Graph& graph) {
  const auto found = std::ranges::find_if(graph.steps, [](const plan::Step& step) {
    return step.kind == plan::Step::Kind::kCopy &&
           std::ranges::any_of(step.reads, [](const plan::Read& read) {
             return read.origin == plan::Read::Origin::kContext &&
                    std::ranges::any_of(read.selectors, &plan::Selector::takes_everything);
           });
  });
  return found == graph.steps.end() ? nullptr : &*found;
}

const plan::Step* find_context_reader(const plan::Graph& graph) {
  const auto found = std::ranges::find_if(graph.steps, &plan::Step::reads_context);
  return found == graph.steps.end() ? nullptr : &*found;
}

}  // namespace dcache::rules
