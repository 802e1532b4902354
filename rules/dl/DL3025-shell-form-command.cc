#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/base_system.h"
#include "rules/hadolint.h"
#include "rules/shell_form.h"

namespace dcache::rules::DL3025 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// The form of a command in a stage, by the system that the stage runs.
ShellForm form_in(const plan::Graph& graph, size_t stage, const Instruction* shell, std::string_view text) {
  if (stage >= graph.stages.size() || !runs_windows(graph, stage)) return shell_form_of(text);
  if (shell == nullptr) return windows_form_of(text);
  std::vector<std::string_view> words;
  for (const dockerfile::Word& word : shell->arguments)
    words.push_back(word.text);
  return windows_form_of(text, words);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3025");
  const plan::Graph& graph = dockerfile.graph();
  size_t froms = 0;
  const Instruction* shell = nullptr;
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword == Keyword::kFrom) {
      ++froms;
      shell = nullptr;
    }
    if (instruction.keyword == Keyword::kShell && instruction.json) shell = &instruction;
    const bool command = instruction.keyword == Keyword::kCmd || instruction.keyword == Keyword::kEntrypoint;
    const dockerfile::Word* const check = health_check_command(instruction);
    if ((!command && check == nullptr) || instruction.json) continue;
    const ShellForm form =
        form_in(graph, froms - 1, shell, check != nullptr ? check->text : instruction.rest);
    if (check != nullptr) {
      reporter.report(instruction.span, "a shell starts this health check, so the image must contain one",
                      form.needs_shell && !form.broken_json
                          ? "name it: HEALTHCHECK CMD [\"/bin/sh\", \"-c\", \"COMMAND\"], or start a script"
                          : json_form_of("HEALTHCHECK CMD", form));
    } else if (!form.execs || as_hadolint) {
      reporter.report(instruction.span, kStartedByShell,
                      json_form_of(dockerfile::name_of(instruction.keyword), form));
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3025",
          .name = "shell-form-command",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "CMD, ENTRYPOINT or the command of HEALTHCHECK is not in JSON form",
          .rationale =
              "In shell form a shell starts the program, and it does not pass signals on: `docker stop` "
              "waits and then kills the container. In JSON form the program gets the signals. A health check "
              "gets no signals, but needs a shell in the image, which JSON form does not.\n\nWith a command "
              "that ends with `exec PROGRAM`, the program replaces the shell: only the profile `hadolint` "
              "reports it.",
          .bad = {"FROM debian:12\n"
                  "CMD server --port 80\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"server\", \"--port\", \"80\"]\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3025
