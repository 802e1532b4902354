#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3040 {

lint::Rule rule() {
  return {.code = "DL3040",
          .name = "dnf-cache-left",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The downloads of `dnf` stay in the layer",
          .rationale =
              "Files in a layer stay in the image, even if a later layer deletes them. Nothing in the "
              "image needs what `dnf` downloaded. Delete it in the same RUN, or use a cache mount.",
          .bad = {"FROM fedora:40\n"
                  "RUN dnf install -y httpd-2.4.59\n"},
          .good = {"FROM fedora:40\n"
                   "RUN dnf install -y httpd-2.4.59 && dnf clean all\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_uncleaned(dockerfile, reporter, "dnf");
          }};
}

}  // namespace dcache::rules::DL3040
