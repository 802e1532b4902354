#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules {

lint::Rule DL3014() {
  return {.code = "DL3014",
          .name = "apt-get-asks",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`apt-get install` is not told to go on without asking",
          .rationale =
              "During a build nobody answers: the program reads an empty standard input and gives up, so "
              "that the step fails as soon as there is something to confirm.",
          .bad = {"FROM debian:12\n"
                  "RUN apt-get install curl\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get install -y curl\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_unconfirmed(subject, reporter, "apt");
          }};
}

}  // namespace dcache::rules
