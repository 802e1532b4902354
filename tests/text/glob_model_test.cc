// Compares patterns of file names with a model of them, written from the description of Go's `path.Match`.
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/text/glob.h"
#include "dcache/text/unicode.h"
#include "tests/random_text.h"

namespace dcache::text {
namespace {

// One character of a pattern: what it matches, as a list of ranges.
struct Element {
  enum { kRanges, kNotRanges, kNotSlash, kStar } kind = kRanges;
  std::vector<std::pair<char32_t, char32_t>> ranges = {};

  bool matches(char32_t character) const {
    if (kind == kNotSlash) return character != '/';
    bool found = false;
    for (const auto& [low, high] : ranges)
      found = found || (low <= character && character <= high);
    return found == (kind == kRanges);
  }
};

std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  for (; !text.empty(); text.remove_prefix(decode_rune(text).width))
    characters += decode_rune(text).value;
  return characters;
}

// A bound of a range: a character, or an escaped one, that is not the end of the pattern.
std::optional<char32_t> read_bound(const std::u32string& pattern, size_t& at) {
  if (at >= pattern.size() || pattern[at] == '-' || pattern[at] == ']') return std::nullopt;
  if (pattern[at] == '\\') ++at;
  if (at + 1 >= pattern.size()) return std::nullopt;
  return pattern[at++];
}

std::optional<Element> read_class(const std::u32string& pattern, size_t& at) {
  Element element;
  if (at < pattern.size() && pattern[at] == '^') {
    element.kind = Element::kNotRanges;
    ++at;
  }
  do {
    const auto low = read_bound(pattern, at);
    if (!low) return std::nullopt;
    auto high = low;
    if (pattern[at] == '-') high = read_bound(pattern, ++at);
    if (!high) return std::nullopt;
    element.ranges.emplace_back(*low, *high);
  } while (pattern[at] != ']');
  ++at;
  return element;
}

// Nothing if the pattern is not well formed.
std::optional<std::vector<Element>> read(const std::u32string& pattern) {
  std::vector<Element> elements;
  for (size_t at = 0; at < pattern.size();) {
    const char32_t c = pattern[at++];
    if (c == '[') {
      const auto element = read_class(pattern, at);
      if (!element) return std::nullopt;
      elements.push_back(*element);
    } else if (c == '*') {
      elements.push_back({Element::kStar});
    } else if (c == '?') {
      elements.push_back({Element::kNotSlash});
    } else if (c == '\\') {
      if (at == pattern.size()) return std::nullopt;
      elements.push_back({Element::kRanges, {{pattern[at], pattern[at]}}});
      ++at;
    } else {
      elements.push_back({Element::kRanges, {{c, c}}});
    }
  }
  return elements;
}

// Tries each length that a `*` can have, in bytes as Go does. A class may contain '/', which `*` may not: Go
// looks for what follows a `*` from the left and keeps the first place, so another `*` after it gets no
// second chance.
enum class Outcome { kNo, kYes, kNoMoreStars };
Outcome match(const std::vector<Element>& pattern, size_t element, std::string_view name) {
  if (element == pattern.size()) return name.empty() ? Outcome::kYes : Outcome::kNo;
  if (pattern[element].kind != Element::kStar) {
    const Rune first = decode_rune(name);
    if (name.empty() || !pattern[element].matches(first.value)) return Outcome::kNo;
    return match(pattern, element + 1, name.substr(first.width));
  }
  while (true) {
    const Outcome rest = match(pattern, element + 1, name);
    if (rest != Outcome::kNo) return rest;
    if (name.empty() || name[0] == '/') return Outcome::kNoMoreStars;
    name.remove_prefix(1);
  }
}

TEST(GlobModel, AgreesOnRandomPatterns) {
  const tests::RandomText::Parts pattern_parts = {"a",  "a",     "b",     "c",      "-",    "*",
                                                  "*",  "?",     "/",     "]",      "^",    "ä",
                                                  "\\", "[a-c]", "[b-ä]", "[^a-b]", "[^b]", "[a"};
  const tests::RandomText::Parts name_parts = {"a", "a", "b", "b", "c", "ä", "/", "]", "-", "*", "\xFF"};
  tests::RandomText random(11);
  size_t matched = 0, not_matched = 0, refused = 0;
  for (size_t i = 0; i < tests::kComparisons; ++i) {
    const std::string pattern = random.of(pattern_parts, 0, 7);
    const std::string name = random.of(name_parts, 0, 5);
    const auto model = read(characters_of(pattern));
    ASSERT_EQ(is_valid_glob(pattern), model.has_value()) << pattern;
    const bool expected = model && match(*model, 0, name) == Outcome::kYes;
    ASSERT_EQ(glob_match(pattern, name), expected) << "'" << pattern << "' of '" << name << "'";
    ++(!model ? refused : expected ? matched : not_matched);
  }
  RecordProperty("matched", std::to_string(matched));
  RecordProperty("refused", std::to_string(refused));
  std::cout << matched << " matched, " << not_matched << " did not, " << refused << " refused\n";
  EXPECT_GT(matched, tests::kComparisons / 50);
  EXPECT_GT(not_matched, tests::kComparisons / 10);
  EXPECT_GT(refused, tests::kComparisons / 10);
}

}  // namespace
}  // namespace dcache::text
