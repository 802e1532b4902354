#include <fmt/format.h>

#include "dcache/lint/rule.h"

namespace dcache::rules::DL3043 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Instruction& instruction : subject.file().instructions()) {
    if (instruction.keyword != Keyword::kOnbuild || instruction.onbuild == nullptr) continue;
    const Keyword inner = instruction.onbuild->keyword;
    if (inner != Keyword::kOnbuild && inner != Keyword::kFrom && inner != Keyword::kMaintainer) continue;
    reporter.report(instruction.span, fmt::format("ONBUILD can't carry {}", dockerfile::name_of(inner)),
                    "leave it out");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3043",
          .name = "onbuild-forbidden",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "a builder refuses such a file, which is reported as DC0001",
          .summary = "ONBUILD carries ONBUILD, FROM or MAINTAINER",
          .rationale =
              "An ONBUILD instruction runs in the middle of another build, where no new stage can begin and "
              "no other ONBUILD can be noted. Builders refuse it.",
          .bad = {"FROM debian:12\n"
                  "ONBUILD FROM alpine:3.20\n"},
          .good = {"FROM debian:12\n"
                   "ONBUILD RUN make\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3043
