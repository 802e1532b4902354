// Compares ignore files with a model of them that follows moby/patternmatcher step by step: lines, then a
// regular expression for each pattern, then all patterns in order for a path and the folders above it.
// Sources: https://github.com/moby/patternmatcher, https://pkg.go.dev/regexp/syntax
#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/ignore/matcher.h"
#include "dcache/text/glob.h"
#include "dcache/text/unicode.h"
#include "tests/random_text.h"

namespace dcache::ignore {
namespace {

// The part of a regular expression that patterns can give: what matches one character, or none of it.
struct Atom {
  enum { kSet, kNotSet, kStart, kFolders } kind = kSet;
  std::vector<std::pair<char32_t, char32_t>> ranges = {};
  bool repeated = false;

  bool matches(char32_t character) const {
    return std::ranges::any_of(ranges, [&](const auto& range) {
             return range.first <= character && character <= range.second;
           }) == (kind == kSet);
  }
};

class Expression {
 public:
  // Nothing if Go refuses it.
  static std::optional<Expression> read(std::string_view text) {
    Expression expression;
    while (!text.empty()) {
      const auto skip = [&](std::string_view prefix) {
        const bool found = text.starts_with(prefix);
        if (found) text.remove_prefix(prefix.size());
        return found;
      };
      std::optional<Atom> atom;
      if (skip("(.*/)?")) {
        atom = Atom{Atom::kFolders};
      } else if (skip("^")) {
        atom = Atom{Atom::kStart};
      } else if (skip(".")) {
        atom = Atom{Atom::kNotSet, {{'\n', '\n'}}};
      } else if (skip("[")) {
        atom = read_class(text);
      } else if (const auto character = read_character(text)) {
        atom = Atom{Atom::kSet, {{*character, *character}}};
      }
      if (!atom) return std::nullopt;
      atom->repeated = skip("*");
      expression.atoms_.push_back(*atom);
    }
    return expression;
  }

  bool matches(std::string_view path) const { return matches(path, 0, true); }

 private:
  static std::optional<char32_t> read_character(std::string_view& text) {
    const bool escaped = text[0] == '\\';
    if (escaped) text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    const text::Rune rune = text::decode_rune(text);
    text.remove_prefix(rune.width);
    if (escaped && rune.value == 'a') return '\a';
    // Only punctuation may be escaped, and letters that mean something.
    if (escaped && (rune.value == 'm' || rune.value > 0x7F)) return std::nullopt;
    return rune.value;
  }

  static std::optional<Atom> read_class(std::string_view& text) {
    Atom atom;
    if (text.starts_with('^')) {
      atom.kind = Atom::kNotSet;
      text.remove_prefix(1);
    }
    do {
      if (text.empty()) return std::nullopt;
      const auto low = read_character(text);
      auto high = low;
      if (text.size() > 1 && text[0] == '-' && text[1] != ']') {
        text.remove_prefix(1);
        high = read_character(text);
      }
      if (!low || !high || *low > *high) return std::nullopt;
      atom.ranges.emplace_back(*low, *high);
    } while (!text.starts_with(']'));
    text.remove_prefix(1);
    return atom;
  }

  // Tries every way.
  bool matches(std::string_view path, size_t at, bool is_start) const {
    if (at == atoms_.size()) return path.empty();
    const Atom& atom = atoms_[at];
    if (atom.kind == Atom::kStart) return is_start && matches(path, at + 1, is_start);
    if (atom.kind == Atom::kFolders) {
      if (matches(path, at + 1, is_start)) return true;
      for (size_t i = 0; i < path.size() && path[i] != '\n'; ++i) {
        if (path[i] == '/' && matches(path.substr(i + 1), at + 1, false)) return true;
      }
      return false;
    }
    if (atom.repeated && matches(path, at + 1, is_start)) return true;
    const text::Rune first = text::decode_rune(path);
    if (path.empty() || !atom.matches(first.value)) return false;
    return matches(path.substr(first.width), at + (atom.repeated ? 0 : 1), false);
  }

  std::vector<Atom> atoms_;
};

// filepath.Clean
std::string clean(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string> names;
  for (size_t at = 0; at <= path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string name(path.substr(at, slash - at));
    at = slash + 1;
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      names.push_back(name);
    } else if (!names.empty() && names.back() != "..") {
      names.pop_back();
    } else if (!rooted) {
      names.push_back(name);
    }
  }
  std::string cleaned = rooted ? "/" : "";
  for (size_t i = 0; i < names.size(); ++i)
    cleaned += (i == 0 ? "" : "/") + names[i];
  return cleaned.empty() ? "." : cleaned;
}

struct ModelPattern {
  bool exclusion = false;
  std::string path;
  enum { kExact, kPrefix, kSuffix, kExpression } kind = kExact;
  std::optional<Expression> expression = {};

  bool matches(std::string_view of) const {
    switch (kind) {
      case kExact:
        return of == path;
      case kPrefix:
        return of.starts_with(std::string_view(path).substr(0, path.size() - 2));
      case kSuffix:
        return of.ends_with(std::string_view(path).substr(2)) || "**/" + std::string(of) == path;
      case kExpression:
        return expression->matches(of);
    }
    return false;
  }
};

// Pattern.compile
void compile(ModelPattern& pattern) {
  std::string expression;
  const std::string_view path = pattern.path;
  for (size_t at = 0; at < path.size();) {
    const bool first = at == 0;
    const char c = path[at++];
    if (c == '*' && at < path.size() && path[at] == '*') {
      ++at;
      if (at < path.size() && path[at] == '/') ++at;
      const bool last = at == path.size();
      expression += last ? ".*" : "(.*/)?";
      const bool is_prefix = last && pattern.kind == ModelPattern::kExact;
      pattern.kind = first       ? ModelPattern::kSuffix
                     : is_prefix ? ModelPattern::kPrefix
                                 : ModelPattern::kExpression;
    } else if (c == '*' || c == '?') {
      expression += c == '*' ? "[^/]*" : "[^/]";
      pattern.kind = ModelPattern::kExpression;
    } else if (c == '\\') {
      expression += {'\\', path[at++]};
      pattern.kind = ModelPattern::kExpression;
    } else if (c == '[' || c == ']') {
      expression += c;
      pattern.kind = ModelPattern::kExpression;
    } else {
      if (c == '.' || c == '$') expression += '\\';
      expression += c;
    }
  }
  if (pattern.kind == ModelPattern::kExpression) pattern.expression = Expression::read(expression);
}

// ignorefile.ReadAll and patternmatcher.New; nothing if a pattern is refused.
std::optional<std::vector<ModelPattern>> read_model(const std::vector<std::string>& lines, bool of_file) {
  std::vector<ModelPattern> patterns;
  for (const std::string& line : lines) {
    if (of_file && line.starts_with('#')) continue;
    std::string path(text::trim(line));
    if (path.empty()) continue;
    if (of_file) {
      const bool exclusion = path[0] == '!';
      if (exclusion) path = text::trim(path.substr(1));
      if (!path.empty()) path = clean(path);
      if (path.size() > 1 && path[0] == '/') path.erase(0, 1);
      if (exclusion) path.insert(0, "!");
    }
    ModelPattern pattern{.path = clean(text::trim(path))};
    pattern.exclusion = pattern.path[0] == '!';
    if (pattern.exclusion) pattern.path.erase(0, 1);
    if (pattern.path.empty() || !text::is_valid_glob(pattern.path)) return std::nullopt;
    compile(pattern);
    if (pattern.kind == ModelPattern::kExpression && !pattern.expression) return std::nullopt;
    patterns.push_back(pattern);
  }
  return patterns;
}

// MatchesUsingParentResults, from the root down to the path.
bool is_ignored(const std::vector<ModelPattern>& patterns, const std::string& path) {
  std::vector<bool> of_parent(patterns.size());
  for (size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    bool ignored = false;
    std::vector<bool> of_path(patterns.size());
    for (size_t i = 0; i < patterns.size(); ++i) {
      const bool counts = patterns[i].exclusion == ignored;
      of_path[i] = of_parent[i] || (counts && patterns[i].matches(path.substr(0, slash)));
      if (of_path[i]) ignored = !patterns[i].exclusion;
    }
    if (slash == std::string::npos) return ignored;
    of_parent = of_path;
  }
}

// MatchesOrParentMatches
bool is_ignored_by_classic(const std::vector<ModelPattern>& patterns, const std::string& path) {
  bool ignored = false;
  for (const ModelPattern& pattern : patterns) {
    bool matched = pattern.matches(path);
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      matched = matched || pattern.matches(path.substr(0, slash));
    if (matched) ignored = !pattern.exclusion;
  }
  return ignored;
}

TEST(MatcherModel, AgreesOnRandomFiles) {
  const tests::RandomText::Parts line_parts = {"a",   "a", "a", "m",     "m",    "ä",    "_",    "/",  "/",
                                               "/",   "*", "*", "*",     "**",   "**/",  "/**/", "?",  ".",
                                               "!",   "[", "]", "[a-m]", "[ma]", "[^a]", "[.*]", "\\", "\\_",
                                               "\\-", "^", "$", "-",     " ",    "#",    "\xFF"};
  const tests::RandomText::Parts path_parts = {"a", "a", "a", "m", "m", "ä",  "_",   "/",
                                               "/", "/", ".", "-", "^", "a*", "\xFF"};
  constexpr size_t kPaths = 40;
  tests::RandomText random(12);
  size_t ignored = 0, not_ignored = 0, refused = 0, taken_back = 0;
  for (size_t i = 0; i < tests::kComparisons / kPaths; ++i) {
    std::vector<std::string> lines;
    std::string text;
    for (uint32_t count = 1 + random.below(4); count > 0; --count) {
      lines.push_back((random.below(3) == 0 ? "!" : "") + random.of(line_parts, 1, 5));
      text += lines.back() + '\n';
    }
    const bool of_file = random.below(4) != 0;
    const bool classic = of_file && random.below(4) == 0;
    const auto dialect = classic ? Matcher::Dialect::kClassic : Matcher::Dialect::kBuildkit;
    const auto model = read_model(lines, of_file);
    const auto matcher = of_file ? Matcher::parse(text, dialect) : Matcher::compile(lines);
    ASSERT_EQ(matcher.has_value(), model.has_value()) << text;
    if (!model) refused += kPaths;
    for (size_t j = 0; model && j < kPaths; ++j) {
      std::string path = clean(random.of(path_parts, 1, 7));
      if (path.starts_with('/')) path.erase(0, 1);
      if (path.empty()) continue;
      const bool expected = classic ? is_ignored_by_classic(*model, path) : is_ignored(*model, path);
      const Decision decision = matcher->decide(path);
      ASSERT_EQ(decision.ignored, expected) << "'" << path << "' with\n"
                                            << text << (classic ? "classic" : "");
      const size_t slash = path.rfind('/');
      const bool in_ignored = slash != std::string::npos && matcher->decide(path.substr(0, slash)).ignored;
      ASSERT_TRUE(expected || !in_ignored || matcher->may_reinclude_below(path.substr(0, slash)))
          << "'" << path << "' with\n"
          << text;
      taken_back += decision.pattern != nullptr && !expected ? 1 : 0;
      ++(expected ? ignored : not_ignored);
    }
  }
  std::cout << ignored << " ignored, " << not_ignored << " not, " << taken_back
            << " of them by an exception, " << refused << " refused\n";
  EXPECT_GT(ignored, tests::kComparisons / 20);
  EXPECT_GT(not_ignored, tests::kComparisons / 10);
  EXPECT_GT(taken_back, tests::kComparisons / 100);
  EXPECT_GT(refused, tests::kComparisons / 20);
}

}  // namespace
}  // namespace dcache::ignore
