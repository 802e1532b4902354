#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3036 {

lint::Rule rule() {
  return {.code = "DL3036",
          .name = "zypper-cache-left",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The downloads of `zypper` stay in the layer",
          .rationale =
              "Files in a layer stay in the image, even if a later layer deletes them. Nothing in the image "
              "needs what `zypper` downloaded. Delete it in the same RUN, or use a cache mount.",
          .bad = {"FROM opensuse/leap:15.6\n"
                  "RUN zypper install -y httpd=2.4.58\n"},
          .good = {"FROM opensuse/leap:15.6\n"
                   "RUN zypper install -y httpd=2.4.58 && zypper clean\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_uncleaned(dockerfile, reporter, "zypper");
          }};
}

}  // namespace dcache::rules::DL3036
