#include "dcache/project/yaml_scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "dcache/text/unicode.h"

namespace dcache::project::yaml {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

std::string without_underscores(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  return plain;
}

struct Integer {
  bool negative = false;
  uint64_t magnitude = 0;
};

// As Go's ParseInt with base 0: 0x, 0o and 0b begin a number of another base, and so does a 0.
std::optional<Integer> parse_integer(std::string_view text) {
  Integer number;
  if (text.starts_with('-') || text.starts_with('+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char letter = text::ascii_lower(text[1]);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number.magnitude, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  const uint64_t largest_negative = uint64_t{1} << 63U;
  if (number.negative && number.magnitude > largest_negative) return std::nullopt;
  return number;
}

// Digits, perhaps with a point and an exponent.
bool is_decimal_float(std::string_view text) {
  const auto skip_digits = [&text] {
    const size_t count = std::min(text.find_first_not_of(kDigits), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  const auto skip_sign = [&text] {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  };
  skip_sign();
  const bool whole = skip_digits();
  bool fraction = false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = skip_digits();
  }
  if (!whole && !fraction) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  skip_sign();
  return skip_digits() && text.empty();
}

// Removes up to `most` digits, at least `least`.
bool skip_number(std::string_view& text, size_t least, size_t most) {
  const size_t count = std::min({text.find_first_not_of(kDigits), text.size(), most});
  if (count < least) return false;
  text.remove_prefix(count);
  return true;
}

bool skip_character(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// 2001-12-14, perhaps with a time after it.
// Source: https://yaml.org/type/timestamp.html
bool is_time(std::string_view text) {
  if (!skip_number(text, 4, 4) || !skip_character(text, '-') || !skip_number(text, 1, 2) ||
      !skip_character(text, '-') || !skip_number(text, 1, 2))
    return false;
  if (text.empty()) return true;
  const bool letter = text.front() == 'T' || text.front() == 't';
  if (!letter && text.front() != ' ' && text.front() != '\t') return false;
  text.remove_prefix(letter ? 1 : text.find_first_not_of(" \t"));
  return skip_number(text, 1, 2) && skip_character(text, ':') && skip_number(text, 1, 2) &&
         skip_character(text, ':') && skip_number(text, 1, 2) &&
         text.find_first_not_of("0123456789.:+-Zz \t") == std::string_view::npos;
}

bool is_infinite(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return is_one_of(text, {".inf", ".Inf", ".INF"});
}

bool is_not_a_number(std::string_view text) {
  return is_one_of(text, {".nan", ".NaN", ".NAN"});
}

// The shortest text that means the same, as Go's %v: with an exponent from 1e+06 up and below 1e-04.
std::string printed_float(double number) {
  std::array<char, 64> buffer;
  char* const begin = buffer.data();
  char* const limit = begin + buffer.size();
  const auto scientific = std::to_chars(begin, limit, number, std::chars_format::scientific);
  const std::string text(begin, scientific.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  constexpr int kSmallest = -4, kLargest = 6;
  if (exponent < kSmallest || exponent >= kLargest) return text;
  const auto fixed = std::to_chars(begin, limit, number, std::chars_format::fixed);
  return {begin, fixed.ptr};
}

}  // namespace

Kind kind_of_plain(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Kind::kNull;
  if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return Kind::kBool;
  if (is_infinite(text) || is_not_a_number(text)) return Kind::kFloat;
  const char first = text.front();
  const bool may_be_number = (first >= '0' && first <= '9') || first == '+' || first == '-';
  if (!may_be_number) return first == '.' && is_decimal_float(text) ? Kind::kFloat : Kind::kText;
  if (is_time(text)) return Kind::kTime;
  constexpr size_t kLongest = 400;  // of any number
  if (text.size() > kLongest) return Kind::kText;
  const std::string plain = without_underscores(text);
  if (parse_integer(plain)) return Kind::kInteger;
  const bool is_finite = is_decimal_float(plain) && std::isfinite(std::strtod(plain.c_str(), nullptr));
  return is_finite ? Kind::kFloat : Kind::kText;
}

Kind kind_of_tag(std::string_view tag, std::string_view text) {
  constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
  if (!tag.starts_with(kPrefix)) return Kind::kText;
  tag.remove_prefix(kPrefix.size());
  if (tag == "null") return Kind::kNull;
  if (!is_one_of(tag, {"int", "float", "bool", "timestamp"})) return Kind::kText;
  const Kind plain = kind_of_plain(text);
  if (tag == "float" && plain == Kind::kInteger) return Kind::kFloat;
  return plain;
}

std::string decoded_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=' || text::is_ascii_space(c)) continue;
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::string(text);
    bits = (bits << 6U | static_cast<uint32_t>(value)) & 0xFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<uint32_t>(count) & 0xFFU);
  }
  return bytes;
}

std::string printed(const Value& value) {
  if (value.kind == Kind::kText || value.kind == Kind::kTime) return value.text;
  if (value.kind == Kind::kBool) return text::to_lower(value.text);
  const std::string plain = without_underscores(value.text);
  if (value.kind == Kind::kInteger) {
    const auto number = parse_integer(plain);
    if (!number) return value.text;
    const bool sign = number->negative && number->magnitude != 0;
    return (sign ? "-" : "") + std::to_string(number->magnitude);
  }
  if (value.kind != Kind::kFloat) return {};
  if (is_not_a_number(plain)) return "NaN";
  if (is_infinite(plain)) return plain.front() == '-' ? "-Inf" : "+Inf";
  if (const auto number = parse_integer(plain); number && plain.find('.') == std::string::npos) {
    const auto magnitude = static_cast<double>(number->magnitude);
    return printed_float(number->negative ? -magnitude : magnitude);
  }
  return printed_float(std::strtod(plain.c_str(), nullptr));
}

bool is_true(const Value& value) {
  const std::string word = text::to_lower(value.text);
  return value.is_scalar() && is_one_of(word, {"true", "yes", "on", "y"});
}

}  // namespace dcache::project::yaml
