#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::StageNameCasing {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& from : examined_instructions(dockerfile)) {
    if (from.keyword != Keyword::kFrom || from.arguments.size() != 3) continue;
    const dockerfile::Word& name = from.arguments[2];
    const std::string lower = text::to_lower(name.text);
    if (name.text == lower) continue;
    lint::Diagnostic& diagnostic =
        reporter.report(from.span, fmt::format("the stage name {} is not in lower case", name.text),
                        fmt::format("write {}", lower));
    diagnostic.focus = name.span;
    diagnostic.fix = replace(name.span, lower, "write the name in lower case");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "StageNameCasing",
          .name = "StageNameCasing",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .summary = "The name of a stage is not in lower case",
          .rationale =
              "Builders compare stage names in lower case, and read a `FROM` with capitals as the name "
              "of an image. Use lower case everywhere.",
          .fix_note = "Writes the name in lower case. `COPY --from` finds it as before.",
          .bad = {"FROM debian:12 AS Build\n"
                  "RUN make\n"},
          .good = {"FROM debian:12 AS build\n"
                   "RUN make\n"},
          .check = check};
}

}  // namespace dcache::rules::StageNameCasing
