// The few facts about characters that the Dockerfile syntax rests on. They follow Go's `unicode` and
// `utf8` packages, since that is what the reference parser reads its input with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dcache::text {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
inline constexpr char32_t kReplacementRune = 0xFFFD;

struct Rune {
  char32_t value = 0;
  uint32_t width = 0;  // bytes it takes; 1 for a byte that is not valid UTF-8, 0 at the end
};

// The character at the start of `text`. An invalid byte reads as U+FFFD of width 1.
Rune decode_rune(std::string_view text);
void append_rune(std::string& to, char32_t rune);

// Whether every byte is below 0x80.
bool is_ascii(std::string_view text);

// Where the first byte is that is not part of a valid UTF-8 character; npos if there is none.
size_t find_invalid_utf8(std::string_view text);
inline bool is_utf8(std::string_view text) {
  return find_invalid_utf8(text) == std::string_view::npos;
}

// Whether every byte is an ASCII character that is not a control character.
bool is_printable_ascii(std::string_view text);

// White space, letters and decimal digits as Unicode defines them.
bool is_space(char32_t rune);
bool is_letter(char32_t rune);
bool is_digit(char32_t rune);

constexpr bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}
// What the names of variables start with in shells and elsewhere, and what they consist of.
constexpr bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr char ascii_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Without the Unicode white space at the start, the end, or both.
std::string_view trim_left(std::string_view text);
std::string_view trim_right(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace dcache::text
