#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3036 {

lint::Rule rule() {
  return {
      .code = "DL3036",
      .name = "zypper-cache-left",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kHadolint,
      .summary = "What `zypper` downloaded stays in the layer",
      .rationale =
          "A layer keeps what its RUN leaves behind, whatever later layers remove. What `zypper` fetched is "
          "of no use in the image; emptied in the same RUN, or kept in a cache mount, it is not shipped.",
      .bad = {"FROM opensuse/leap:15.6\n"
              "RUN zypper install -y httpd=2.4.58\n"},
      .good = {"FROM opensuse/leap:15.6\n"
               "RUN zypper install -y httpd=2.4.58 && zypper clean\n"},
      .check = [](lint::Subject& subject, lint::Reporter& reporter) {
        report_uncleaned(subject, reporter, "zypper");
      }};
}

}  // namespace dcache::rules::DL3036
