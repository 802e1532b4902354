#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/hadolint.h"
#include "rules/shell_form.h"

namespace dcache::rules::DL3025 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3025");
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    const bool command = instruction.keyword == Keyword::kCmd || instruction.keyword == Keyword::kEntrypoint;
    const dockerfile::Word* const check = health_check_command(instruction);
    if ((!command && check == nullptr) || instruction.json) continue;
    const ShellForm form = shell_form_of(check != nullptr ? check->text : instruction.rest);
    if (check != nullptr) {
      reporter.report(instruction.span, "a shell starts this health check, so the image must contain one",
                      form.needs_shell
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
