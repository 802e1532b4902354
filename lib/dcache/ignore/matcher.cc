#include "dcache/ignore/matcher.h"

#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::ignore {
namespace {

enum class Kind : uint8_t { kLiteral, kPrefix, kSuffix, kRegex };

struct Translation {
  Kind kind = Kind::kLiteral;
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
        to.kind = Kind::kRegex;
      } else if (to.kind == Kind::kLiteral) {
        to.kind = Kind::kPrefix;
      } else {
        to.regex += ".*";
        to.kind = Kind::kRegex;
      }
      if (first) to.kind = Kind::kSuffix;
    } else if (c == '*') {
      to.regex += "[^/]*";
      to.kind = Kind::kRegex;
    } else if (c == '?') {
      to.regex += "[^/]";
      to.kind = Kind::kRegex;
    } else if (c == '\\' && !pattern.empty()) {
      to.regex += '\\';
      to.regex += pattern[0];
      pattern.remove_prefix(1);
      to.kind = Kind::kRegex;
    } else if (c == '[' || c == ']') {
      to.regex += c;
      to.kind = Kind::kRegex;
    } else {
      if (c == '\\' || std::string_view(".+()|{}$").find(c) != std::string_view::npos) to.regex += '\\';
      to.regex += c;
    }
    first = false;
  }
  to.regex += '$';
  return to;
}

// The part of a pattern in front of its first wildcard, if nothing but `*` follows it.
std::optional<std::string> literal_start(std::string_view path) {
  while (path.ends_with("/**") || path.ends_with("/*"))
    path = text::parent_path(path);
  if (path.find_first_of("*?[\\") != std::string_view::npos) return std::nullopt;
  return std::string(path);
}

// A line without the white space around it, cleaned. "!" alone leaves an empty path.
Pattern read_pattern(std::string_view line, uint32_t number) {
  Pattern pattern;
  pattern.written = line;
  pattern.line = number;
  pattern.exception = line.starts_with('!');
  if (pattern.exception) line = text::trim(line.substr(1));
  if (!line.empty()) pattern.path = text::clean_path(line);
  return pattern;
}

}  // namespace

struct Matcher::Compiled {
  Kind kind = Kind::kLiteral;
  std::string text;  // what to compare with: the whole, the start or the end
  std::unique_ptr<RE2> regex;

  bool matches(std::string_view path) const {
    switch (kind) {
      case Kind::kLiteral:
        return path == text;
      case Kind::kPrefix:
        return path.starts_with(text);
      case Kind::kSuffix:
        return path.ends_with(text) || (text.starts_with('/') && path == std::string_view(text).substr(1));
      case Kind::kRegex:
        return RE2::PartialMatch(re2::StringPiece(path.data(), path.size()), *regex);
    }
    return false;
  }
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
    Pattern pattern = read_pattern(line, number);
    if (pattern.path.size() > 1 && pattern.path[0] == '/') pattern.path.erase(0, 1);
    if (auto error = matcher.add(std::move(pattern))) return tl::unexpected(std::move(*error));
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
    if (auto error = matcher.add(read_pattern(line, number))) return tl::unexpected(std::move(*error));
  }
  return matcher;
}

std::optional<Error> Matcher::add(Pattern pattern) {
  if (pattern.path.empty())
    return Error{"'!' stands alone", "write the path to keep behind it", pattern.line};
  if (!text::is_valid_glob(pattern.path)) {
    return Error{fmt::format("the pattern '{}' is not well formed", pattern.written),
                 "close every '[' and put '\\' in front of one that is meant literally", pattern.line};
  }
  const Translation how = translate(pattern.path);
  Compiled compiled{how.kind, pattern.path, nullptr};
  if (how.kind == Kind::kPrefix) compiled.text.resize(compiled.text.size() - 2);
  if (how.kind == Kind::kSuffix) compiled.text.erase(0, 2);
  if (how.kind == Kind::kRegex) {
    compiled.regex = std::make_unique<RE2>(how.regex, RE2::Quiet);
    if (!compiled.regex->ok()) {
      return Error{
          fmt::format("the pattern '{}' can't be read: {}", pattern.written, compiled.regex->error()),
          "put '\\' only in front of wildcards", pattern.line};
    }
  }
  if (pattern.exception) {
    auto start = literal_start(pattern.path);
    any_exception_anywhere_ = any_exception_anywhere_ || !start;
    if (start) exception_prefixes_.push_back(std::move(*start) + "/");
  }
  patterns_.push_back(std::move(pattern));
  compiled_.push_back(std::move(compiled));
  return std::nullopt;
}

Decision Matcher::decide(std::string_view path) const {
  Folder folder;
  if (patterns_.empty()) return {};
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    const Folder parent = std::move(folder);
    folder = {};
    decide(path.substr(0, slash), parent, &folder);
  }
  return decide(path, folder);
}

Decision Matcher::decide(std::string_view path, const Folder& parent, Folder* self) const {
  Decision decision;
  if (self != nullptr) self->matched_.assign(patterns_.size(), false);
  for (size_t i = 0; i < patterns_.size(); ++i) {
    bool matched = !parent.matched_.empty() && parent.matched_[i];
    // A pattern that can't change the decision is not tried, so it is not remembered for what is below
    // either.
    const bool counts = patterns_[i].exception == decision.ignored || dialect_ == Dialect::kClassic;
    if (!matched && counts) matched = compiled_[i].matches(path);
    if (!matched) continue;
    if (self != nullptr) self->matched_[i] = true;
    decision = {!patterns_[i].exception, &patterns_[i]};
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
