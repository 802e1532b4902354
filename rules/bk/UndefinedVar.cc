#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/suggest.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostKnown = 1000;

// The names of variables that the stage knows at its end, as far as they could be meant.
std::string_view closest_known(const plan::Stage& stage, std::string_view name) {
  std::vector<std::string_view> known(stage.declared.begin(), stage.declared.end());
  for (const plan::Variable* variable : stage.environment.variables())
    known.emplace_back(variable->name);
  if (known.size() > kMostKnown) return {};
  return text::closest(name, known);
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Graph& graph = subject.graph();
  if (std::ranges::none_of(graph.undeclared,
                           [](const plan::Undeclared& one) { return one.stage.has_value(); }))
    return;
  // The first instruction that can't be planned ends the list of those that BuildKit gets to.
  std::map<std::pair<const dockerfile::Instruction*, size_t>, std::set<std::string_view>> names;
  for (const plan::Undeclared& one : graph.undeclared) {
    if (one.stage) names[{one.instruction, *one.stage}].insert(one.name);
  }
  for (const Dispatched& one : dispatched(subject)) {
    const auto found = names.find({one.instruction, one.stage});
    if (found == names.end()) continue;
    for (const std::string_view name : found->second) {
      const std::string_view near = closest_known(graph.stages[one.stage], name);
      reporter.report(one.place->span, fmt::format("nothing sets {} here", name),
                      near.empty() || near == name ? "set it with ARG or ENV above, or give it a value"
                                                   : fmt::format("did you mean {}?", near));
    }
  }
}

}  // namespace

lint::Rule UndefinedVar() {
  return {
      .code = "UndefinedVar",
      .name = "UndefinedVar",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kBuildkit,
      .summary = "A variable is used that nothing sets",
      .rationale =
          "A variable that neither ENV nor ARG of the stage sets is empty: the path or value around it then "
          "means something else. Arguments from above the first FROM have to be declared again in the stage.",
      .bad = {"FROM debian:12\n"
              "COPY app $TARGET/\n"},
      .good = {"FROM debian:12\n"
               "ARG TARGET=/app\n"
               "COPY app $TARGET/\n"},
      .check = check};
}

}  // namespace dcache::rules
