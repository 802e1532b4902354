#include "dcache/lint/rule_prefix.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::lint {

bool is_rule_prefix(std::string_view entry) {
  constexpr std::string_view kFamilies[] = {"DC", "DL", "SC"};
  constexpr size_t kCodeSize = 6;
  if (entry.size() < 2 || entry.size() >= kCodeSize) return false;
  return std::ranges::any_of(kFamilies,
                             [&](std::string_view family) {
                               return text::equals_ignoring_case(entry.substr(0, 2), family);
                             }) &&
         entry.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

bool matches_rule(std::string_view entry, std::string_view code) {
  if (is_rule_prefix(entry)) code = code.substr(0, entry.size());
  return text::equals_ignoring_case(entry, code);
}

bool is_known_prefix(std::string_view entry, std::span<const std::string_view> codes) {
  if (!is_rule_prefix(entry)) return false;
  return text::equals_ignoring_case(entry.substr(0, 2), "SC") ||
         std::ranges::any_of(codes, [&](std::string_view code) { return matches_rule(entry, code); });
}

}  // namespace dcache::lint
