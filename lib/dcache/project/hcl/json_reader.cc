#include "dcache/project/hcl/json_reader.h"

#include <utility>

#include "dcache/project/hcl/error.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

constexpr uint32_t kDeepestJson = 100;
constexpr size_t kMostValues = 400'000;

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  JsonValue whole() {
    JsonValue read = value();
    skip();
    if (at_ < text_.size()) stop("nothing may follow the value");
    return read;
  }

 private:
  [[noreturn]] void stop(std::string message) const {
    throw Error{.message = "this is not JSON: " + std::move(message), .span = {at_, at_ + 1}};
  }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool accept(char c) {
    skip();
    if (next() != c) return false;
    ++at_;
    return true;
  }

  JsonValue value();
  JsonValue array();
  JsonValue object();
  JsonValue number();
  std::string string();
  void escape(std::string& to);
  char32_t hex();

  std::string_view text_;
  uint32_t at_ = 0;
  uint32_t depth_ = 0;
  size_t values_ = 0;
};

JsonValue JsonReader::value() {
  skip();
  if (++values_ > kMostValues) stop("the file has too many values");
  if (++depth_ > kDeepestJson) stop("it is nested too deeply");
  const uint32_t start = at_;
  JsonValue read;
  static constexpr std::pair<std::string_view, JsonKind> kWords[] = {
      {"null", JsonKind::kNull}, {"true", JsonKind::kTrue}, {"false", JsonKind::kFalse}};
  bool found = true;
  if (next() == '{') {
    read = object();
  } else if (next() == '[') {
    read = array();
  } else if (next() == '"') {
    read.kind = JsonKind::kString;
    read.text = string();
  } else if (next() == '-' || (next() >= '0' && next() <= '9')) {
    read = number();
  } else {
    found = false;
    for (const auto& [word, kind] : kWords) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += static_cast<uint32_t>(word.size());
      read.kind = kind;
      found = true;
    }
  }
  if (!found) stop("a value is expected");
  read.span = {start, at_};
  --depth_;
  return read;
}

JsonValue JsonReader::array() {
  JsonValue read;
  read.kind = JsonKind::kArray;
  ++at_;
  if (accept(']')) return read;
  do {
    read.items.push_back(value());
  } while (accept(','));
  if (!accept(']')) stop("',' or ']' is expected");
  return read;
}

JsonValue JsonReader::object() {
  JsonValue read;
  read.kind = JsonKind::kObject;
  ++at_;
  if (accept('}')) return read;
  do {
    skip();
    const uint32_t start = at_;
    if (next() != '"') stop("a name in quotes is expected");
    std::string name = string();
    const text::Span span{start, at_};
    if (!accept(':')) stop("':' is expected after a name");
    read.members.push_back({std::move(name), span, value()});
  } while (accept(','));
  if (!accept('}')) stop("',' or '}' is expected");
  return read;
}

JsonValue JsonReader::number() {
  const uint32_t start = at_;
  while (at_ < text_.size() && std::string_view("+-.eE0123456789").find(next()) != std::string_view::npos)
    ++at_;
  JsonValue read;
  read.kind = JsonKind::kNumber;
  read.text = text_.substr(start, at_ - start);
  return read;
}

char32_t JsonReader::hex() {
  char32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const size_t digit = std::string_view("0123456789abcdef").find(text::ascii_lower(next()));
    if (digit == std::string_view::npos) stop("\\u needs four hexadecimal digits");
    value = value * 16 + static_cast<char32_t>(digit);
    ++at_;
  }
  return value;
}

void JsonReader::escape(std::string& to) {
  ++at_;
  const char c = next();
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (c != 'u') {
    const size_t index = kNames.find(c);
    if (index == std::string_view::npos) stop("this is not an escape");
    to.push_back(kMeanings[index]);
    ++at_;
    return;
  }
  ++at_;
  char32_t rune = hex();
  const bool high = rune >= 0xD800 && rune < 0xDC00;
  if (high && text_.substr(at_).starts_with("\\u")) {
    const uint32_t before = at_;
    at_ += 2;
    const char32_t low = hex();
    if (low >= 0xDC00 && low < 0xE000) {
      rune = 0x10000 + ((rune - 0xD800) << 10U) + (low - 0xDC00);
    } else {
      at_ = before;
    }
  }
  text::append_rune(to, rune >= 0xD800 && rune < 0xE000 ? text::kReplacementRune : rune);
}

std::string JsonReader::string() {
  std::string read;
  ++at_;
  while (next() != '"') {
    if (at_ >= text_.size()) stop("a text has no closing quote");
    if (static_cast<unsigned char>(next()) < 0x20) stop("a text ends on its line");
    if (next() == '\\') {
      escape(read);
    } else {
      read.push_back(text_[at_++]);
    }
  }
  ++at_;
  return read;
}

}  // namespace

JsonValue read_json(std::string_view text) {
  return JsonReader(text).whole();
}

}  // namespace dcache::project::hcl
