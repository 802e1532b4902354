#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3030 {

lint::Rule rule() {
  return {.code = "DL3030",
          .name = "yum-asks",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`yum install` asks for confirmation",
          .rationale =
              "Nobody can answer during a build: the program reads an empty standard input and stops, so "
              "the step fails as soon as there is something to confirm.",
          .bad = {"FROM centos:7\n"
                  "RUN yum install httpd\n"},
          .good = {"FROM centos:7\n"
                   "RUN yum install -y httpd\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unconfirmed(dockerfile, reporter, "yum");
          }};
}

}  // namespace dcache::rules::DL3030
