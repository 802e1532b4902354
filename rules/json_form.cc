#include "rules/json_form.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

// What editors write in place of " and '.
constexpr std::string_view kTypographic[] = {"\u201c", "\u201d", "\u201e", "\u201f",
                                             "\u2018", "\u2019", "\u201a", "\u201b"};

// The typographic quote that a text starts with; empty for none.
std::string_view typographic_at(std::string_view text) {
  const auto found = std::ranges::find_if(kTypographic, [&](auto quote) { return text.starts_with(quote); });
  return found == std::end(kTypographic) ? std::string_view() : *found;
}

// A string in quotes at the beginning of a text.
struct QuotedText {
  std::string_view content;
  size_t end = 0;  // after the closing quote
};
std::optional<QuotedText> quoted_at(std::string_view text) {
  const std::string_view typographic = typographic_at(text);
  const bool plain = text.starts_with('"') || text.starts_with('\'');
  if (!plain && typographic.empty()) return std::nullopt;
  const size_t begin = plain ? 1 : typographic.size();
  for (size_t end = begin; end < text.size(); ++end) {
    const std::string_view rest = text.substr(end);
    const size_t closing = plain ? (rest[0] == text[0] ? 1 : 0) : typographic_at(rest).size();
    if (closing != 0) return QuotedText{text.substr(begin, end - begin), end + closing};
  }
  return std::nullopt;
}

// Whether a string of what is meant to be an array begins or ends with a typographic quote.
bool has_typographic_quotes(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view quote = typographic_at(text.substr(i));
    if (quote.empty()) continue;
    const std::string_view before = text::trim_right(text.substr(0, i));
    const std::string_view after = text::trim_left(text.substr(i + quote.size()));
    if (before.ends_with('[') || before.ends_with(',') || after.starts_with(',') || after.starts_with(']'))
      return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> what_breaks_json(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const std::string_view first = text::trim_left(text.substr(1));
  const size_t closing = text.rfind(']');
  if (first.starts_with('\'')) return "put double quotes around every element";
  if ((first.starts_with('"') || !typographic_at(first).empty()) && has_typographic_quotes(text))
    return "the quotes are typographic, as text processors write them: write plain double quotes (\")";
  // Two brackets and a blank are a test of bash.
  if (text.starts_with("[[\"")) return "remove one [ at the beginning";
  if (!first.starts_with('"')) return std::nullopt;
  const std::string_view behind =
      text::trim_left(first.substr(std::min(first.find('"', 1), first.size() - 1) + 1));
  if (!behind.empty() && behind.front() != ',' && behind.front() != ']' && behind.front() != '"')
    return std::nullopt;
  if (closing == std::string_view::npos) return "add the ] at the end";
  if (closing + 1 < text.size())
    return fmt::format("remove the text after the ]: {}", text.substr(closing + 1));
  const size_t before = text.substr(0, closing).find_last_not_of(" \t");
  if (text[before] == ']') return "remove one ] at the end";
  if (text[before] == ',') return "remove the comma before the ]";
  return "put double quotes around every element, and commas between them";
}

std::optional<std::string> repaired_json(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  text = text::trim(text.substr(1, text.size() - 2));
  std::string json = "[";
  while (!text.empty()) {
    const auto string = quoted_at(text);
    if (!string) return std::nullopt;
    const std::string_view element = string->content;
    // What a backslash means depends on the quotes.
    if (element.find_first_of("\\\"") != std::string_view::npos) return std::nullopt;
    json += fmt::format("{}\"{}\"", json.size() > 1 ? ", " : "", element);
    text = text::trim_left(text.substr(string->end));
    if (text.starts_with(',')) text = text::trim_left(text.substr(1));
  }
  return json + "]";
}

}  // namespace dcache::rules
