#include "rules/json_form.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

// The quotes that a text starts with, and those that end the string; empty for none.
std::pair<std::string_view, std::string_view> quotes_at(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
      {"\"", "\""},         {"'", "'"},           {"\u201c", "\u201d"},
      {"\u2018", "\u2019"}, {"\u201d", "\u201d"}, {"\u2019", "\u2019"}};
  for (const auto& quotes : kQuotes) {
    if (text.starts_with(quotes.first)) return quotes;
  }
  return {};
}

}  // namespace

std::optional<std::string> what_breaks_json(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const std::string_view first = text::trim_left(text.substr(1));
  const size_t closing = text.rfind(']');
  if (first.starts_with('\'')) return "put double quotes around every element";
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
    const auto [opening, closing] = quotes_at(text);
    const size_t end = opening.empty() ? std::string_view::npos : text.find(closing, opening.size());
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view element = text.substr(opening.size(), end - opening.size());
    // What a backslash means depends on the quotes.
    if (element.find_first_of("\\\"") != std::string_view::npos) return std::nullopt;
    json += fmt::format("{}\"{}\"", json.size() > 1 ? ", " : "", element);
    text = text::trim_left(text.substr(end + closing.size()));
    if (text.starts_with(',')) text = text::trim_left(text.substr(1));
  }
  return json + "]";
}

}  // namespace dcache::rules
