#include <optional>
#include <string>
#include <vector>

#include "dcache/lint/rule.h"
#include "rules/base_system.h"
#include "rules/dispatch.h"
#include "rules/shell_form.h"

namespace dcache::rules::JSONArgsRecommended {
namespace {

using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const plan::Graph& graph = dockerfile.graph();
  std::vector<bool> has_shell(graph.stages.size());
  std::optional<size_t> stage;
  for (const DispatchedInstruction& one : dispatched(dockerfile)) {
    for (size_t next = stage ? *stage + 1 : 0; stage != one.stage; stage = next++) {
      const auto& base = graph.stages[next].base_stage;
      has_shell[next] = base && has_shell[*base];
    }
    const Keyword keyword = one.instruction->keyword;
    if (keyword == Keyword::kShell) has_shell[one.stage] = true;
    if ((keyword != Keyword::kCmd && keyword != Keyword::kEntrypoint) || one.instruction->json ||
        has_shell[one.stage])
      continue;
    const std::string_view text = one.instruction->rest;
    const ShellForm form = runs_windows(graph, one.stage) ? windows_form_of(text) : shell_form_of(text);
    if (form.broken_json) {
      report_at(reporter, one, "this is not valid JSON, so a shell runs it as text", *form.broken_json);
    } else {
      if (form.execs && !answers_as_buildkit(dockerfile)) continue;
      report_at(reporter, one, kStartedByShell, json_form_of(dockerfile::name_of(keyword), form));
    }
  }
}

constexpr std::string_view kCovers[] = {"DL3025"};

}  // namespace

lint::Rule rule() {
  return {.code = "JSONArgsRecommended",
          .name = "JSONArgsRecommended",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "CMD or ENTRYPOINT is not in JSON form",
          .rationale =
              "In shell form a shell starts the program, and it does not pass signals on: `docker stop` "
              "waits ten seconds and then kills the container. In JSON form the program gets the signals. If "
              "you want a shell, name it with SHELL: the rule then reports nothing.\n\nWith a command that "
              "ends with `exec PROGRAM`, the program replaces the shell: only the profiles `buildkit` and "
              "`all` report it.",
          .bad = {"FROM debian:12\n"
                  "CMD server --port 80\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"server\", \"--port\", \"80\"]\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::JSONArgsRecommended
