#include "rules/labels.h"

namespace dcache::rules::DL3055 {

lint::Rule rule() {
  return {.code = "DL3055",
          .name = "label-not-hash",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should contain a git commit contains something else",
          .rationale =
              "Tools find the commit by its full hash or its first seven digits. `label-schema` in the "
              "configuration lists these labels.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.revision=\"main\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.revision\" = \"hash\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.revision=\"2dbfae9\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.revision\" = \"hash\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_mistyped(dockerfile, reporter, lint::LabelType::kHash, "is not a git hash",
                            "write the commit's hash, or its first seven digits");
          }};
}

}  // namespace dcache::rules::DL3055
