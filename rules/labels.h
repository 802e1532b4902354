// The labels of a Dockerfile against the schema of the configuration.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "rules/calls.h"

namespace dcache::rules {

struct Label {
  std::string_view key;
  std::string_view value;
  std::optional<lint::LabelType> type;  // nothing if the schema does not have it
};

// Reports each LABEL once for the first of its labels that `judge` complains of.
void report_labels(lint::Dockerfile& dockerfile, lint::Reporter& reporter,
                   const std::function<std::optional<Complaint>(const Label&)>& judge);

// Reports each LABEL with a label of the type whose value is none of it: "the label KEY `what`".
void report_mistyped(lint::Dockerfile& dockerfile, lint::Reporter& reporter, lint::LabelType type,
                     std::string_view what, std::string_view remedy);

// Sorted identifiers of https://spdx.org/licenses/, made of the data by the build.
std::span<const std::string_view> spdx_licenses();

}  // namespace dcache::rules
