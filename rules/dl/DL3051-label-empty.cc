#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/labels.h"

namespace dcache::rules::DL3051 {

lint::Rule rule() {
  return {.code = "DL3051",
          .name = "label-empty",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A label of the schema is empty",
          .rationale =
              "A label in the schema is useful only with a value. `label-schema` in the configuration "
              "lists these labels.",
          .bad = {.dockerfile = "FROM debian:12\n"
                                "LABEL org.example.vendor=\"\"\n",
                  .config = "[label-schema]\n"
                            "\"org.example.vendor\" = \"text\"\n"},
          .good = {.dockerfile = "FROM debian:12\n"
                                 "LABEL org.example.vendor=\"example\"\n",
                   .config = "[label-schema]\n"
                             "\"org.example.vendor\" = \"text\"\n"},
          .check = [](lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
            report_labels(dockerfile, reporter, [](const Label& label) -> std::optional<Complaint> {
              if (!label.type || !label.value.empty()) return std::nullopt;
              return Complaint{fmt::format("the label {} is empty", label.key), "give it a value"};
            });
          }};
}

}  // namespace dcache::rules::DL3051
