#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Graph& graph = subject.graph();
  std::vector<bool> is_set(graph.stages.size());
  for (const Dispatched& one : dispatched(subject)) {
    if (one.instruction->keyword != Keyword::kWorkdir || one.instruction->arguments.empty()) continue;
    const auto& base = graph.stages[one.stage].base_stage;
    const bool known = is_set[one.stage] || (base && is_set[*base]);
    is_set[one.stage] = true;
    const dockerfile::Word& path = one.instruction->arguments.front();
    if (known || graph.text_of(path).starts_with('/')) continue;
    reporter
        .report(one.place->span,
                fmt::format("the folder '{}' depends on where the base image left off", graph.text_of(path)),
                "write the path from the root on")
        .focus = path.span;
  }
}

constexpr std::string_view kCovers[] = {"DL3000"};

}  // namespace

lint::Rule WorkdirRelativePath() {
  return {.code = "WorkdirRelativePath",
          .name = "WorkdirRelativePath",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "WORKDIR is given a relative path, and no absolute one stands above it",
          .rationale =
              "A relative WORKDIR goes on from wherever the base image left off. A new base image moves it "
              "without a word.",
          .bad = {"FROM debian:12\n"
                  "WORKDIR app\n"},
          .good = {"FROM debian:12\n"
                   "WORKDIR /app\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules
