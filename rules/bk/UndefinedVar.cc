#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/suggest.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

// The names of variables that the stage knows at its end, as far as they could be meant.
std::string_view closest_known(const plan::Stage& stage, std::string_view name) {
  std::vector<std::string_view> known(stage.declared.begin(), stage.declared.end());
  for (const plan::Variable* variable : stage.environment.variables())
    known.emplace_back(variable->name);
  return text::closest(name, known);
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Graph& graph = subject.graph();
  if (std::ranges::none_of(graph.undeclared,
                           [](const plan::Undeclared& one) { return one.stage.has_value(); }))
    return;
  for (const Dispatched& one : dispatched(subject)) {
    std::set<std::string_view> reported;
    for (const plan::Undeclared& undeclared : graph.undeclared) {
      const bool here = undeclared.instruction == one.instruction && undeclared.stage == one.stage;
      if (!here || !reported.insert(undeclared.name).second) continue;
      const std::string_view near = closest_known(graph.stages[one.stage], undeclared.name);
      reporter.report(one.place->span, fmt::format("nothing sets {} here", undeclared.name),
                      near.empty() || near == undeclared.name
                          ? fmt::format("set it with ARG or ENV above, or give it a value")
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
