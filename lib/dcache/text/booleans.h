// Truth values as options of builders have them.
#pragma once

#include <optional>
#include <string_view>

namespace dcache::text {

// "1", "t", "T", "true", "True" and "TRUE" are true, "0", "f", "F", "false", "False" and "FALSE" are false;
// nothing for another text. Source: https://pkg.go.dev/strconv#ParseBool
std::optional<bool> parse_bool(std::string_view text);

}  // namespace dcache::text
