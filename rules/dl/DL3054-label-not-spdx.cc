#include "rules/labels.h"

namespace dcache::rules::DL3054 {

lint::Rule rule() {
  return {.code = "DL3054",
          .name = "label-not-spdx",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should hold an SPDX licence holds something else",
          .rationale =
              "Tools look the licence up by its SPDX identifier. `label-schema` in the configuration says "
              "which labels are meant.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.licenses=\"free\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.licenses\" = \"spdx\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.licenses=\"MIT\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.licenses\" = \"spdx\"\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_mistyped(subject, reporter, lint::LabelType::kSpdx, "is no SPDX licence",
                            "write an identifier of https://spdx.org/licenses/");
          }};
}

}  // namespace dcache::rules::DL3054
