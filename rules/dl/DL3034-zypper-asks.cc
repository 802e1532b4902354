#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3034 {

lint::Rule rule() {
  return {.code = "DL3034",
          .name = "zypper-asks",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`zypper install` asks for confirmation",
          .rationale =
              "Nobody can answer during a build: the program reads an empty standard input and stops, so "
              "the step fails as soon as there is something to confirm.",
          .bad = {"FROM opensuse/leap:15.6\n"
                  "RUN zypper install httpd\n"},
          .good = {"FROM opensuse/leap:15.6\n"
                   "RUN zypper install -y httpd\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unconfirmed(dockerfile, reporter, "zypper");
          }};
}

}  // namespace dcache::rules::DL3034
