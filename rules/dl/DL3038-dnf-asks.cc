#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3038 {

lint::Rule rule() {
  return {.code = "DL3038",
          .name = "dnf-asks",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`dnf install` asks for confirmation",
          .rationale =
              "Nobody can answer during a build: the program reads an empty standard input and stops, so "
              "the step fails as soon as there is something to confirm.",
          .bad = {"FROM fedora:40\n"
                  "RUN dnf install httpd\n"},
          .good = {"FROM fedora:40\n"
                   "RUN dnf install -y httpd\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unconfirmed(dockerfile, reporter, "dnf");
          }};
}

}  // namespace dcache::rules::DL3038
