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

// Whether a value is of the type. Empty values are another rule's business: they are.
bool is_valid(std::optional<lint::LabelType> type, std::string_view value);

// Reports each LABEL once for the first of its labels that `judge` complains of.
void report_labels(lint::Subject& subject, lint::Reporter& reporter,
                   const std::function<std::optional<Complaint>(const Label&)>& judge);

// Sorted identifiers of https://spdx.org/licenses/, made of the data by the build.
std::span<const std::string_view> spdx_licenses();

}  // namespace dcache::rules
