// Lengths in UTF-16 code units, which editors and code scanning count columns in.
#pragma once

#include <cstdint>
#include <string_view>

#include "dcache/text/unicode.h"

namespace dcache::text {

constexpr uint32_t utf16_units(char32_t rune) {
  return rune >= 0x10000 ? 2 : 1;
}

inline uint32_t utf16_length(std::string_view text) {
  uint32_t units = 0;
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    units += utf16_units(rune.value);
    text.remove_prefix(rune.width);
  }
  return units;
}

}  // namespace dcache::text
