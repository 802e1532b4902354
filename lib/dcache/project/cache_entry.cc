#include "dcache/project/cache_entry.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

constexpr std::string_view kRegistry = "type=registry,ref=";

// The fields of one line of CSV; nothing if a quote is wrong.
tl::expected<std::vector<std::string>, std::string> fields_of_entry(std::string_view line) {
  const auto wrong = [&] { return tl::unexpected(fmt::format("a quote in '{}' is not closed", line)); };
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (line.substr(i + 1).starts_with('"')) {
        fields.back() += line[++i];
      } else {
        quoted = false;
        if (i + 1 < line.size() && line[i + 1] != ',') return wrong();
      }
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '"') {
      if (!fields.back().empty()) return wrong();
      quoted = true;
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return wrong();
  return fields;
}

}  // namespace

tl::expected<std::vector<std::string>, std::string> cache_entries_of(std::string_view text) {
  std::vector<std::string> entries;
  if (text.empty()) return entries;
  const auto fields = fields_of_entry(text);
  if (!fields) return tl::unexpected(fields.error());
  if (text.find('=') == std::string_view::npos) {
    for (const std::string& field : *fields)
      entries.push_back(std::string(kRegistry) + field);
    return entries;
  }
  bool typed = false;
  for (const std::string& field : *fields) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos)
      return tl::unexpected(fmt::format("'{}' of the cache '{}' is not KEY=VALUE", field, text));
    typed = typed || (text::to_lower(std::string_view(field).substr(0, equals)) == "type" &&
                      equals + 1 < field.size());
  }
  if (!typed) return tl::unexpected(fmt::format("the cache '{}' has no type", text));
  entries.emplace_back(text);
  return entries;
}

}  // namespace dcache::project
