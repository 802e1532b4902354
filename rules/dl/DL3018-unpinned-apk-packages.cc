#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3018 {

lint::Rule rule() {
  return {.code = "DL3018",
          .name = "unpinned-apk-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default =
              "distributions delete old versions from their archives, so a build with pinned packages "
              "fails within weeks",
          .summary = "`apk add` of packages without a version",
          .rationale =
              "Which version a rebuild installs depends on the day: two images of one commit are "
              "different, and a cached layer keeps the old version until something above it changes. "
              "`apk add curl=8.5.0-r0` names one build; `curl~8.5` names any build of that release, and "
              "still works when the package is rebuilt.",
          .bad = {"FROM alpine:3.20\n"
                  "RUN apk add --no-cache curl\n"},
          .good = {"FROM alpine:3.20\n"
                   "RUN apk add --no-cache curl~8.9\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_unpinned(dockerfile, reporter, "apk");
          }};
}

}  // namespace dcache::rules::DL3018
