#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3032 {

lint::Rule rule() {
  return {.code = "DL3032",
          .name = "yum-cache-left",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The downloads of `yum` stay in the layer",
          .rationale =
              "Files in a layer stay in the image, even if a later layer deletes them. Nothing in the "
              "image needs what `yum` downloaded. Delete it in the same RUN, or use a cache mount.",
          .bad = {"FROM centos:7\n"
                  "RUN yum install -y httpd-2.4.6\n"},
          .good = {"FROM centos:7\n"
                   "RUN yum install -y httpd-2.4.6 && yum clean all\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_uncleaned(dockerfile, reporter, "yum");
          }};
}

}  // namespace dcache::rules::DL3032
