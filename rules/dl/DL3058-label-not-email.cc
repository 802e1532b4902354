#include "rules/labels.h"

namespace dcache::rules::DL3058 {

lint::Rule rule() {
  return {.code = "DL3058",
          .name = "label-not-email",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should contain an e-mail address contains something else",
          .rationale =
              "People may want to write to this address. `label-schema` in the configuration lists these "
              "labels.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.contact=\"me\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.contact\" = \"email\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.contact=\"me@example.com\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.contact\" = \"email\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_mistyped(dockerfile, reporter, lint::LabelType::kEmail, "is not an e-mail address",
                            "write for example name@example.com");
          }};
}

}  // namespace dcache::rules::DL3058
