#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3032 {

lint::Rule rule() {
  return {.code = "DL3032",
          .name = "yum-cache-left",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "What `yum` downloaded stays in the layer",
          .rationale =
              "A layer keeps what its RUN leaves behind, whatever later layers remove. What `yum` fetched is "
              "of no use in the image; emptied in the same RUN, or kept in a cache mount, it is not shipped.",
          .bad = {"FROM centos:7\n"
                  "RUN yum install -y httpd-2.4.6\n"},
          .good = {"FROM centos:7\n"
                   "RUN yum install -y httpd-2.4.6 && yum clean all\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_uncleaned(subject, reporter, "yum");
          }};
}

}  // namespace dcache::rules::DL3032
