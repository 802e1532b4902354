#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Graph& graph = subject.graph();
  std::vector<bool> has_shell(graph.stages.size());
  std::optional<size_t> stage;
  for (const Dispatched& one : dispatched(subject)) {
    if (stage != one.stage) {
      stage = one.stage;
      const auto& base = graph.stages[one.stage].base_stage;
      has_shell[one.stage] = base && has_shell[*base];
    }
    const Keyword keyword = one.instruction->keyword;
    if (keyword == Keyword::kShell) has_shell[one.stage] = true;
    if ((keyword != Keyword::kCmd && keyword != Keyword::kEntrypoint) || one.instruction->json ||
        has_shell[one.stage])
      continue;
    reporter.report(one.place->span, "a shell stands between the program and the signals it should get",
                    fmt::format("write {} [\"PROGRAM\", \"ARGUMENT\"]", dockerfile::name_of(keyword)));
  }
}

constexpr std::string_view kCovers[] = {"DL3025"};

}  // namespace

lint::Rule JSONArgsRecommended() {
  return {.code = "JSONArgsRecommended",
          .name = "JSONArgsRecommended",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "CMD or ENTRYPOINT is not in JSON form",
          .rationale =
              "In shell form the program runs below a shell, which does not pass signals on: `docker stop` "
              "waits ten seconds, then kills. In JSON form the program gets them itself. Where a shell is "
              "meant, a SHELL instruction says so and ends this advice.",
          .bad = {"FROM debian:12\n"
                  "CMD server --port 80\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"server\", \"--port\", \"80\"]\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules
