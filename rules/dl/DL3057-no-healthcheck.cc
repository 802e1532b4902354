#include <algorithm>

#include "dcache/lint/rule.h"
#include "rules/hadolint.h"
#include "rules/stages.h"

namespace dcache::rules::DL3057 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3057");
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<bool> good(stages.size()), built_on(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].base) built_on[*stages[i].base] = true;
    good[i] = (stages[i].base && good[*stages[i].base]) ||
              std::ranges::any_of(stages[i].body, [](const Instruction& one) {
                return one.keyword == Keyword::kHealthcheck;
              });
  }
  // A stage that others start from need not have one if they do.
  for (size_t i = 0; i < stages.size(); ++i) {
    if (good[i] || built_on[i] || stages[i].from == nullptr) continue;
    if (i + 1 < stages.size() && !as_hadolint) continue;
    reporter.report(stages[i].from->span, "nothing checks whether the program works",
                    "add a HEALTHCHECK, or HEALTHCHECK NONE");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3057",
          .name = "no-healthcheck",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .on_by_default = false,
          .summary = "The image has no HEALTHCHECK",
          .rationale =
              "Without a health check, an orchestrator that relies on the image's own check knows only "
              "whether the process is running. Kubernetes ignores HEALTHCHECK, so the rule is off by "
              "default. Build stages do not run as containers: only the profile `hadolint` reports them.",
          .bad = {"FROM debian:12\n"
                  "CMD [\"server\"]\n"},
          .good = {"FROM debian:12\n"
                   "HEALTHCHECK CMD [\"check\"]\n"
                   "CMD [\"server\"]\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3057
