#include "dcache/dockerfile/expand.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/dockerfile/expand_limits.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

using text::Rune;

// `${a:-${b:-…}}` nests; nobody's file needs more, and the stack is finite.
constexpr int kDeepest = 200;
constexpr char kNoStop = '\0';
constexpr char kSearchedTooMuch[] = "the patterns look at more than 10 MB of values";
constexpr char kMatchedTooOften[] = "the pattern matches more than 100,000 times";
constexpr char kTooLong[] = "the value gets longer than 1 MB";

// Collects words while text is added character by character.
class WordCollector {
 public:
  void add_rune(char32_t rune, uint32_t begin, uint32_t end) {
    if (!text::is_space(rune)) {
      add_raw_rune(rune, begin, end);
    } else if (!current_.text.empty()) {
      words_.push_back(std::exchange(current_, {}));
    }
  }
  void add_raw_rune(char32_t rune, uint32_t begin, uint32_t end) {
    extend(begin, end);
    text::append_rune(current_.text, rune);
  }
  void add_value(std::string_view value, uint32_t begin, uint32_t end) {
    while (!value.empty()) {
      const Rune rune = text::decode_rune(value);
      add_rune(rune.value, begin, end);
      value.remove_prefix(rune.width);
    }
  }
  void add_raw(std::string_view value, uint32_t begin, uint32_t end) {
    extend(begin, end);
    current_.text += value;
  }
  // Forgets the start of a word: BuildKit does when it comes to the text inside a variable, such as the `b`
  // of
  // `${a:-b}`, since that is collected in the same place.
  void drop() { current_ = {}; }
  std::vector<ExpandedWord> take() {
    if (!current_.text.empty()) words_.push_back(std::exchange(current_, {}));
    return std::move(words_);
  }

 private:
  void extend(uint32_t begin, uint32_t end) {
    if (current_.text.empty()) current_.begin = begin;
    current_.end = end;
  }

  std::vector<ExpandedWord> words_;
  ExpandedWord current_;
};

// Takes letters, digits and `_`.
std::string_view take_name(std::string_view& text) {
  const std::string_view whole = text;
  while (!text.empty()) {
    const Rune rune = text::decode_rune(text);
    if (!text::is_letter(rune.value) && !text::is_digit(rune.value) && rune.value != '_') break;
    text.remove_prefix(rune.width);
  }
  return whole.substr(0, whole.size() - text.size());
}

// A shell pattern as a regular expression. `\` may come before `*`, `?` and itself, and before the `}` and
// `/` that would end the pattern.
tl::expected<std::string, std::string> pattern_to_regex(std::string_view pattern, bool greedy,
                                                        bool anchored) {
  std::string regex(anchored ? "^" : "");
  for (size_t at = 0; at < pattern.size();) {
    Rune rune = text::decode_rune(pattern.substr(at));
    at += rune.width;
    if (rune.value == '*') {
      regex += greedy ? ".*" : ".*?";
      continue;
    }
    if (rune.value == '?') {
      regex += '.';
      continue;
    }
    if (rune.value == '\\') {
      if (at >= pattern.size()) return tl::unexpected<std::string>("the pattern ends with a backslash");
      rune = text::decode_rune(pattern.substr(at));
      if (std::u32string_view(U"*?\\}/").find(rune.value) == std::u32string_view::npos)
        return tl::unexpected<std::string>("a backslash in a pattern escapes only '*', '?' and '\\'");
      at += rune.width;
    }
    std::string literal;
    text::append_rune(literal, rune.value);
    regex += RE2::QuoteMeta(literal);
  }
  return regex;
}

std::string reversed_text(std::string_view value) {
  std::string reversed;
  reversed.reserve(value.size());
  std::vector<char32_t> runes;
  for (; !value.empty(); value.remove_prefix(text::decode_rune(value).width))
    runes.push_back(text::decode_rune(value).value);
  for (auto rune = runes.rbegin(); rune != runes.rend(); ++rune)
    text::append_rune(reversed, *rune);
  return reversed;
}

// A pattern back to front; an escape stays before what it escapes.
std::string reversed_pattern(std::string_view pattern) {
  std::string reversed(pattern.size(), ' ');
  for (size_t end = pattern.size(); !pattern.empty(); end = pattern.size()) {
    size_t width = text::decode_rune(pattern).width;
    if (pattern[0] == '\\' && pattern.size() > 1) width += text::decode_rune(pattern.substr(1)).width;
    std::ranges::copy(pattern.substr(0, width), reversed.begin() + static_cast<std::ptrdiff_t>(end - width));
    pattern.remove_prefix(width);
  }
  return reversed;
}

tl::expected<std::string, std::string> trim_prefix(std::string_view pattern, std::string_view value,
                                                   bool greedy) {
  const auto regex = pattern_to_regex(pattern, greedy, true);
  if (!regex) return tl::unexpected(regex.error());
  const RE2 matcher(*regex, RE2::Quiet);
  re2::StringPiece match;
  const re2::StringPiece input = text::piece(value);
  if (!matcher.ok() || !matcher.Match(input, 0, input.size(), RE2::UNANCHORED, &match, 1)) {
    return std::string(value);
  }
  return std::string(value.substr(match.size()));
}

tl::expected<std::string, std::string> trim_suffix(std::string_view pattern, std::string_view value,
                                                   bool greedy) {
  auto rest = trim_prefix(reversed_pattern(pattern), reversed_text(value), greedy);
  if (!rest) return rest;
  return reversed_text(*rest);
}

// Adds the replacement of `//`, which is a template of Go's regular expressions: `$name` and `${name}` are
// groups of the pattern, and it has none but `$0`, the whole match. `$$` is `$`. Stops if the result gets too
// long.
void append_replacement(std::string& result, std::string_view replacement, std::string_view match) {
  while (!replacement.empty() && result.size() <= kLongestValue) {
    const size_t dollar = std::min(replacement.find('$'), replacement.size());
    result += replacement.substr(0, dollar);
    if (dollar == replacement.size()) return;
    replacement.remove_prefix(dollar + 1);
    const bool brace = replacement.starts_with('{');
    std::string_view rest = replacement.substr(brace ? 1 : 0);
    const std::string_view name = take_name(rest);
    const bool is_group = !name.empty() && (!brace || rest.starts_with('}'));
    if (is_group) {
      if (name == "0") result += match;
      replacement = rest.substr(brace ? 1 : 0);
    } else {
      result += '$';
      if (replacement.starts_with('$')) replacement.remove_prefix(1);
    }
  }
}

tl::expected<std::string, std::string> replace(std::string_view pattern, std::string_view value,
                                               std::string_view replacement, bool all) {
  const auto regex = pattern_to_regex(pattern, true, false);
  if (!regex) return tl::unexpected(regex.error());
  const RE2 matcher(*regex, RE2::Quiet);
  const re2::StringPiece input = text::piece(value);
  std::string result;
  size_t at = 0, copied = 0, matches = 0;
  re2::StringPiece match;
  while (at <= value.size() && matcher.Match(input, at, input.size(), RE2::UNANCHORED, &match, 1)) {
    if (++matches > kMostMatches) return tl::unexpected<std::string>(kMatchedTooOften);
    const auto begin = static_cast<size_t>(match.data() - value.data());
    const size_t end = begin + match.size();
    result += value.substr(copied, begin - copied);
    if (!all) return result.append(replacement).append(value.substr(end));
    // An empty match right after another one does not count.
    if (end > copied || begin == 0)
      append_replacement(result, replacement, std::string_view(match.data(), match.size()));
    if (result.size() > kLongestValue) return tl::unexpected<std::string>(kTooLong);
    copied = end;
    at = std::max<size_t>(end, at + std::max(1U, text::decode_rune(value.substr(at)).width));
  }
  if (copied < value.size()) result += value.substr(copied);
  return result;
}

bool is_special_parameter(char c) {
  return c != 0 && std::string_view("@*#?-$!0").find(c) != std::string_view::npos;
}

class Expander {
 public:
  Expander(std::string_view text, const Lookup& lookup, const ExpandOptions& options)
      : text_(text), lookup_(lookup), options_(options) {}

  using Result = tl::expected<std::string, ExpandError>;

  // Up to `stop`, which is consumed, or to the end of the text. `words` may be null.
  Result run(char stop, bool keep_escapes, WordCollector* words) {
    if (++depth_ > kDeepest) return fail("variables are nested too deeply");
    if (words != nullptr) words_ = words;
    if (words == nullptr && words_ != nullptr) words_->drop();
    const bool outer_escapes = std::exchange(options_.keep_escapes, keep_escapes);
    Result result = run_inner(stop, words);
    options_.keep_escapes = outer_escapes;
    --depth_;
    return result;
  }

 private:
  Result run_inner(char stop, WordCollector* words) {
    std::string result;
    while (!at_end()) {
      const char c = text_[at_];
      const uint32_t begin = at_;
      if (stop != kNoStop && c == stop) {
        ++at_;
        return result;
      }
      if (words != nullptr && c == '<') {
        const std::string_view marker = take_heredoc_marker();
        result += marker;
        words->add_raw(marker, begin, at_);
        continue;
      }
      const bool quote = !options_.plain_quotes && (c == '\'' || c == '"');
      if (quote || c == '$') {
        Result part = c == '$' ? dollar() : c == '"' ? double_quoted() : single_quoted();
        if (!part) return part;
        result += *part;
        if (is_too_long(result)) return fail_at(begin, kTooLong);
        if (words != nullptr && quote) words->add_raw(*part, begin, at_);
        if (words != nullptr && !quote) words->add_value(*part, begin, at_);
        continue;
      }
      if (words == nullptr && take_plain(stop, result)) continue;
      Rune rune = next();
      const bool escaped = rune.value == static_cast<unsigned char>(options_.escape);
      if (escaped && options_.keep_escapes) {
        text::append_rune(result, rune.value);
        if (words != nullptr) words->add_raw_rune(rune.value, begin, at_);
      }
      if (escaped) {
        if (at_end()) break;
        rune = next();
      }
      text::append_rune(result, rune.value);
      if (words != nullptr && escaped) words->add_raw_rune(rune.value, begin, at_);
      if (words != nullptr && !escaped) words->add_rune(rune.value, begin, at_);
    }
    if (stop != kNoStop) return fail(fmt::format("'{}' is missing at the end of a variable", stop));
    return result;
  }

  // A `<`, or `<<` with the white space that may come before the name of a heredoc.
  std::string_view take_heredoc_marker() {
    const uint32_t begin = at_++;
    if (!at_end() && text_[at_] == '<') {
      ++at_;
      while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r'))
        ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  Result single_quoted() {
    const uint32_t begin = at_++;
    const size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) return fail_at(begin, "the single quote is not closed");
    std::string inside;
    while (at_ < end)
      text::append_rune(inside, next().value);
    ++at_;
    return options_.keep_quotes ? "'" + inside + "'" : inside;
  }

  Result double_quoted() {
    const uint32_t begin = at_++;
    std::string result(options_.keep_quotes ? "\"" : "");
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        if (options_.keep_quotes) result += '"';
        return result;
      }
      if (c == '$') {
        Result value = dollar();
        if (!value) return value;
        result += *value;
        if (is_too_long(result)) return fail_at(begin, kTooLong);
        continue;
      }
      if (take_plain('"', result)) continue;
      Rune rune = next();
      if (rune.value == static_cast<unsigned char>(options_.escape)) {
        if (options_.keep_escapes) text::append_rune(result, rune.value);
        if (at_end()) break;
        const char behind = text_[at_];
        if (behind == '"' || behind == '$' || behind == options_.escape) rune = next();
      }
      text::append_rune(result, rune.value);
    }
    return fail_at(begin, "the double quote is not closed");
  }

  // A `$` and what belongs to it.
  Result dollar() {
    ++at_;
    if (at_end()) return "$";
    if (text_[at_] == '{') return braced();
    const std::string name = read_name();
    if (name.empty()) return "$";
    const auto value = lookup_needed(name);
    if (!value && options_.keep_unset) return "$" + name;
    return std::string(value.value_or(""));
  }

  Result braced() {
    const uint32_t begin = at_ - 1;
    ++at_;
    if (!at_end() && (text_[at_] == '{' || text_[at_] == '}' || text_[at_] == ':'))
      return fail_at(begin, "a variable has no name");
    const std::string name = read_name();
    if (at_end()) return fail_at(begin, "'}' is missing at the end of a variable");
    const char32_t modifier = next().value;
    if (modifier == '}') {
      const auto value = lookup_needed(name);
      if (!value && options_.keep_unset) return "${" + name + "}";
      return std::string(value.value_or(""));
    }
    if (modifier == '/') return substitution(begin, name);
    const bool colon = modifier == ':';
    const char32_t action = colon && !at_end() ? next().value : modifier;
    const std::u32string_view actions = colon ? U"+-?" : U"+-?#%";
    if (actions.find(action) == std::u32string_view::npos)
      return unknown_modifier(begin, name, action, colon);
    return modified(begin, name, static_cast<char>(action), colon);
  }

  Result unknown_modifier(uint32_t begin, const std::string& name, char32_t action, bool colon) {
    std::string modifier(colon ? ":" : "");
    if (!colon || action != ':') text::append_rune(modifier, action);
    // After a colon BuildKit reads the rest, and looks the variable up, before it says so.
    if (colon && action != '#' && action != '%') {
      const Result word = run('}', false, nullptr);
      const bool set = !word || lookup_(name);
      if (!set && options_.keep_unset) {
        std::string kept = "${" + name + ":";
        text::append_rune(kept, action);
        return kept + *word + "}";
      }
    }
    return fail_at(begin, fmt::format("'{}' is not a known way to modify a variable", modifier));
  }

  Result modified(uint32_t begin, const std::string& name, char action, bool null_is_unset) {
    const bool trims = action == '#' || action == '%';
    Result word = run('}', trims, nullptr);
    if (!word) return word;
    const auto value = lookup_(name);
    if (!value && options_.keep_unset)
      return fmt::format("${{{}{}{}{}}}", name, null_is_unset ? ":" : "", action, *word);
    const bool set = value && !(null_is_unset && value->empty());
    switch (action) {
      case '-':
        return set ? std::string(*value) : *word;
      case '+':
        return set ? *word : std::string();
      case '?':
        if (set) return std::string(*value);
        return tl::unexpected(ExpandError{
            word->empty() ? fmt::format("{} must be set", name) : fmt::format("{}: {}", name, *word), begin,
            true});
      default:
        return trimmed(begin, action, *word, value.value_or(""));
    }
  }

  bool is_too_long(const std::string& result) const { return result.size() > text_.size() + kLongestValue; }

  // False if all patterns of the text together have looked at too much.
  bool may_search(std::string_view value) {
    searched_ += value.size();
    return searched_ <= kMostSearched;
  }

  Result trimmed(uint32_t begin, char action, std::string_view pattern, std::string_view value) {
    if (!may_search(value)) return fail_at(begin, kSearchedTooMuch);
    const bool greedy = pattern.starts_with(action);
    if (greedy) pattern.remove_prefix(1);
    auto result = action == '%' ? trim_suffix(pattern, value, greedy) : trim_prefix(pattern, value, greedy);
    if (!result) return fail_at(begin, result.error());
    return std::move(*result);
  }

  Result substitution(uint32_t begin, const std::string& name) {
    const bool all = !at_end() && text_[at_] == '/';
    if (all) ++at_;
    Result pattern = run('/', true, nullptr);
    if (!pattern) return pattern;
    Result replacement = run('}', true, nullptr);
    if (!replacement) return replacement;
    const auto value = lookup_(name);
    if (!value && options_.keep_unset) return fmt::format("${{{}/{}/{}}}", name, *pattern, *replacement);
    if (!may_search(value.value_or(""))) return fail_at(begin, kSearchedTooMuch);
    auto result = replace(*pattern, value.value_or(""), *replacement, all);
    if (!result) return fail_at(begin, result.error());
    return std::move(*result);
  }

  // Of a variable for which the text has no default.
  std::optional<std::string_view> lookup_needed(const std::string& name) {
    const auto value = lookup_(name);
    if (!value && options_.missing != nullptr) options_.missing->push_back(name);
    return value;
  }

  std::string read_name() {
    const uint32_t begin = at_;
    if (at_end()) return {};
    Rune rune = peek();
    if (text::is_digit(rune.value)) {
      while (!at_end() && text::is_digit(peek().value))
        next();
    } else if (is_special_parameter(text_[at_])) {
      next();
    } else {
      for (; !at_end(); next()) {
        rune = peek();
        if (!text::is_letter(rune.value) && !text::is_digit(rune.value) && rune.value != '_') break;
      }
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Takes the ASCII characters that mean themselves, up to the next that may not. False if there are none.
  bool take_plain(char stop, std::string& result) {
    const uint32_t begin = at_;
    const auto is_plain = [&](char c) {
      return c > 0 && c != stop && c != '$' && c != '"' && c != '\'' && c != options_.escape;
    };
    while (!at_end() && is_plain(text_[at_]))
      ++at_;
    result.append(text_.substr(begin, at_ - begin));
    return at_ > begin;
  }

  bool at_end() const { return at_ >= text_.size(); }
  Rune peek() const { return text::decode_rune(text_.substr(at_)); }
  Rune next() {
    const Rune rune = peek();
    at_ += rune.width;
    return rune;
  }
  Result fail(std::string message) const { return fail_at(at_, std::move(message)); }
  static Result fail_at(uint32_t offset, std::string message) {
    return tl::unexpected(ExpandError{std::move(message), offset, false});
  }

  std::string_view text_;
  const Lookup& lookup_;
  ExpandOptions options_;
  uint32_t at_ = 0;
  int depth_ = 0;
  WordCollector* words_ = nullptr;  // of the whole text
  size_t searched_ = 0;
};

}  // namespace

tl::expected<std::string, ExpandError> expand(std::string_view text, const Lookup& lookup,
                                              const ExpandOptions& options) {
  // Most words hold nothing that expands.
  const bool plain = text.find_first_of("$'\"") == std::string_view::npos &&
                     text.find(options.escape) == std::string_view::npos && text::is_ascii(text);
  if (plain) return std::string(text);
  return Expander(text, lookup, options).run(kNoStop, options.keep_escapes, nullptr);
}

tl::expected<std::vector<ExpandedWord>, ExpandError> expand_words(std::string_view text, const Lookup& lookup,
                                                                  const ExpandOptions& options) {
  WordCollector words;
  auto result = Expander(text, lookup, options).run(kNoStop, options.keep_escapes, &words);
  if (!result) return tl::unexpected(std::move(result.error()));
  return words.take();
}

bool is_of_limit(const ExpandError& error) {
  return error.message == kTooLong || error.message == kMatchedTooOften || error.message == kSearchedTooMuch;
}

bool expands_variables(Keyword keyword) {
  switch (keyword) {
    case Keyword::kAdd:
    case Keyword::kArg:
    case Keyword::kCopy:
    case Keyword::kEnv:
    case Keyword::kExpose:
    case Keyword::kFrom:
    case Keyword::kLabel:
    case Keyword::kStopsignal:
    case Keyword::kUser:
    case Keyword::kVolume:
    case Keyword::kWorkdir:
      return true;
    default:
      return false;
  }
}

}  // namespace dcache::dockerfile
