#include "dcache/project/go_template.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

void trim_end(std::string& text) {
  const size_t last = text.find_last_not_of(kSpace);
  text.resize(last == std::string::npos ? 0 : last + 1);
}

// What is between the braces: nothing for a comment, a variable, or a text in quotes without escapes.
std::optional<std::string> value_of_action(std::string_view action, const Lookup& lookup) {
  if (action.starts_with("/*") && action.ends_with("*/")) return "";
  if (action.starts_with('.')) {
    const std::string_view name = action.substr(1);
    const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
      return c == '_' || (c >= '0' && c <= '9') ||
             (text::ascii_lower(c) >= 'a' && text::ascii_lower(c) <= 'z');
    });
    return plain ? lookup(name) : std::nullopt;
  }
  const bool quoted = action.size() >= 2 && action.front() == action.back() &&
                      (action.front() == '"' || action.front() == '`');
  if (!quoted) return std::nullopt;
  const std::string_view inside = action.substr(1, action.size() - 2);
  const bool plain = inside.find_first_of("\"`\\") == std::string_view::npos;
  return plain ? std::optional<std::string>(inside) : std::nullopt;
}

}  // namespace

std::optional<std::string> evaluate_go_template(std::string_view text, const Lookup& lookup) {
  constexpr size_t kLongest = size_t{4} << 20U;
  std::string result;
  while (result.size() <= kLongest) {
    const size_t begin = text.find("{{");
    result += text.substr(0, begin);
    if (begin == std::string_view::npos) return result;
    text.remove_prefix(begin + 2);
    const size_t end = text.find("}}");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view action = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (action.starts_with("- ")) {
      trim_end(result);
      action.remove_prefix(1);
    }
    if (action.ends_with(" -")) {
      action.remove_suffix(1);
      text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    }
    const auto value = value_of_action(text::trim(action), lookup);
    if (!value) return std::nullopt;
    result += *value;
  }
  return std::nullopt;
}

}  // namespace dcache::project
