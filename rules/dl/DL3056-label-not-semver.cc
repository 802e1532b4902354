#include "rules/labels.h"

namespace dcache::rules::DL3056 {

lint::Rule rule() {
  return {.code = "DL3056",
          .name = "label-not-semver",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should contain a semantic version contains something else",
          .rationale =
              "Tools compare such versions by the rules of semantic versioning. `label-schema` in the "
              "configuration lists these labels.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.version=\"new\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.version\" = \"semver\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.version=\"1.2.3\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.version\" = \"semver\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_mistyped(dockerfile, reporter, lint::LabelType::kSemver, "is not a semantic version",
                            "write for example 1.2.3");
          }};
}

}  // namespace dcache::rules::DL3056
