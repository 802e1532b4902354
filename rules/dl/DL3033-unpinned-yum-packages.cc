#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3033 {

lint::Rule rule() {
  return {.code = "DL3033",
          .name = "unpinned-yum-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default =
              "distributions delete old versions from their archives, so a build with pinned packages fails "
              "within weeks",
          .summary = "`yum install` of packages without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are different, "
              "and a cached layer keeps the old version until something above it changes. Write `yum install "
              "-y httpd-2.4.6`.",
          .bad = {"FROM centos:7\n"
                  "RUN yum install -y httpd && yum clean all\n"},
          .good = {"FROM centos:7\n"
                   "RUN yum install -y httpd-2.4.6 && yum clean all\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unpinned(dockerfile, reporter, "yum");
          }};
}

}  // namespace dcache::rules::DL3033
