#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/lint/suppress.h"

namespace dcache::rules::DL1001 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const dockerfile::File& file = dockerfile.file();
  for (const dockerfile::Comment& comment : file.comments()) {
    const auto pragma = lint::read_ignore_pragma(comment.span.of(file.source()));
    if (!pragma || pragma->global) continue;
    reporter.report(comment.span, fmt::format("this comment silences {}", fmt::join(pragma->codes, ", ")),
                    "fix the findings, or add the exception to the configuration");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL1001",
          .name = "inline-ignore",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .on_by_default = false,
          .summary = "A comment silences a rule for one instruction",
          .rationale =
              "A comment that silences findings is easy to write and easy to forget. Enable this rule if "
              "you want all exceptions in the configuration, where they are reviewed.",
          .bad = {"FROM debian:12\n"
                  "# hadolint ignore=DL3004\n"
                  "RUN sudo true\n"},
          .good = {"FROM debian:12\n"
                   "RUN true\n"},
          .check = check};
}

}  // namespace dcache::rules::DL1001
