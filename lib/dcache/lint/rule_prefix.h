// Rules by the beginning of their codes: `DC`, `DC1`, `DL30`, `SC2`.
#pragma once

#include <span>
#include <string_view>

namespace dcache::lint {

// Whether an entry of a list of rules is such a beginning and no whole code.
bool is_rule_prefix(std::string_view entry);

// Whether a code is the entry, or begins with it if that is a prefix; in any letter case.
bool matches_rule(std::string_view entry, std::string_view code);

// Whether some code begins with the prefix: one of `codes`, or a code of ShellCheck.
bool is_known_prefix(std::string_view entry, std::span<const std::string_view> codes);

}  // namespace dcache::lint
