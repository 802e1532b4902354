#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3037 {

lint::Rule rule() {
  return {.code = "DL3037",
          .name = "unpinned-zypper-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default =
              "distributions delete old versions from their archives, so a build with pinned packages "
              "fails within weeks",
          .summary = "`zypper install` of packages without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are "
              "different, and a cached layer keeps the old version until something above it changes. "
              "Write `zypper install -y httpd=2.4.58`.",
          .bad = {"FROM opensuse/leap:15.6\n"
                  "RUN zypper install -y httpd && zypper clean\n"},
          .good = {"FROM opensuse/leap:15.6\n"
                   "RUN zypper install -y httpd=2.4.58 && zypper clean\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unpinned(dockerfile, reporter, "zypper");
          }};
}

}  // namespace dcache::rules::DL3037
