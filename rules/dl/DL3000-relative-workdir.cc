#include "dcache/lint/rule.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::DL3000 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != Keyword::kWorkdir || instruction.arguments.empty()) continue;
    const dockerfile::Word& path = instruction.arguments.front();
    if (may_be_absolute(unquoted(path.text))) continue;
    report_relative_workdir(reporter, instruction, path.text, path.span);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3000",
          .name = "relative-workdir",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "WORKDIR has a relative path",
          .rationale =
              "A relative WORKDIR starts at the last WORKDIR, or at the working directory of the base "
              "image. An edit further up, or a new base image, moves it without a warning.",
          .bad = {"FROM debian:12\n"
                  "WORKDIR app\n"},
          .good = {"FROM debian:12\n"
                   "WORKDIR /app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3000
