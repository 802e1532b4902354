#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3008 {

lint::Rule rule() {
  return {
      .code = "DL3008",
      .name = "unpinned-apt-packages",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kHadolint,
      .not_in_default =
          "distributions delete old versions from their archives, so a build with pinned packages fails "
          "within weeks",
      .summary = "`apt-get install` of packages without a version",
      .rationale =
          "Which version a rebuild installs depends on the day: two images of one commit are different, "
          "and a cached layer keeps the old version until something above it changes. `apt-get install "
          "curl=7.88.1-10` names the version; a snapshot of the archive keeps it available.",
      .bad = {"FROM debian:12\n"
              "RUN apt-get update && apt-get install -y --no-install-recommends curl\n"},
      .good = {"FROM debian:12\n"
               "RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10+deb12u5\n"},
      .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_unpinned(dockerfile, reporter, "apt");
      }};
}

}  // namespace dcache::rules::DL3008
