#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules::DL3065 {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(subject)) {
    const dockerfile::Flag* platform = stage.from == nullptr ? nullptr : stage.from->find_flag("platform");
    if (platform == nullptr ||
        (platform->value != "$TARGETPLATFORM" && platform->value != "${TARGETPLATFORM}"))
      continue;
    reporter.report(stage.from->span, "the target platform is the default", "leave --platform out").focus =
        platform->span;
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3065",
          .name = "target-platform",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`FROM --platform=$TARGETPLATFORM` says what holds anyway",
          .rationale =
              "The target platform is what FROM takes by itself. The flag is noise, and hides the stages "
              "where another platform is meant.",
          .bad = {"FROM --platform=$TARGETPLATFORM debian:12\n"},
          .good = {"FROM debian:12\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3065
