#include "dcache/dockerfile/words.h"

#include <string>

#include "dcache/text/json.h"
#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

using text::Rune;

// BuildKit walks flags byte by byte and takes each for a character of its own.
bool is_flag_space(char byte) {
  return text::is_space(static_cast<unsigned char>(byte));
}

// One flag starting at `at`, which is moved after it. Returns the unquoted text; nothing for an empty one.
std::optional<std::string> read_flag(std::string_view line, size_t& at) {
  std::string word;
  bool blank_is_word = false;
  char quote = 0;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && is_flag_space(c)) break;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
      blank_is_word = true;
      continue;
    }
    if (quote != 0 && c == quote) {
      quote = 0;
      continue;
    }
    if (c == '\\' && at + 1 == line.size()) continue;
    if (c == '\\') ++at;
    text::append_rune(word, static_cast<unsigned char>(line[at]));
  }
  if (word.empty() && !blank_is_word) return std::nullopt;
  return word;
}

void skip_json_space(std::string_view line, size_t& at) {
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t' || line[at] == '\n' || line[at] == '\r'))
    ++at;
}

// Four hexadecimal digits at `at`, or -1.
int read_hex4(std::string_view line, size_t at) {
  if (line.size() < at + 4) return -1;
  int value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = text::ascii_lower(line[i]);
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// The escape sequence after a backslash at `at - 1`. False if there is no such escape.
bool read_json_escape(std::string_view line, size_t& at, std::string& decoded) {
  if (at >= line.size()) return false;
  const char c = line[at++];
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
  if (const size_t known = kNames.find(c); known != std::string_view::npos) {
    decoded.push_back(kValues[known]);
    return true;
  }
  const int unit = c == 'u' ? read_hex4(line, at) : -1;
  if (unit < 0) return false;
  at += 4;
  auto rune = static_cast<char32_t>(unit);
  if (rune >= 0xD800 && rune <= 0xDFFF) {
    const bool pair = rune < 0xDC00 && line.substr(at, 2) == "\\u";
    const int low = pair ? read_hex4(line, at + 2) : -1;
    if (low >= 0xDC00 && low <= 0xDFFF) {
      rune = 0x10000 + ((rune - 0xD800) << 10) + (static_cast<char32_t>(low) - 0xDC00);
      at += 6;
    } else {
      rune = text::kReplacementRune;
    }
  }
  text::append_rune(decoded, rune);
  return true;
}

// A JSON string at `at`, which is moved after it.
std::optional<RawWord> read_json_string(std::string_view line, size_t& at, text::Arena& arena) {
  const size_t start = at++;
  size_t plain = at;
  std::string decoded;
  bool escaped = false;
  for (; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '"') {
      const std::string_view tail = line.substr(plain, at - plain);
      ++at;
      const std::string_view spelling = line.substr(start, at - start);
      if (!escaped) return RawWord{tail, spelling};
      decoded += tail;
      return RawWord{arena.copy(decoded), spelling};
    }
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    if (c != '\\') continue;
    escaped = true;
    decoded += line.substr(plain, at - plain);
    ++at;
    if (!read_json_escape(line, at, decoded)) return std::nullopt;
    plain = at--;
  }
  return std::nullopt;
}

bool read_string_array(std::string_view line, text::Arena& arena, std::vector<RawWord>& words) {
  size_t at = 1;
  skip_json_space(line, at);
  bool more = at < line.size() && line[at] != ']';
  while (more) {
    if (at >= line.size() || line[at] != '"') return false;
    const auto word = read_json_string(line, at, arena);
    if (!word) return false;
    words.push_back(*word);
    skip_json_space(line, at);
    more = at < line.size() && line[at] == ',';
    if (more) ++at;
    skip_json_space(line, at);
  }
  if (at >= line.size() || line[at] != ']') return false;
  ++at;
  skip_json_space(line, at);
  return at == line.size();
}

}  // namespace

SplitFlags split_flags(std::string_view line, text::Arena& arena) {
  SplitFlags split;
  size_t at = 0;
  while (true) {
    while (at < line.size() && is_flag_space(line[at]))
      ++at;
    if (!line.substr(at).starts_with("--")) break;
    const size_t start = at;
    const auto flag = read_flag(line, at);
    if (flag == "--") break;
    if (!flag) continue;
    const std::string_view spelling = line.substr(start, at - start);
    split.flags.push_back({*flag == spelling ? spelling : arena.copy(*flag), spelling});
  }
  split.rest = line.substr(at);
  return split;
}

void split_quoted(std::string_view line, char escape, std::vector<RawWord>& words) {
  size_t at = 0;
  while (true) {
    at = static_cast<size_t>(text::trim_left(line.substr(at)).data() - line.data());
    if (at >= line.size()) return;
    const size_t start = at;
    size_t end = line.size();
    char quote = 0;
    while (at < line.size()) {
      const Rune rune = text::decode_rune(line.substr(at));
      if (quote == 0 && text::is_space(rune.value)) {
        end = at;
        break;
      }
      const bool escapes = line[at] == escape && quote != '\'';
      if (escapes && at + 1 == line.size()) {
        end = at;  // an escape with nothing after it is dropped
        ++at;
        break;
      }
      if (escapes) {
        at += 1 + text::decode_rune(line.substr(at + 1)).width;
        continue;
      }
      if (quote == 0 && (line[at] == '"' || line[at] == '\'')) {
        quote = line[at];
      } else if (quote != 0 && line[at] == quote) {
        quote = 0;
      }
      at += rune.width;
    }
    if (end > start) words.push_back({line.substr(start, end - start), line.substr(start, end - start)});
  }
}

void split_blank(std::string_view line, std::vector<RawWord>& words, size_t limit) {
  constexpr std::string_view kBlank = "\t\v\f\r ";
  for (size_t count = 1;; ++count) {
    const size_t end = count == limit ? std::string_view::npos : line.find_first_of(kBlank);
    const std::string_view word = line.substr(0, end);
    words.push_back({word, word});
    if (end == std::string_view::npos) return;
    const size_t next = line.find_first_not_of(kBlank, end);
    line = next == std::string_view::npos ? line.substr(line.size()) : line.substr(next);
  }
}

JsonForm split_json(std::string_view line, text::Arena& arena, std::vector<RawWord>& words) {
  line = text::trim_left(line);
  if (!line.starts_with('[')) return JsonForm::kNone;
  const size_t before = words.size();
  if (read_string_array(line, arena, words)) return JsonForm::kStrings;
  words.resize(before);
  // A string array that could not be read is not JSON at all; anything else takes a full parser to tell.
  return text::is_json(line) ? JsonForm::kOtherTypes : JsonForm::kNone;
}

}  // namespace dcache::dockerfile
