#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(subject)) {
    const Instruction* first = nullptr;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword != Keyword::kHealthcheck) continue;
      if (first != nullptr) {
        reporter.report(instruction.span,
                        fmt::format("{} of line {} has no effect: the last one counts",
                                    dockerfile::name_of(instruction.keyword), first->start_line),
                        "keep one of them");
      }
      first = &instruction;
    }
  }
}

}  // namespace

lint::Rule DL3012() {
  return {.code = "DL3012",
          .name = "several-healthchecks",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "A stage has several HEALTHCHECKs",
          .rationale =
              "Only the last HEALTHCHECK of a stage is kept. The others are dead text that readers take for "
              "true.",
          .bad = {"FROM debian:12\n"
                  "HEALTHCHECK CMD /check-a\n"
                  "HEALTHCHECK CMD /check-b\n"},
          .good = {"FROM debian:12\n"
                   "HEALTHCHECK CMD /check-a && /check-b\n"},
          .check = check};
}

}  // namespace dcache::rules
