#include "rules/broad_copy.h"

#include <algorithm>

namespace dcache::rules {

bool is_whole_context(const plan::Step& copy, const plan::Selector& selector) {
  return selector.takes_everything() &&
         std::ranges::none_of(copy.instruction->arguments, [&](const dockerfile::Word& word) {
           return &word != &copy.instruction->arguments.back() &&
                  word.text.find('$') != std::string_view::npos;
         });
}

bool copies_whole_context(const plan::Step& copy) {
  return copy.kind == plan::Step::Kind::kCopy && std::ranges::any_of(copy.reads, [&](const plan::Read& read) {
           return read.origin == plan::Read::Origin::kContext &&
                  std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
                    return is_whole_context(copy, selector);
                  });
         });
}

const plan::Step* find_broad_copy(const plan::Graph& graph) {
  const auto found = std::ranges::find_if(graph.steps, copies_whole_context);
  return found == graph.steps.end() ? nullptr : &*found;
}

const plan::Step* find_context_reader(const plan::Graph& graph) {
  const auto found = std::ranges::find_if(graph.steps, &plan::Step::reads_context);
  return found == graph.steps.end() ? nullptr : &*found;
}

}  // namespace dcache::rules
