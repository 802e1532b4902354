// Expressions of GitHub Actions, evaluated as far as their values are known before a workflow runs.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/expressions
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/yaml.h"

namespace dcache::project {

// The value of `matrix.image.name`, given as its parts. Nothing if it is not known; null if it is known that
// there is none. A text may contain expressions that are not known.
using ExpressionLookup = std::function<std::optional<yaml::Value>(const std::vector<std::string>& parts)>;

// The value of what is inside `${{ }}`; nothing if it is not known, or is not an expression.
std::optional<yaml::Value> evaluate_expression(std::string_view text, const ExpressionLookup& lookup);

// Whether a value counts as true; nothing if that is not known.
std::optional<bool> truth_of_expression(const std::optional<yaml::Value>& value);

// The text with expressions replaced by their values. Those that are not known stay as they are written.
std::string resolve_expressions(std::string_view text, const ExpressionLookup& lookup);

// As it is, with all texts in it resolved. A text that is one expression becomes its value, of any kind.
yaml::Value resolve_values(const yaml::Value& value, const ExpressionLookup& lookup);

// A part of a value: `name.0.other`. Null if there is none. Letter case does not count.
yaml::Value part_of(const yaml::Value& value, const std::vector<std::string>& parts, size_t from);

}  // namespace dcache::project
