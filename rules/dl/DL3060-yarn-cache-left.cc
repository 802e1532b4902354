#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3060 {

lint::Rule rule() {
  return {.code = "DL3060",
          .name = "yarn-cache-left",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "The downloads of `yarn` stay in the layer",
          .rationale =
              "Files in a layer stay in the image, even if a later layer deletes them. Nothing in the image "
              "needs what `yarn` downloaded. Delete it in the same RUN, or use a cache mount.",
          .bad = {"FROM node:22\n"
                  "RUN yarn install\n"},
          .good = {"FROM node:22\n"
                   "RUN yarn install && yarn cache clean\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_uncleaned(dockerfile, reporter, "yarn");
          }};
}

}  // namespace dcache::rules::DL3060
