#include "dcache/text/json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace dcache::text {

namespace {

// What works on values calls itself for each level.
constexpr size_t kDeepest = 500;

bool is_too_deep(std::string_view text) {
  size_t depth = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    at = std::min(text.find_first_of("[]{}\"", at), text.size() - 1);
    const char c = text[at];
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > kDeepest) return true;
    if (c != '"') continue;
    for (++at; at < text.size() && text[at] != '"'; ++at)
      at += text[at] == '\\' ? 1 : 0;
  }
  return false;
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  if (is_too_deep(text)) return nlohmann::json::value_t::discarded;
  return nlohmann::json::parse(text, nullptr, false);
}

bool is_json(std::string_view text) {
  return nlohmann::json::accept(text.begin(), text.end());
}

uint64_t whole_number(const nlohmann::json& value, uint64_t largest) {
  const bool is_whole =
      value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0);
  if (!is_whole || value.get<uint64_t>() > largest)
    throw nlohmann::json::type_error::create(302, "a whole number is expected", &value);
  return value.get<uint64_t>();
}

std::string to_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace dcache::text
