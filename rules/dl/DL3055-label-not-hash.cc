#include "rules/labels.h"

namespace dcache::rules::DL3055 {

lint::Rule rule() {
  return {.code = "DL3055",
          .name = "label-not-hash",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should hold a git commit holds something else",
          .rationale =
              "A commit is named by its whole hash or the first seven digits of it. `label-schema` in the "
              "configuration says which labels are meant.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.revision=\"main\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.revision\" = \"hash\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.revision=\"2dbfae9\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.revision\" = \"hash\"\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_mistyped(subject, reporter, lint::LabelType::kHash, "is no git hash",
                            "write the commit, or its first seven digits");
          }};
}

}  // namespace dcache::rules::DL3055
