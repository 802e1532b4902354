// semvercmp(): whether a version meets constraints such as ">= 1.2, < 2" or "~1.2 || ^3".
// Source: https://github.com/Masterminds/semver
#include <algorithm>
#include <array>
#include <compare>
#include <optional>
#include <utility>

#include <re2/re2.h>

#include "dcache/project/hcl/functions.h"
#include "dcache/text/piece.h"

namespace dcache::project::hcl {
namespace {

using Parts = std::array<uint64_t, 3>;

struct Version {
  Parts parts = {};
  size_t given = 3;  // how many parts are written, and not * or x
  std::string pre = {};
};

std::vector<std::string_view> split_version(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find(separator); at != std::string_view::npos; at = text.find(separator)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Numbers are before words, and by their value.
int compare_identifiers(std::string_view a, std::string_view b) {
  const bool numbers = is_number(a) && is_number(b);
  if (is_number(a) != is_number(b)) return is_number(a) ? -1 : 1;
  if (numbers && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_pre(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty() || b.empty()) return a.empty() ? 1 : -1;
  const auto x = split_version(a, '.');
  const auto y = split_version(b, '.');
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (const int order = compare_identifiers(x[i], y[i])) return order;
  }
  return x.size() < y.size() ? -1 : 1;
}

int compare_versions(const Version& a, const Version& b) {
  if (a.parts != b.parts) return a.parts < b.parts ? -1 : 1;
  return compare_pre(a.pre, b.pre);
}

// `wildcards` says whether * and x may stand for parts.
std::optional<Version> parse_version(std::string_view text, bool wildcards) {
  static const re2::RE2 kPlain(
      R"(v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)");
  static const re2::RE2 kWild(
      R"(v?([\dxX*]+)(?:\.([\dxX*]+))?(?:\.([\dxX*]+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)");
  std::array<std::string, 3> numbers;
  Version version;
  if (!re2::RE2::FullMatch(text::piece(text), wildcards ? kWild : kPlain, &numbers[0], &numbers[1],
                           &numbers[2], &version.pre))
    return std::nullopt;
  constexpr size_t kLongest = 18;
  version.given = 0;
  for (const std::string& number : numbers) {
    if (!is_number(number)) break;
    if (number.size() > kLongest) return std::nullopt;
    version.parts.at(version.given++) = std::stoull(number);
  }
  return version;
}

// The first version after those that start with the first `count` parts.
std::optional<Version> after(const Version& version, size_t count) {
  if (count == 0) return std::nullopt;
  Version next;
  for (size_t i = 0; i < count; ++i)
    next.parts.at(i) = version.parts.at(i);
  ++next.parts.at(count - 1);
  return next;
}

// What ^ keeps: the parts up to the first one that is not 0.
size_t kept_by_caret(const Version& version) {
  for (size_t i = 0; i < version.given; ++i) {
    if (version.parts.at(i) != 0) return i + 1;
  }
  return version.given;
}

bool below(const Version& version, const std::optional<Version>& limit) {
  return !limit || compare_versions(version, *limit) < 0;
}

bool meets(const Version& version, std::string_view op, const Version& wanted) {
  const bool wild = wanted.given < 3;
  const int order = compare_versions(version, wanted);
  const std::optional<Version> end = after(wanted, wanted.given);
  const bool equal = wild ? order >= 0 && below(version, end) : order == 0;
  if (op.empty() || op == "=") return equal;
  if (op == "!=") return !equal;
  if (op == ">") return wild ? end && compare_versions(version, *end) >= 0 : order > 0;
  if (op == "<") return order < 0;
  if (op == ">=" || op == "=>") return order >= 0;
  if (op == "<=" || op == "=<") return wild ? below(version, end) : order <= 0;
  const size_t kept = op == "^" ? kept_by_caret(wanted) : std::min<size_t>(wanted.given, 2);
  return order >= 0 && below(version, after(wanted, kept));
}

// Constraints that have to be met together, separated by commas or spaces; "1 - 2" is a range.
bool meets_all(const Version& version, std::string text) {
  static const re2::RE2 kRange(R"((\S+)\s+-\s+(\S+))");
  static const re2::RE2 kOne(R"(\s*,?\s*(=>|=<|!=|>=|<=|~>|=|>|<|~|\^)?\s*([^\s,=<>~^!]+))");
  re2::RE2::GlobalReplace(&text, kRange, R"(>=\1, <=\2)");
  re2::StringPiece rest(text);
  std::string op;
  std::string wanted_text;
  bool all = true;
  bool pre = false;
  bool any = false;
  while (re2::RE2::Consume(&rest, kOne, &op, &wanted_text)) {
    const std::optional<Version> wanted = parse_version(wanted_text, true);
    if (!wanted) fail("\"" + wanted_text + "\" is not a version in a constraint");
    pre = pre || !wanted->pre.empty();
    all = all && meets(version, op, *wanted);
    any = true;
  }
  if (!any || std::string_view(rest.data(), rest.size()).find_first_not_of(" \t") != std::string_view::npos)
    fail("\"" + text + "\" is not a constraint for versions");
  return all && (pre || version.pre.empty());
}

Value semvercmp(const Call& call) {
  const std::optional<Version> version = parse_version(call.text(0), false);
  if (!version) fail("\"" + call.text(0) + "\" is not a version, such as 1.2.3");
  bool met = false;
  std::string_view rest = call.text(1);
  for (;;) {
    const size_t end = rest.find("||");
    met = meets_all(*version, std::string(rest.substr(0, end))) || met;
    if (end == std::string_view::npos) return Value::boolean(met);
    rest.remove_prefix(end + 2);
  }
}

}  // namespace

std::span<const Function> version_functions() {
  constexpr uint32_t kNewer = 31;
  const Type text = Type::string();
  static const std::array kFunctions = {
      Function{"semvercmp", {{text}, {text}}, false, Type::boolean(), semvercmp, kNewer},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
