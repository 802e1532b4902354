#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(subject);
  std::vector<bool> has_workdir(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].base) has_workdir[i] = has_workdir[*stages[i].base];
    for (const Instruction& written : stages[i].body) {
      const Instruction& instruction = carried(written);
      if (instruction.keyword == Keyword::kWorkdir) has_workdir[i] = true;
      if (instruction.keyword != Keyword::kCopy || instruction.arguments.empty() || has_workdir[i]) continue;
      const dockerfile::Word& destination = instruction.arguments.back();
      if (may_be_absolute(unquoted(destination.text))) continue;
      reporter
          .report(written.span, fmt::format("where {} is depends on the base image", destination.text),
                  "write the path from the root on, or set WORKDIR above")
          .focus = destination.span;
    }
  }
}

}  // namespace

lint::Rule DL3045() {
  return {.code = "DL3045",
          .name = "relative-copy-destination",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "COPY has a relative destination, and no WORKDIR is set",
          .rationale =
              "Without WORKDIR the destination counts from wherever the base image left off, which its "
              "publisher may change.",
          .bad = {"FROM debian:12\n"
                  "COPY app bin/app\n"},
          .good = {"FROM debian:12\n"
                   "WORKDIR /usr/local\n"
                   "COPY app bin/app\n"},
          .check = check};
}

}  // namespace dcache::rules
