#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules {

lint::Rule DL3016() {
  return {.code = "DL3016",
          .name = "unpinned-npm-packages",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`npm install` of packages without a version",
          .rationale =
              "What a rebuild installs then depends on the day: two images of one commit differ, and a "
              "cached layer keeps the old version until something above it changes. Name the version with "
              "`@`, or list the packages in `package.json` and its lock file.",
          .bad = {"FROM node:22\n"
                  "RUN npm install -g serve\n"},
          .good = {"FROM node:22\n"
                   "RUN npm install -g serve@14.2.3\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_unpinned(subject, reporter, "npm");
          }};
}

}  // namespace dcache::rules
