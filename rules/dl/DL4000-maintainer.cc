#include "dcache/lint/rule.h"
#include "rules/twins.h"

namespace dcache::rules::DL4000 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != Keyword::kMaintainer) continue;
    report_maintainer(reporter, instruction, "LABEL org.opencontainers.image.authors=\"NAME <ADDRESS>\"");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL4000",
          .name = "maintainer",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "MAINTAINER is deprecated",
          .rationale =
              "A label has the same meaning, is read like all other labels, and is not "
              "deprecated.",
          .bad = {"FROM debian:12\n"
                  "MAINTAINER someone@example.com\n"},
          .good = {"FROM debian:12\n"
                   "LABEL org.opencontainers.image.authors=\"someone@example.com\"\n"},
          .check = check};
}

}  // namespace dcache::rules::DL4000
