#include <fmt/format.h>

#include "dcache/lint/rule.h"

namespace dcache::rules::DL3061 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword == Keyword::kFrom) return;
    if (instruction.keyword == Keyword::kArg) continue;
    reporter.report(instruction.span, fmt::format("{} is above the first FROM", instruction.name),
                    "move it below FROM");
    return;
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3061",
          .name = "instruction-before-from",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "builders refuse such a file, and DC0001 reports it",
          .summary = "An instruction other than ARG is above the first FROM",
          .rationale =
              "A stage begins with FROM. Only ARG is allowed above it; builders refuse other "
              "instructions.",
          .bad = {"RUN make\n"
                  "FROM debian:12\n"},
          .good = {"FROM debian:12\n"
                   "RUN make\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3061
