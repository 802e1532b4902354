#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/stages.h"

namespace dcache::rules::DL3023 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    if (stage.name.empty()) continue;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword != Keyword::kCopy) continue;
      const dockerfile::Flag* from = instruction.find_flag("from");
      if (from == nullptr || !text::equals_ignoring_case(from->value, stage.name) ||
          is_named_context(dockerfile, from->value))
        continue;
      reporter
          .report(instruction.span, fmt::format("the stage {} copies from itself", stage.name),
                  "name another stage, or copy with RUN cp")
          .focus = from->span;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3023",
          .name = "copy-from-itself",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "builders refuse such a file",
          .summary = "`COPY --from` names its own stage",
          .rationale =
              "Other instructions can copy from a stage only after it is finished, so a stage can't copy "
              "from itself: the build fails.",
          .bad = {"FROM debian:12 AS app\n"
                  "COPY --from=app /a /b\n"},
          .good = {"FROM debian:12 AS app\n"
                   "RUN cp /a /b\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3023
