#include <fmt/format.h>

#include "dcache/lint/rule.h"

namespace dcache::rules::DL3043 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != Keyword::kOnbuild || instruction.onbuild == nullptr) continue;
    const Keyword inner = instruction.onbuild->keyword;
    if (inner != Keyword::kOnbuild && inner != Keyword::kFrom && inner != Keyword::kMaintainer) continue;
    reporter.report(instruction.span, fmt::format("ONBUILD can't contain {}", dockerfile::name_of(inner)),
                    "remove it");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3043",
          .name = "onbuild-forbidden",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "builders refuse such a file, and DC0001 reports it",
          .summary = "ONBUILD contains ONBUILD, FROM or MAINTAINER",
          .rationale =
              "An ONBUILD instruction runs in the middle of another build. No new stage can begin there, "
              "and no other ONBUILD can be stored. Builders refuse it.",
          .bad = {"FROM debian:12\n"
                  "ONBUILD FROM alpine:3.20\n"},
          .good = {"FROM debian:12\n"
                   "ONBUILD RUN make\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3043
