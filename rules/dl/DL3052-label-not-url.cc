#include "rules/labels.h"

namespace dcache::rules::DL3052 {

lint::Rule rule() {
  return {
      .code = "DL3052",
      .name = "label-not-url",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kHadolint,
      .summary = "A label that should contain a URL contains something else",
      .rationale = "Tools show this label as a link. `label-schema` in the configuration lists these labels.",
      .bad = {.dockerfile = "FROM debian:12\n"
                            "LABEL org.example.url=\"here\"\n",
              .config = "[label-schema]\n"
                        "\"org.example.url\" = \"url\"\n"},
      .good = {.dockerfile = "FROM debian:12\n"
                             "LABEL org.example.url=\"https://example.com\"\n",
               .config = "[label-schema]\n"
                         "\"org.example.url\" = \"url\"\n"},
      .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
        report_mistyped(dockerfile, reporter, lint::LabelType::kUrl, "is not a URL",
                        "write the full URL, with https://");
      }};
}

}  // namespace dcache::rules::DL3052
