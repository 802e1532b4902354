#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/labels.h"

namespace dcache::rules {

lint::Rule DL3056() {
  return {.code = "DL3056",
          .name = "label-not-semver",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label that should hold a semantic version holds something else",
          .rationale =
              "Tools compare such versions by the rules of semantic versioning. `label-schema` in the "
              "configuration says which labels are meant.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.version=\"new\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.version\" = \"semver\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.version=\"1.2.3\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.version\" = \"semver\"\n"},
          .check = [](lint::Subject& subject, lint::Reporter& reporter) {
            report_labels(subject, reporter, [](const Label& label) -> std::optional<Complaint> {
              if (label.type != lint::LabelType::kSemver || is_valid(label.type, label.value))
                return std::nullopt;
              return Complaint{fmt::format("the label {} is no semantic version", label.key),
                               "write it as 1.2.3"};
            });
          }};
}

}  // namespace dcache::rules
