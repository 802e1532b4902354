#include <fmt/format.h>

#include "dcache/lint/rule.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Instruction& instruction : subject.file().instructions()) {
    const bool command = instruction.keyword == Keyword::kCmd || instruction.keyword == Keyword::kEntrypoint;
    const bool check = instruction.keyword == Keyword::kHealthcheck && instruction.arguments.size() > 1;
    if ((!command && !check) || instruction.json) continue;
    reporter.report(instruction.span, "a shell stands between the program and the signals it should get",
                    fmt::format("write {} [\"PROGRAM\", \"ARGUMENT\"]",
                                check ? "HEALTHCHECK CMD" : dockerfile::name_of(instruction.keyword)));
  }
}

}  // namespace

lint::Rule DL3025() {
  return {.code = "DL3025",
          .name = "shell-form-command",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "CMD, ENTRYPOINT or the command of HEALTHCHECK is not in JSON form",
          .rationale =
              "In shell form the program runs below a shell, which does not pass signals on: `docker stop` "
              "waits, then kills. In JSON form the program gets them itself.",
          .bad = {"FROM debian:12\n"
                  "CMD server --port 80\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"server\", \"--port\", \"80\"]\n"},
          .check = check};
}

}  // namespace dcache::rules
