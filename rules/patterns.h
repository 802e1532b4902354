// Regular expressions that the data of rules contains.
#pragma once

#include <string_view>

#include <re2/re2.h>

namespace dcache::rules {

// The pattern of a text of the data, compiled once, when it is first asked for. Threads may ask at once.
const RE2& known_pattern(std::string_view text);

}  // namespace dcache::rules
