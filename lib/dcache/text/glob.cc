#include "dcache/text/glob.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::text {
namespace {

// One bound of a range inside a class; false if there is none.
bool read_class_rune(std::string_view& pattern, char32_t& rune) {
  if (pattern.empty() || pattern[0] == '-' || pattern[0] == ']') return false;
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  if (pattern.empty()) return false;
  const Rune read = decode_rune(pattern);
  if (read.value == kReplacementRune && read.width == 1) return false;
  rune = read.value;
  pattern.remove_prefix(read.width);
  return !pattern.empty();
}

// Consumes the class that `pattern` starts with. False if it is ill-formed; `holds` tells whether `rune` is
// in it.
bool read_class(std::string_view& pattern, char32_t rune, bool& holds) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  for (int ranges = 0; ranges == 0 || !pattern.starts_with(']'); ++ranges) {
    char32_t low = 0;
    if (!read_class_rune(pattern, low)) return false;
    char32_t high = low;
    if (pattern[0] == '-') {
      pattern.remove_prefix(1);
      if (!read_class_rune(pattern, high)) return false;
    }
    found = found || (low <= rune && rune <= high);
  }
  pattern.remove_prefix(1);
  holds = found != negated;
  return true;
}

// Matches one element other than `*` at the start of both, and consumes it.
bool match_one(std::string_view& pattern, std::string_view& name) {
  if (name.empty()) return false;
  const Rune rune = decode_rune(name);
  if (pattern[0] == '[') {
    bool holds = false;
    if (!read_class(pattern, rune.value, holds) || !holds) return false;
    name.remove_prefix(rune.width);
    return true;
  }
  if (pattern[0] == '?') {
    if (name[0] == '/') return false;
    pattern.remove_prefix(1);
    name.remove_prefix(rune.width);
    return true;
  }
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  if (pattern.empty() || pattern[0] != name[0]) return false;
  pattern.remove_prefix(1);
  name.remove_prefix(1);
  return true;
}

}  // namespace

bool is_valid_glob(std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern[0] == '[') {
      bool holds = false;
      if (!read_class(pattern, 0, holds)) return false;
      continue;
    }
    if (pattern[0] == '\\') pattern.remove_prefix(1);
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);
  }
  return true;
}

namespace {

// Whether the characters of the pattern before the first special one, and those after the last, are not those
// of the name. Most names are told by that.
bool differs_at_ends(std::string_view pattern, std::string_view name) {
  const auto is_plain = [](char c) { return c != '*' && c != '?' && c != '[' && c != ']' && c != '\\'; };
  const auto begin = std::ranges::find_if_not(pattern, is_plain);
  const auto plain = static_cast<size_t>(begin - pattern.begin());
  if (!name.starts_with(pattern.substr(0, plain))) return true;
  size_t end = pattern.size();
  while (end > plain && is_plain(pattern[end - 1]))
    --end;
  return !name.substr(plain).ends_with(pattern.substr(end));
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) {
  if (differs_at_ends(pattern, name)) return false;
  if (!is_valid_glob(pattern)) return false;
  // Where to go on if the match fails: the last `*` seen takes one character more.
  std::string_view star_pattern;
  std::string_view star_name;
  bool star = false;
  while (true) {
    if (pattern.empty() && name.empty()) return true;
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      star = true;
      star_pattern = pattern;
      star_name = name;
      continue;
    }
    if (!pattern.empty() && match_one(pattern, name)) continue;
    if (!star || star_name.empty() || star_name[0] == '/') return false;
    star_name.remove_prefix(1);
    pattern = star_pattern;
    name = star_name;
  }
}

bool has_wildcard(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '*' || text[at] == '?' || text[at] == '[') return true;
    if (text[at] == '\\') ++at;
  }
  return false;
}

}  // namespace dcache::text
