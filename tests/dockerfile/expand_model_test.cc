// Compares the expansion of variables with a model of it that follows BuildKit's lexer function by function,
// with patterns that are tried on each part of a value.
// Source: https://github.com/moby/buildkit, frontend/dockerfile/shell/lex.go
#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/dockerfile/expand.h"
#include "dcache/text/unicode.h"
#include "tests/random_text.h"

namespace dcache::dockerfile {
namespace {

constexpr char32_t kEnd = 0xFFFFFFFF;
struct Refusal {};
using Values = std::map<std::u32string, std::u32string>;

std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  for (; !text.empty(); text.remove_prefix(text::decode_rune(text).width))
    characters += text::decode_rune(text).value;
  return characters;
}

std::string text_of(std::u32string_view characters) {
  std::string text;
  for (const char32_t c : characters)
    text::append_rune(text, c);
  return text;
}

// A pattern of `${x#pattern}` and its relatives.
class Pattern {
 public:
  explicit Pattern(std::u32string_view pattern) {
    for (size_t at = 0; at < pattern.size(); ++at) {
      char32_t c = pattern[at];
      if (c != '\\') {
        parts_.push_back({c == '*' || c == '?', c});
        continue;
      }
      if (++at == pattern.size()) throw Refusal();
      c = pattern[at];
      const bool escaped_end = c == '}' || c == '/';
      if (!escaped_end && c != '*' && c != '?' && c != '\\') throw Refusal();
      parts_.push_back({false, c});
    }
  }

  bool matches(std::u32string_view text) const { return matches(text, 0); }

  // The length of what is matched at the start of the text.
  std::optional<size_t> length_at_start(std::u32string_view text, bool longest) const {
    for (size_t i = 0; i <= text.size(); ++i) {
      const size_t length = longest ? text.size() - i : i;
      if (matches(text.substr(0, length))) return length;
    }
    return std::nullopt;
  }

 private:
  struct Part {
    bool wildcard;
    char32_t character;
  };

  bool matches(std::u32string_view text, size_t part) const {
    if (part == parts_.size()) return text.empty();
    const bool star = parts_[part].wildcard && parts_[part].character == '*';
    if (star && matches(text, part + 1)) return true;
    if (text.empty() || (parts_[part].wildcard ? text[0] == '\n' : text[0] != parts_[part].character))
      return false;
    return matches(text.substr(1), part + (star ? 0 : 1));
  }

  std::vector<Part> parts_;
};

// What Go's Regexp.Expand makes of a replacement: `$name` and `${name}` are submatches, of which there are
// none but the whole.
std::u32string replacement_for(std::u32string_view replacement, std::u32string_view match) {
  std::u32string text;
  for (size_t at = 0; at < replacement.size(); ++at) {
    text += replacement[at];
    if (replacement[at] != '$') continue;
    size_t begin = at + 1;
    if (begin < replacement.size() && replacement[begin] == '$') {
      ++at;
      continue;
    }
    const bool brace = begin < replacement.size() && replacement[begin] == '{';
    if (brace) ++begin;
    size_t end = begin;
    while (end < replacement.size() &&
           (text::is_letter(replacement[end]) || text::is_digit(replacement[end]) || replacement[end] == '_'))
      ++end;
    if (end == begin || (brace && (end == replacement.size() || replacement[end] != '}'))) continue;
    text.pop_back();
    if (replacement.substr(begin, end - begin) == U"0") text += match;
    at = end - (brace ? 0 : 1);
  }
  return text;
}

std::u32string replaced(const Pattern& pattern, std::u32string_view value, std::u32string_view replacement,
                        bool all) {
  std::u32string text;
  bool after_match = false;
  for (size_t at = 0; at <= value.size();) {
    const auto length = pattern.length_at_start(value.substr(at), true);
    // No empty match right after another match.
    const bool counts = length && (*length > 0 || !after_match);
    if (counts && !all)
      return text + std::u32string(replacement) + std::u32string(value.substr(at + *length));
    if (counts) text += replacement_for(replacement, value.substr(at, *length));
    after_match = length && *length > 0;
    if (after_match) {
      at += *length;
      continue;
    }
    if (at < value.size()) text += value[at];
    ++at;
  }
  return text;
}

class Model {
 public:
  Model(std::u32string text, const Values& values, const ExpandOptions& options)
      : text_(std::move(text)), values_(values), options_(options), raw_escapes_(options.keep_escapes) {}

  std::u32string process() { return process_until(kEnd, options_.keep_escapes); }
  const std::vector<std::u32string>& words() const { return words_; }

 private:
  char32_t peek() const { return at_ < text_.size() ? text_[at_] : kEnd; }
  char32_t next() { return at_ < text_.size() ? text_[at_++] : kEnd; }

  // Inner calls use the same buffer for words, and start by clearing it.
  std::u32string process_until(char32_t stop, bool raw_escapes) {
    std::u32string result;
    word_.clear();
    std::vector<std::u32string> words;
    const auto end_word = [&] {
      if (!word_.empty()) words.push_back(std::exchange(word_, {}));
    };
    const auto add = [&](char32_t c) { text::is_space(c) ? end_word() : word_.push_back(c); };
    const bool outer = std::exchange(raw_escapes_, raw_escapes);
    while (peek() != kEnd) {
      const char32_t c = peek();
      if (c == stop) {
        next();
        end_word();
        raw_escapes_ = outer;
        return result;
      }
      const bool quote = !options_.plain_quotes && (c == '"' || c == '\'');
      if (quote || c == '$' || c == '<') {
        const std::u32string part = c == '"'    ? double_quote()
                                    : c == '\'' ? single_quote()
                                    : c == '$'  ? dollar()
                                                : possible_heredoc();
        result += part;
        for (const char32_t of_part : part)
          c == '$' ? add(of_part) : word_.push_back(of_part);
        continue;
      }
      next();
      if (c != static_cast<char32_t>(options_.escape)) {
        add(c);
        result += c;
        continue;
      }
      if (raw_escapes_) {
        word_ += c;
        result += c;
      }
      const char32_t escaped = next();
      if (escaped == kEnd) break;
      word_ += escaped;
      result += escaped;
    }
    if (stop != kEnd) throw Refusal();
    end_word();
    words_ = words;
    return result;
  }

  std::u32string single_quote() {
    std::u32string result;
    next();
    while (peek() != '\'')
      if (peek() == kEnd)
        throw Refusal();
      else
        result += next();
    next();
    return options_.keep_quotes ? U"'" + result + U"'" : result;
  }

  std::u32string double_quote() {
    std::u32string result;
    next();
    while (peek() != '"') {
      if (peek() == kEnd) throw Refusal();
      if (peek() == '$') {
        result += dollar();
        continue;
      }
      char32_t c = next();
      if (c == static_cast<char32_t>(options_.escape)) {
        if (raw_escapes_) result += c;
        if (peek() == kEnd) throw Refusal();
        if (peek() == '"' || peek() == '$' || peek() == c) c = next();
      }
      result += c;
    }
    next();
    return options_.keep_quotes ? U"\"" + result + U"\"" : result;
  }

  std::u32string possible_heredoc() {
    std::u32string result(1, next());
    if (peek() != '<') return result;
    result += next();
    while (peek() == ' ' || peek() == '\t' || peek() == '\r')
      result += next();
    return result;
  }

  std::u32string name() {
    std::u32string result;
    if (text::is_digit(peek())) {
      while (text::is_digit(peek()))
        result += next();
    } else if (peek() != kEnd && std::u32string_view(U"@*#?-$!0").find(peek()) != std::u32string_view::npos) {
      result += next();
    } else {
      while (peek() != kEnd && (text::is_letter(peek()) || text::is_digit(peek()) || peek() == '_'))
        result += next();
    }
    return result;
  }

  std::u32string dollar() {
    next();
    if (peek() == '{') return braces();
    const std::u32string name = this->name();
    if (name.empty()) return U"$";
    const auto value = values_.find(name);
    if (value != values_.end()) return value->second;
    return options_.keep_unset ? U"$" + name : U"";
  }

  std::u32string braces() {
    next();
    if (peek() == kEnd || peek() == '{' || peek() == '}' || peek() == ':') throw Refusal();
    const std::u32string name = this->name();
    const auto found = values_.find(name);
    const bool set = found != values_.end();
    const std::u32string value = set ? found->second : U"";
    const bool keep = !set && options_.keep_unset;
    char32_t c = next();
    if (c == '}') return keep ? U"${" + name + U"}" : value;
    if (c == '/') return substitution(name, value, keep);
    std::u32string modifier(1, c);
    const bool null_is_unset = c == ':';
    if (null_is_unset) modifier += c = next();
    const bool trims = c == '#' || c == '%';
    if (c == kEnd || (null_is_unset && trims)) throw Refusal();
    if (!null_is_unset && !trims && c != '-' && c != '+' && c != '?') throw Refusal();
    const std::u32string word = process_until('}', trims);
    if (keep) return U"${" + name + modifier + word + U"}";
    const bool counts_as_set = set && !(null_is_unset && value.empty());
    if (c == '-') return counts_as_set ? value : word;
    if (c == '+') return counts_as_set ? word : U"";
    if (c == '?' && counts_as_set) return value;
    if (!trims) throw Refusal();
    const bool longest = word.starts_with(c);
    return trimmed(c, Pattern(reversed_if(c == '%', word.substr(longest ? 1 : 0))), value, longest);
  }

  // BuildKit turns the text of the pattern around, escapes with what they escape.
  static std::u32string reversed_if(bool reverse, const std::u32string& pattern) {
    if (!reverse) return pattern;
    std::u32string result;
    for (size_t at = 0; at < pattern.size(); ++at) {
      const bool escape = pattern[at] == '\\' && at + 1 < pattern.size();
      result.insert(0, pattern.substr(at, escape ? 2 : 1));
      if (escape) ++at;
    }
    return result;
  }

  static std::u32string trimmed(char32_t action, const Pattern& pattern, std::u32string value, bool longest) {
    if (action == '%') std::ranges::reverse(value);
    value.erase(0, pattern.length_at_start(value, longest).value_or(0));
    if (action == '%') std::ranges::reverse(value);
    return value;
  }

  std::u32string substitution(const std::u32string& name, const std::u32string& value, bool keep) {
    const bool all = peek() == '/';
    if (all) next();
    const std::u32string pattern = process_until('/', true);
    const std::u32string replacement = process_until('}', true);
    if (keep) return U"${" + name + U"/" + pattern + U"/" + replacement + U"}";
    return replaced(Pattern(pattern), value, replacement, all);
  }

  std::u32string text_;
  const Values& values_;
  ExpandOptions options_;
  bool raw_escapes_;
  size_t at_ = 0;
  std::u32string word_;
  std::vector<std::u32string> words_;
};

class TextGenerator {
 public:
  explicit TextGenerator(tests::RandomText& random) : random_(random) {}

  std::string text(int depth) {
    static const tests::RandomText::Parts kPlain = {"a",    "a",   "b",   "*", "?",   "/",  "\\",
                                                    "\\\\", "\\*", "\\}", "$", "\\$", "\"", "'",
                                                    " ",    "<",   "<<",  "ä", "1",   "$v"};
    static const tests::RandomText::Parts kQuotes = {"'", "\""};
    std::string text;
    for (uint32_t count = random_.below(4); count > 0; --count) {
      const uint32_t kind = depth > 0 ? random_.below(4) : 1;
      if (kind == 0) {
        text += variable(depth - 1);
      } else if (kind == 1 || kind == 2) {
        text += random_.of(kPlain, 1, 2);
      } else {
        const std::string quote = random_.of(kQuotes, 1, 1);
        text += quote + this->text(depth - 1) + quote;
      }
    }
    return text;
  }

 private:
  std::string variable(int depth) {
    static const tests::RandomText::Parts kStarts = {
        "${v#", "${v##", "${v%", "${v%%", "${v-", "${v:-", "${u:-", "${u-",  "${v:+", "${v+", "${v:?",
        "${v?", "${u+",  "${v",  "${v:a", "${",   "${:",   "${v//", "${v//", "${v/",  "${u/"};
    std::string text = random_.of(kStarts, 1, 1);
    if (text.ends_with('/')) text += this->text(depth) + '/';
    text += this->text(depth);
    return random_.below(30) == 0 ? text : text + '}';
  }

  tests::RandomText& random_;
};

TEST(ExpandModel, AgreesOnRandomTexts) {
  const tests::RandomText::Parts value_parts = {"a",  "a", "b",  "b", "/", "*",  "?",
                                                "\\", "$", "$0", "ä", " ", "\n", "}"};
  tests::RandomText random(13);
  TextGenerator texts(random);
  size_t replaced = 0, refused = 0;
  for (size_t i = 0; i < tests::kComparisons; ++i) {
    const std::string text = texts.text(3);
    const std::string value = random.of(value_parts, 0, 5);
    ExpandOptions options;
    options.escape = random.below(4) == 0 ? '`' : '\\';
    options.keep_quotes = random.below(4) == 0;
    options.keep_escapes = random.below(4) == 0;
    options.plain_quotes = random.below(4) == 0;
    options.keep_unset = random.below(4) == 0;
    const bool set = random.below(8) != 0;
    const Values values = set ? Values{{U"v", characters_of(value)}} : Values{};
    const Lookup lookup = [&](std::string_view name) {
      return set && name == "v" ? std::optional<std::string_view>(value) : std::nullopt;
    };

    Model model(characters_of(text), values, options);
    std::optional<std::string> expected;
    try {
      expected = text_of(model.process());
    } catch (const Refusal&) {
    }
    const std::string described =
        "'" + text + "' with " + (set ? "'" + value + "'" : "nothing") +
        (options.escape == '`' ? ", escape=`" : "") + (options.keep_quotes ? ", keep_quotes" : "") +
        (options.keep_escapes ? ", keep_escapes" : "") + (options.plain_quotes ? ", plain_quotes" : "") +
        (options.keep_unset ? ", keep_unset" : "");
    const auto expanded = expand(text, lookup, options);
    ASSERT_EQ(expanded.has_value(), expected.has_value()) << described;
    if (!expected) {
      ++refused;
      continue;
    }
    ASSERT_EQ(*expanded, *expected) << described;
    if (i % 4 == 0) {
      const auto words = expand_words(text, lookup, options);
      ASSERT_TRUE(words) << described;
      std::vector<std::string> word_texts, expected_texts;
      for (const ExpandedWord& word : *words)
        word_texts.push_back(word.text);
      for (const std::u32string& word : model.words())
        expected_texts.push_back(text_of(word));
      ASSERT_EQ(word_texts, expected_texts) << described;
    }
    replaced += *expected != text ? 1 : 0;
  }
  std::cout << replaced << " replaced, " << refused << " refused\n";
  EXPECT_GT(replaced, tests::kComparisons / 4);
  EXPECT_GT(refused, tests::kComparisons / 10);
}

}  // namespace
}  // namespace dcache::dockerfile
