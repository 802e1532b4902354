#include "rules/labels.h"

namespace dcache::rules::DL3054 {

lint::Rule rule() {
  return {.code = "DL3054",
          .name = "label-not-spdx",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should contain an SPDX licence contains something else",
          .rationale =
              "Tools look up the licence by its SPDX identifier. `label-schema` in the configuration "
              "lists these labels.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.licenses=\"free\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.licenses\" = \"spdx\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.licenses=\"MIT\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.licenses\" = \"spdx\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_mistyped(dockerfile, reporter, lint::LabelType::kSpdx, "is not an SPDX licence",
                            "use an identifier from https://spdx.org/licenses/");
          }};
}

}  // namespace dcache::rules::DL3054
