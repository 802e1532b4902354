#include "dcache/text/unicode.h"

#include <algorithm>
#include <cstring>

#include <re2/re2.h>

namespace dcache::text {
namespace {

constexpr bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

// Whether one character, known not to be ASCII, belongs to a Unicode class such as \pL.
bool matches_class(char32_t rune, const RE2& pattern) {
  std::string utf8;
  append_rune(utf8, rune);
  return RE2::FullMatch(utf8, pattern);
}

}  // namespace

Rune decode_rune(std::string_view text) {
  if (text.empty()) return {};
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {lead, 1};
  constexpr Rune kInvalid{kReplacementRune, 1};
  const uint32_t width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < width) return kInvalid;
  char32_t value = lead & (0xFFU >> (width + 1));
  for (uint32_t i = 1; i < width; ++i) {
    if (!is_continuation(at(i))) return kInvalid;
    value = (value << 6) | (at(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[width] || value > 0x10FFFF || surrogate) return kInvalid;
  return {value, width};
}

size_t find_invalid_utf8(std::string_view text) {
  if (is_ascii(text)) return std::string_view::npos;
  for (size_t at = 0; at < text.size();) {
    const Rune rune = decode_rune(text.substr(at));
    if (rune.width == 1 && static_cast<unsigned char>(text[at]) >= 0x80) return at;
    at += rune.width;
  }
  return std::string_view::npos;
}

void append_rune(std::string& to, char32_t rune) {
  const auto byte = [&](char32_t value) { to.push_back(static_cast<char>(value)); };
  if (rune < 0x80) {
    byte(rune);
  } else if (rune < 0x800) {
    byte(0xC0 | (rune >> 6));
    byte(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    byte(0xE0 | (rune >> 12));
    byte(0x80 | ((rune >> 6) & 0x3F));
    byte(0x80 | (rune & 0x3F));
  } else {
    byte(0xF0 | (rune >> 18));
    byte(0x80 | ((rune >> 12) & 0x3F));
    byte(0x80 | ((rune >> 6) & 0x3F));
    byte(0x80 | (rune & 0x3F));
  }
}

bool is_ascii(std::string_view text) {
  uint64_t seen = 0;
  size_t at = 0;
  for (; at + sizeof seen <= text.size(); at += sizeof seen) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    seen |= bytes;
  }
  for (; at < text.size(); ++at)
    seen |= static_cast<unsigned char>(text[at]);
  return (seen & 0x8080808080808080) == 0;
}

bool is_printable_ascii(std::string_view text) {
  unsigned char odd = 0;
  for (const char c : text)
    odd = static_cast<unsigned char>(odd | (static_cast<unsigned char>(c - ' ') > '~' - ' '));
  return odd == 0;
}

bool is_space(char32_t rune) {
  if (rune < 0x80) return is_ascii_space(static_cast<char>(rune));
  return rune == 0x85 || rune == 0xA0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) ||
         rune == 0x2028 || rune == 0x2029 || rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

bool is_letter(char32_t rune) {
  if (rune < 0x80) return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
  static const RE2 kLetter(R"(\pL)");
  return matches_class(rune, kLetter);
}

bool is_digit(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  static const RE2 kDigit(R"(\p{Nd})");
  return matches_class(rune, kDigit);
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), ascii_lower);
  return lower;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::string_view trim_left(std::string_view text) {
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (!is_space(rune.value)) break;
    text.remove_prefix(rune.width);
  }
  return text;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && is_continuation(static_cast<unsigned char>(text[start]))) {
      --start;
    }
    Rune rune = decode_rune(text.substr(start));
    if (start + rune.width != text.size()) rune = {kReplacementRune, 1};
    if (!is_space(rune.value)) break;
    text.remove_suffix(rune.width);
  }
  return text;
}

std::string_view trim(std::string_view text) {
  return trim_right(trim_left(text));
}

}  // namespace dcache::text
