#include "rules/labels.h"

namespace dcache::rules::DL3053 {

lint::Rule rule() {
  return {.code = "DL3053",
          .name = "label-not-time",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should contain a time contains something else",
          .rationale =
              "Tools read this label as a time in the format of RFC 3339, for example "
              "`2024-05-01T12:00:00Z`. `label-schema` in the configuration lists these labels.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.created=\"yesterday\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.created\" = \"rfc3339\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.created=\"2024-05-01T12:00:00Z\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.created\" = \"rfc3339\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_mistyped(dockerfile, reporter, lint::LabelType::kRfc3339,
                            "is not a time in the format of RFC 3339",
                            "write for example 2024-05-01T12:00:00Z");
          }};
}

}  // namespace dcache::rules::DL3053
