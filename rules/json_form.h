// Texts that are meant to be JSON arrays, as in `CMD ['a']`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dcache::rules {

// What to change in a text that starts like a JSON array, and is not one; nothing for another text. `[ -f x ]
// && …` is a command of the shell.
std::optional<std::string> what_breaks_json(std::string_view text);

// The JSON array that the text seems to mean: strings in quotes of any kind, separated by blanks or commas.
// Nothing if it contains anything else.
std::optional<std::string> repaired_json(std::string_view text);

}  // namespace dcache::rules
