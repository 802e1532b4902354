// Characters of texts as the functions count and change them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dcache::project::hcl {

// How many bytes the first character takes: with the marks and joined parts that belong to it.
// Source: https://unicode.org/reports/tr29/
uint32_t character_width(std::string_view text);
size_t character_count(std::string_view text);

// Letters of the common scripts (Latin, Greek, Cyrillic, Armenian) in the other case.
char32_t upper(char32_t rune);
char32_t lower(char32_t rune);

}  // namespace dcache::project::hcl
