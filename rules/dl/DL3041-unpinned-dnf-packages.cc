#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3041 {

lint::Rule rule() {
  return {.code = "DL3041",
          .name = "unpinned-dnf-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default =
              "distributions delete old versions from their archives, so a build with pinned packages "
              "fails within weeks",
          .summary = "`dnf install` or `microdnf install` of packages without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are "
              "different, and a cached layer keeps the old version until something above it changes. "
              "Write `dnf install -y httpd-2.4.57`; for a module, name the stream: `httpd:2.4`.",
          .bad = {"FROM fedora:40\n"
                  "RUN dnf install -y httpd && dnf clean all\n"},
          .good = {"FROM fedora:40\n"
                   "RUN dnf install -y httpd-2.4.59 && dnf clean all\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unpinned(dockerfile, reporter, "dnf");
          }};
}

}  // namespace dcache::rules::DL3041
