#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules::DL3027 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  report_first(calls_of(dockerfile, "apt"), reporter, [](const Call& /*call*/) -> std::optional<Complaint> {
    return Complaint{"apt is not meant for scripts", "write apt-get, or apt-cache"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3027",
          .name = "apt-in-script",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`apt` is used instead of `apt-get`",
          .rationale =
              "`apt` is made for people at a terminal: its options and output may change between "
              "releases, and it prints a warning when a script runs it. `apt-get` and `apt-cache` are "
              "kept stable.",
          .bad = {"FROM debian:12\n"
                  "RUN apt install -y curl\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get install -y curl\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3027
