#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/labels.h"

namespace dcache::rules::DL3050 {

lint::Rule rule() {
  return {.code = "DL3050",
          .name = "label-superfluous",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "A label is not in the schema",
          .rationale =
              "With `strict-labels`, the schema lists all labels that images may have. Any other label "
              "is misspelt, or nobody uses it.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.vendro=\"example\"\n",
                  .config = "strict-labels = true\n"
                            "[label-schema]\n"
                            "\"org.example.vendor\" = \"text\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.vendor=\"example\"\n",
                   .config = "strict-labels = true\n"
                             "[label-schema]\n"
                             "\"org.example.vendor\" = \"text\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            if (!dockerfile.config().strict_labels) return;
            report_labels(dockerfile, reporter, [](const Label& label) -> std::optional<Complaint> {
              if (label.type) return std::nullopt;
              return Complaint{fmt::format("the label {} is not in the schema", label.key),
                               "remove it, or add it to label-schema"};
            });
          }};
}

}  // namespace dcache::rules::DL3050
