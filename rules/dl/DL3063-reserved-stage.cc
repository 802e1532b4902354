#include "dcache/lint/rule.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::DL3063 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    if (stage.name != "scratch" && stage.name != "context") continue;
    report_reserved_stage(reporter, *stage.from);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3063",
          .name = "reserved-stage",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A stage has a reserved name",
          .rationale =
              "`scratch` is the empty image and `context` is the build context: not every instruction "
              "can refer to a stage with this name.",
          .bad = {"FROM debian:12 AS scratch\n"},
          .good = {"FROM debian:12 AS base\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3063
