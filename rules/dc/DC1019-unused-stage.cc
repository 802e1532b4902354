#include "dcache/lint/rule.h"

namespace dcache::rules::DC1019 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const plan::Stage& stage : dockerfile.graph().stages) {
    if (stage.needed || !stage.name.empty() || stage.from == nullptr || !dockerfile.graph().target) continue;
    // Words after the image that are no `AS NAME`: a template, or a mistake that others report.
    if (stage.from->arguments.size() != 1) continue;
    reporter.report(stage.from->span,
                    "nothing copies from this stage, starts from it or can build it by name",
                    "give it a name to build it with --target, copy from it, or delete it");
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/multi-stage/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1019",
          .name = "unused-stage",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .summary = "A stage without a name is not used",
          .rationale =
              "BuildKit skips a stage that the target does not need, so this text has no effect: "
              "`--target` can't name the stage, and nothing copies from it or starts from it. The "
              "classic builder builds it each time.",
          .bad = {"FROM golang:1.22\n"
                  "RUN make\n"
                  "FROM debian:12\n"
                  "COPY app /app\n"},
          .good = {"FROM golang:1.22 AS build\n"
                   "RUN make\n"
                   "FROM debian:12\n"
                   "COPY --from=build /app /app\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1019
