#include <set>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::DL3024 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  std::set<std::string> names;
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    if (stage.name.empty() || names.insert(text::to_lower(stage.name)).second) continue;
    report_duplicate_stage(reporter, *stage.from);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3024",
          .name = "duplicate-stage",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "Two stages have the same name",
          .rationale =
              "The later stage hides the earlier one: `--target` and `COPY --from` below it refer to the "
              "later one. Builders refuse the file, or use the wrong stage.",
          .bad = {"FROM debian:12 AS app\n"
                  "FROM alpine:3.20 AS app\n"},
          .good = {"FROM debian:12 AS build\n"
                   "FROM alpine:3.20 AS app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3024
