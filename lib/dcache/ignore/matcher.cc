#include "dcache/ignore/matcher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/ignore/elements.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"

namespace dcache::ignore {
namespace {

enum class PatternKind : uint8_t { kLiteral, kPrefix, kSuffix, kRegex };

struct Translation {
  PatternKind kind = PatternKind::kLiteral;
  std::string regex;
};

// How a pattern is matched. A `**` at its very start or end needs no regular expression if the rest is
// literal.
Translation translate(std::string_view pattern) {
  Translation to;
  to.regex = "^";
  bool first = true;
  const auto peek = [&] { return pattern.empty() ? '\0' : pattern[0]; };
  while (!pattern.empty()) {
    const char c = pattern[0];
    pattern.remove_prefix(1);
    if (c == '*' && peek() == '*') {
      pattern.remove_prefix(1);
      if (peek() == '/') pattern.remove_prefix(1);
      if (!pattern.empty()) {
        to.regex += "(.*/)?";
        to.kind = PatternKind::kRegex;
      } else if (to.kind == PatternKind::kLiteral) {
        to.kind = PatternKind::kPrefix;
      } else {
        to.regex += ".*";
        to.kind = PatternKind::kRegex;
      }
      if (first) to.kind = PatternKind::kSuffix;
    } else if (c == '*') {
      to.regex += "[^/]*";
      to.kind = PatternKind::kRegex;
    } else if (c == '?') {
      to.regex += "[^/]";
      to.kind = PatternKind::kRegex;
    } else if (c == '\\' && !pattern.empty()) {
      // RE2 refuses `\_`, and Go does not.
      if (pattern[0] != '_') to.regex += '\\';
      to.regex += pattern[0];
      pattern.remove_prefix(1);
      to.kind = PatternKind::kRegex;
    } else if (c == '[' || c == ']') {
      to.regex += c;
      to.kind = PatternKind::kRegex;
    } else {
      if (c == '\\' || std::string_view(".+()|{}$").find(c) != std::string_view::npos) to.regex += '\\';
      to.regex += c;
    }
    first = false;
  }
  to.regex += '$';
  return to;
}

// The part of a pattern before its first wildcard, if nothing but `*` follows it.
std::optional<std::string> literal_start(std::string_view path) {
  while (path.ends_with("/**") || path.ends_with("/*"))
    path = text::parent_path(path);
  if (path.find_first_of("*?[\\^") != std::string_view::npos) return std::nullopt;
  return std::string(path);
}

// What the builder makes of a line before it looks at it as a pattern: the path cleaned and taken from the
// root of the context.
std::string read_line(std::string_view line) {
  const bool exception = line.starts_with('!');
  std::string path(exception ? text::trim(line.substr(1)) : line);
  if (!path.empty()) path = text::clean_path(path);
  if (path.size() > 1 && path[0] == '/') path.erase(0, 1);
  return exception ? '!' + path : path;
}

// A pattern as the builder's matcher takes it: cleaned as a whole first, so that "/!" and "!/" are "!" alone,
// which leaves an empty path.
Pattern read_pattern(std::string_view pattern_text, std::string_view written, uint32_t number) {
  Pattern pattern;
  pattern.written = written;
  pattern.line = number;
  pattern.path = text::clean_path(text::trim(pattern_text));
  pattern.exception = pattern.path.starts_with('!');
  if (pattern.exception) pattern.path.erase(0, 1);
  return pattern;
}

// The builder reads a byte that is not UTF-8 as U+FFFD. Nothing if there is none.
std::optional<std::string> with_valid_characters(std::string_view text) {
  if (text::is_ascii(text)) return std::nullopt;
  std::string valid;
  for (text::Rune rune; !text.empty(); text.remove_prefix(rune.width)) {
    rune = text::decode_rune(text);
    text::append_rune(valid, rune.value);
  }
  return valid;
}

// How a pattern is compared with a path.
struct Comparison {
  PatternKind kind = PatternKind::kLiteral;
  std::string text;  // what to compare with: the whole, the start or the end
  std::optional<Elements> elements = {};
  std::unique_ptr<RE2> regex = {};

  bool matches(std::string_view path) const {
    switch (kind) {
      case PatternKind::kLiteral:
        return path == text;
      case PatternKind::kPrefix:
        return path.starts_with(text);
      case PatternKind::kSuffix:
        return path.ends_with(text) || (text.starts_with('/') && path == std::string_view(text).substr(1));
      case PatternKind::kRegex: {
        const auto valid = with_valid_characters(path);
        if (valid) path = *valid;
        if (!regex) return elements->match(path);
        return RE2::PartialMatch(text::piece(path), *regex);
      }
    }
    return false;
  }

  Pairs pairs() const {
    if (kind == PatternKind::kLiteral) return Pairs::of_path(text);
    if (kind == PatternKind::kRegex) return elements->pairs();
    Pairs pairs;
    pairs.add(text);
    if (kind == PatternKind::kPrefix && !text.empty()) pairs.add('/', text.front());
    if (kind == PatternKind::kSuffix && !text.empty()) pairs.add(text.back(), '/');
    return pairs;
  }
};

}  // namespace

// Small, since most paths are looked at with this and no more.
struct Matcher::CompiledPattern {
  Pairs pairs;  // of all paths that match
  bool exception = false;
  std::unique_ptr<Comparison> comparison;
};

Matcher::Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

tl::expected<Matcher, Error> Matcher::parse(std::string_view text, Dialect dialect) {
  if (text.starts_with(text::kByteOrderMark)) text.remove_prefix(text::kByteOrderMark.size());
  Matcher matcher;
  matcher.dialect_ = dialect;
  for (uint32_t number = 1; !text.empty(); ++number) {
    const size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view whole = text.substr(0, newline);
    const std::string_view line = text::trim(whole);
    text.remove_prefix(std::min(newline + 1, text.size()));
    if (whole.starts_with('#') || line.empty()) continue;
    if (auto error = matcher.add(read_pattern(read_line(line), line, number)))
      return tl::unexpected(std::move(*error));
  }
  return matcher;
}

tl::expected<Matcher, Error> Matcher::compile(std::span<const std::string> patterns) {
  Matcher matcher;
  uint32_t number = 0;
  for (const std::string& written : patterns) {
    ++number;
    const std::string_view line = text::trim(written);
    if (line.empty()) continue;
    if (auto error = matcher.add(read_pattern(line, line, number))) return tl::unexpected(std::move(*error));
  }
  return matcher;
}

std::optional<Error> Matcher::add(Pattern pattern) {
  if (pattern.path.empty())
    return Error{fmt::format("'{}' has no path", pattern.written),
                 "write a path after the '!', for example !src", pattern.line};
  if (!text::is_valid_glob(pattern.path)) {
    return Error{fmt::format("the pattern '{}' is not well formed", pattern.written),
                 "close every '[' and put '\\' before one that is meant literally", pattern.line};
  }
  const std::string valid = with_valid_characters(pattern.path).value_or(pattern.path);
  const Translation how = translate(valid);
  Comparison comparison{.kind = how.kind, .text = pattern.path};
  if (how.kind == PatternKind::kPrefix) comparison.text.resize(comparison.text.size() - 2);
  if (how.kind == PatternKind::kSuffix) comparison.text.erase(0, 2);
  if (how.kind == PatternKind::kRegex) comparison.elements.emplace(valid);
  if (comparison.elements && !comparison.elements->are_simple()) {
    comparison.regex = std::make_unique<RE2>(how.regex, RE2::Quiet);
    if (!comparison.regex->ok()) {
      return Error{
          fmt::format("the pattern '{}' can't be read: {}", pattern.written, comparison.regex->error()),
          "put '\\' only before wildcards", pattern.line};
    }
  }
  if (pattern.exception) {
    auto start = literal_start(pattern.path);
    any_exception_anywhere_ = any_exception_anywhere_ || !start;
    if (start) exception_prefixes_.push_back(std::move(*start) + "/");
  }
  compiled_.push_back(
      {comparison.pairs(), pattern.exception, std::make_unique<Comparison>(std::move(comparison))});
  patterns_.push_back(std::move(pattern));
  return std::nullopt;
}

Decision Matcher::decide(std::string_view path) const {
  if (patterns_.empty()) return {};
  Folder parent, folder;
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    decide(path.substr(0, slash), parent, &folder);
    std::swap(parent, folder);
  }
  return decide(path, parent);
}

Decision Matcher::decide(std::string_view path, const Folder& parent, Folder* self) const {
  Decision decision;
  if (self != nullptr) self->matched_.clear();
  const Pairs pairs = text::is_ascii(path) ? Pairs::of_path(path) : Pairs::all();
  auto above = parent.matched_.begin();
  for (size_t i = 0; i < patterns_.size(); ++i) {
    bool matched = above != parent.matched_.end() && *above == i;
    if (matched) ++above;
    if (!matched && pairs.contain(compiled_[i].pairs)) {
      // A pattern that can't change the decision is not tried, so it is not remembered for what is below
      // either.
      const bool counts = compiled_[i].exception == decision.ignored || dialect_ == Dialect::kClassic;
      matched = counts && compiled_[i].comparison->matches(path);
    }
    if (!matched) continue;
    if (self != nullptr) self->matched_.push_back(static_cast<uint32_t>(i));
    decision = {!compiled_[i].exception, &patterns_[i]};
  }
  return decision;
}

bool Matcher::may_reinclude_below(std::string_view folder) const {
  if (any_exception_anywhere_) return true;
  std::string with_slash(folder);
  with_slash += '/';
  for (const std::string& prefix : exception_prefixes_) {
    if (prefix.starts_with(with_slash)) return true;
  }
  return false;
}

const std::vector<Pattern>& Matcher::patterns() const {
  return patterns_;
}

}  // namespace dcache::ignore
