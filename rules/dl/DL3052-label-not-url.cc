#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/labels.h"

namespace dcache::rules {

lint::Rule DL3052() {
  return {.code = "DL3052",
          .name = "label-not-url",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should hold a URL holds something else",
          .rationale =
              "Tools show such a label as a link. `label-schema` in the configuration says which labels are "
              "meant.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.url=\"here\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.url\" = \"url\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.url=\"https://example.com\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.url\" = \"url\"\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_labels(subject, reporter, [](const Label& label) -> std::optional<Complaint> {
              if (label.type != lint::LabelType::kUrl || is_valid(label.type, label.value))
                return std::nullopt;
              return Complaint{fmt::format("the label {} is no URL", label.key), "write it from https:// on"};
            });
          }};
}

}  // namespace dcache::rules
