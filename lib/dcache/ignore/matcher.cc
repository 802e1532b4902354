#include "dcache/ignore/matcher.h"

#include <algorithm>
#include <optional>
#include <utility>

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

// The part of a pattern before its first wildcard, if nothing but `*` follows it.
std::optional<std::string> literal_start(std::string_view path) {
  while (path.ends_with("/**") || path.ends_with("/*"))
    path = text::parent_path(path);
  if (path.find_first_of("*?[\\") != std::string_view::npos) return std::nullopt;
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

// A pattern as a row of steps through a path: what almost all patterns are made of. Classes, escapes and `**`
// in odd places are left to a regular expression.
class Steps {
 public:
  // Nothing for a pattern that needs a regular expression.
  static std::optional<Steps> of(std::string_view pattern) {
    Steps steps;
    for (size_t at = 0; at < pattern.size();) {
      const char c = pattern[at];
      const bool at_segment = at == 0 || pattern[at - 1] == '/';
      if (c == '[' || c == ']' || c == '\\') return std::nullopt;
      if (pattern.substr(at).starts_with("**")) {
        at += 2;
        const bool slash = at < pattern.size() && pattern[at] == '/';
        if (slash) ++at;
        const bool last = at == pattern.size();
        if (!at_segment || (!slash && !last)) return std::nullopt;
        steps.steps_.push_back({last ? Kind::kRest : Kind::kFolders, {}});
      } else if (c == '*' || c == '?') {
        steps.steps_.push_back({c == '*' ? Kind::kName : Kind::kCharacter, {}});
        ++at;
      } else {
        const size_t end = std::min(pattern.find_first_of("*?[]\\", at), pattern.size());
        steps.steps_.push_back({Kind::kText, std::string(pattern.substr(at, end - at))});
        at = end;
      }
    }
    if (steps.steps_.empty()) return std::nullopt;
    return steps;
  }

  // `*` is given one character more at a time, and where that can't help `**/` one folder more. Only the last
  // of each has to be tried again: what stood before it has matched as early as possible, and it can take all
  // that a later match of that would leave.
  bool match(std::string_view path) const {
    Retry name, folders;
    size_t step = 0;
    size_t at = 0;
    while (true) {
      bool fits = false;
      if (step == steps_.size()) {
        if (at == path.size()) return true;
      } else {
        const Step& now = steps_[step];
        switch (now.kind) {
          case Kind::kText:
            fits = path.substr(at).starts_with(now.text);
            if (fits) at += now.text.size();
            break;
          case Kind::kCharacter:
            fits = at < path.size() && path[at] != '/';
            if (fits) at += text::decode_rune(path.substr(at)).width;
            break;
          case Kind::kName:
            name = {step, at};
            fits = true;
            break;
          case Kind::kFolders:
            folders = {step, at};
            name = {};
            fits = true;
            break;
          case Kind::kRest:
            // As with the regular expressions of the builder, a line end is not a character for `**`.
            return path.find('\n', at) == std::string_view::npos;
        }
        ++step;
      }
      if (fits) continue;
      if (name.at < path.size() && path[name.at] != '/') {
        name.at += text::decode_rune(path.substr(name.at)).width;
        step = name.step + 1;
        at = name.at;
        continue;
      }
      if (folders.at >= path.size()) return false;
      const size_t slash = path.find('/', folders.at);
      if (slash == std::string_view::npos ||
          path.substr(folders.at, slash - folders.at).find('\n') != std::string_view::npos)
        return false;
      folders.at = slash + 1;
      name = {};
      step = folders.step + 1;
      at = folders.at;
    }
  }

  // The bytes that every match starts and ends with; empty where they can be any.
  std::string_view start() const {
    return steps_.front().kind == Kind::kText ? steps_.front().text : std::string_view();
  }
  std::string_view end() const {
    return steps_.back().kind == Kind::kText ? steps_.back().text : std::string_view();
  }

 private:
  enum class Kind : uint8_t {
    kText,
    kName,       // `*`: any characters but '/'
    kCharacter,  // `?`: one of them
    kFolders,    // `**/` at the start of a name: nothing, or any folders
    kRest,       // `**` at the end
  };
  struct Step {
    Kind kind;
    std::string text;
  };
  // Where to go on when the steps after `step` fail: with the path from `at`.
  struct Retry {
    size_t step = 0;
    size_t at = std::string_view::npos;
  };

  std::vector<Step> steps_;
};

// What a path has to look like at its ends to be worth a closer look: almost none is.
struct Ends {
  char first = '\0';  // '\0': any
  char last = '\0';

  static Ends of(std::string_view start, std::string_view end) {
    return {start.empty() ? '\0' : start.front(), end.empty() ? '\0' : end.back()};
  }
  bool fit(char path_first, char path_last) const {
    return (first == '\0' || first == path_first) && (last == '\0' || last == path_last);
  }
};

}  // namespace

struct Matcher::Compiled {
  Kind kind = Kind::kLiteral;
  bool exception = false;
  Ends ends = {};
  std::string text;  // what to compare with: the whole, the start or the end
  std::optional<Steps> steps = {};
  std::unique_ptr<RE2> regex = {};

  bool matches(std::string_view path) const {
    switch (kind) {
      case Kind::kLiteral:
        return path == text;
      case Kind::kPrefix:
        return path.starts_with(text);
      case Kind::kSuffix:
        return path.ends_with(text) || (text.starts_with('/') && path == std::string_view(text).substr(1));
      case Kind::kRegex:
        if (steps) return steps->match(path);
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
  const Translation how = translate(pattern.path);
  Compiled compiled{.kind = how.kind, .exception = pattern.exception, .text = pattern.path};
  if (how.kind == Kind::kPrefix) compiled.text.resize(compiled.text.size() - 2);
  if (how.kind == Kind::kSuffix) compiled.text.erase(0, 2);
  if (how.kind == Kind::kRegex) compiled.steps = Steps::of(pattern.path);
  if (how.kind == Kind::kLiteral) compiled.ends = Ends::of(compiled.text, compiled.text);
  if (how.kind == Kind::kPrefix) compiled.ends = Ends::of(compiled.text, {});
  if (how.kind == Kind::kSuffix) compiled.ends = Ends::of({}, compiled.text);
  if (compiled.steps) compiled.ends = Ends::of(compiled.steps->start(), compiled.steps->end());
  if (how.kind == Kind::kRegex && !compiled.steps) {
    compiled.regex = std::make_unique<RE2>(how.regex, RE2::Quiet);
    if (!compiled.regex->ok()) {
      return Error{
          fmt::format("the pattern '{}' can't be read: {}", pattern.written, compiled.regex->error()),
          "put '\\' only before wildcards", pattern.line};
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
  const char first = path.empty() ? '\0' : path.front();
  const char last = path.empty() ? '\0' : path.back();
  auto above = parent.matched_.begin();
  for (size_t i = 0; i < patterns_.size(); ++i) {
    bool matched = above != parent.matched_.end() && *above == i;
    if (matched) ++above;
    // A pattern that can't change the decision is not tried, so it is not remembered for what is below
    // either.
    const bool counts = compiled_[i].exception == decision.ignored || dialect_ == Dialect::kClassic;
    if (!matched && counts && compiled_[i].ends.fit(first, last)) matched = compiled_[i].matches(path);
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
