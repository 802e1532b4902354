#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3040 {

lint::Rule rule() {
  return {.code = "DL3040",
          .name = "dnf-cache-left",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "What `dnf` downloaded stays in the layer",
          .rationale =
              "A layer keeps what its RUN leaves behind, whatever later layers remove. What `dnf` fetched is "
              "of no use in the image; emptied in the same RUN, or kept in a cache mount, it is not shipped.",
          .bad = {"FROM fedora:40\n"
                  "RUN dnf install -y httpd-2.4.59\n"},
          .good = {"FROM fedora:40\n"
                   "RUN dnf install -y httpd-2.4.59 && dnf clean all\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_uncleaned(subject, reporter, "dnf");
          }};
}

}  // namespace dcache::rules::DL3040
