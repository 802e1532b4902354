#include "dcache/lint/rule.h"
#include "rules/installs.h"

namespace dcache::rules::DL3060 {

lint::Rule rule() {
  return {
      .code = "DL3060",
      .name = "yarn-cache-left",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kHadolint,
      .summary = "What `yarn` downloaded stays in the layer",
      .rationale =
          "A layer keeps what its RUN leaves behind, whatever later layers remove. What `yarn` fetched is of "
          "no use in the image; emptied in the same RUN, or kept in a cache mount, it is not shipped.",
      .bad = {"FROM node:22\n"
              "RUN yarn install\n"},
      .good = {"FROM node:22\n"
               "RUN yarn install && yarn cache clean\n"},
      .check = [](lint::Subject& subject, lint::Reporter& reporter) {
        report_uncleaned(subject, reporter, "yarn");
      }};
}

}  // namespace dcache::rules::DL3060
