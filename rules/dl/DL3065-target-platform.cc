#include "dcache/lint/rule.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::DL3065 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    const dockerfile::Flag* platform = stage.from == nullptr ? nullptr : stage.from->find_flag("platform");
    if (platform == nullptr ||
        (platform->value != "$TARGETPLATFORM" && platform->value != "${TARGETPLATFORM}"))
      continue;
    report_target_platform(reporter, *stage.from, *platform);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3065",
          .name = "target-platform",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`FROM --platform=$TARGETPLATFORM` is the default and redundant",
          .rationale =
              "FROM uses the target platform by default. The flag has no effect, and makes it hard to "
              "see the stages that use another platform.",
          .bad = {"FROM --platform=$TARGETPLATFORM debian:12\n"},
          .good = {"FROM debian:12\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3065
