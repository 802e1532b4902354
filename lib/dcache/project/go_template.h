// Texts with `{{.NAME}}`, as Skaffold takes build arguments.
// Source: https://skaffold.dev/docs/environment/templating/, https://pkg.go.dev/text/template
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dcache/project/interpolate.h"

namespace dcache::project {

// The text with the values of its variables; nothing if that needs a variable that is not set, or a function.
std::optional<std::string> evaluate_go_template(std::string_view text, const Lookup& lookup);

}  // namespace dcache::project
