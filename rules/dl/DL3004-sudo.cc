#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  report_first(calls_of(subject, "sudo"), reporter, [](const Call& /*call*/) -> std::optional<Complaint> {
    return Complaint{"sudo is not needed in a build",
                     "leave it out, with USER root above the RUN where the user is another one"};
  });
}

}  // namespace

lint::Rule DL3004() {
  return {.code = "DL3004",
          .name = "sudo",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "`sudo` is used",
          .rationale =
              "Steps run as root unless USER says otherwise, so `sudo` adds nothing there; where USER does, "
              "it works around that, and signals and terminals behave in ways that surprise. Switch with "
              "USER, and back.",
          .bad = {"FROM debian:12\n"
                  "RUN sudo apt-get update\n"},
          .good = {"FROM debian:12\n"
                   "USER root\n"
                   "RUN apt-get update\n"},
          .security_severity = "3.0",
          .check = check};
}

}  // namespace dcache::rules
