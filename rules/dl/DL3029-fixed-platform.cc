#include "dcache/lint/rule.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::DL3029 {
namespace {

bool is_builders_choice(std::string_view platform) {
  platform = unquoted(platform);
  if (!platform.starts_with('$')) return false;
  platform.remove_prefix(platform.starts_with("${") ? 2 : 1);
  return platform.starts_with("BUILDPLATFORM") || platform.starts_with("TARGETPLATFORM");
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    const dockerfile::Flag* platform = stage.from == nullptr ? nullptr : stage.from->find_flag("platform");
    if (platform == nullptr || is_builders_choice(platform->value)) continue;
    report_fixed_platform(reporter, *stage.from, *platform);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3029",
          .name = "fixed-platform",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "FROM sets a constant platform for its base image",
          .rationale =
              "With a constant `--platform` the stage is built for that platform on every machine, "
              "whatever `docker build --platform` asks for. Let the builder choose the platform, or use "
              "`$BUILDPLATFORM` for a stage that cross-compiles.",
          .bad = {"FROM --platform=linux/amd64 debian:12\n"},
          .good = {"FROM --platform=$BUILDPLATFORM golang:1.22 AS build\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3029
