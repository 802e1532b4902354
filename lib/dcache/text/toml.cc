#include "dcache/text/toml.h"

#include <algorithm>
#include <optional>
#include <string>

#include "dcache/text/unicode.h"

namespace dcache::text {
namespace {

// What toml++ must not be given.
struct Fault {
  size_t offset = 0;
  const char* message = "";
  bool in_value = false;  // of several lines
};

// Goes through a text as far as it takes to know which lines are headers, and what is in quotes.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::optional<Fault> find_fault() {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size()) {
      skip("\t ");
      is_header_ = open_.empty() && peek() == '[';
      if (is_header_ && is_nameless(text_.substr(at_))) return Fault{at_, "a table header has no name"};
      const bool in_value = !open_.empty();
      if (!in_value) after_equals_ = false;
      if (const char* const problem = read_line()) return Fault{at_, problem, in_value};
      at_ = std::min(at_, text_.size() - 1) + 1;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kMostParts = 1000;

  // `[` or `[[` at the start, and nothing after it that a name can start with.
  static bool is_nameless(std::string_view header) {
    header.remove_prefix(header.starts_with("[[") ? 2 : 1);
    header.remove_prefix(std::min(header.find_first_not_of("\t "), header.size()));
    if (header.empty()) return false;
    return std::string_view("\r\n#.=,+{}\\/:;!?*&%$@~^|<>()`").find(header[0]) != std::string_view::npos ||
           static_cast<unsigned char>(header[0]) < ' ' || header[0] == 0x7F;
  }

  // To the end of a line: a header, a name and a value, or a part of a value of several lines. Stops at what
  // toml++ must not be given, and says what that is; null for nothing.
  const char* read_line() {
    size_t parts = 0;
    for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) >= 0x80)
        return "this character can only be in quotes or in a comment";
      if (c == ',' || c == '{') after_equals_ = false;
      if (c == '=') after_equals_ = true;
      if (c == ',') parts = 0;
      // It makes a table in a table of each, and ends one by one.
      if (c == '.' && ++parts > kMostParts) return "a name has too many parts";
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      } else if (c == '"' || c == '\'') {
        if (!may_begin() && !(text_[at_ - 1] == '.' && in_name()))
          return "a text in quotes can't follow this directly";
        skip_quoted(c);
      } else if (c == '[' || c == '{') {
        if (!may_begin()) return "a list or a table can't follow this directly";
        open_ += c;
      } else if ((c == ']' || c == '}') && !open_.empty()) {
        open_.pop_back();
      }
    }
    return nullptr;
  }

  // Whether something can begin here. The library takes what follows other characters for a part of the value
  // that they belong to, whatever quotes are around it.
  bool may_begin() const {
    return at_ == 0 || std::string_view(" \t\n=,[{").find(text_[at_ - 1]) != std::string_view::npos ||
           text_.substr(0, at_) == kByteOrderMark;
  }

  // Whether a name is what is written here, whose parts may be in quotes.
  bool in_name() const { return is_header_ || (!after_equals_ && (open_.empty() || open_.back() == '{')); }

  // To the last character of a text in quotes, which may have several lines if there are three of them.
  void skip_quoted(char quote) {
    const std::string three(3, quote);
    const bool lines = text_.substr(at_).starts_with(three);
    const std::string_view end = lines ? std::string_view(three) : std::string_view(three).substr(2);
    for (at_ += end.size(); at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\' && quote == '"') {
        ++at_;
      } else if (text_.substr(at_).starts_with(end)) {
        at_ += end.size() - 1;
        // Two quotes may be the last characters of a text in three.
        for (int i = 0; lines && i < 2 && text_.substr(at_ + 1).starts_with(quote); ++i)
          ++at_;
        return;
      } else if (!lines && text_[at_] == '\n') {
        --at_;
        return;
      }
    }
  }

  void skip(std::string_view characters) {
    at_ = std::min(text_.find_first_not_of(characters, at_), text_.size());
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view text_;
  size_t at_ = 0;
  std::string open_;           // brackets of lists and tables in a value, or of a header
  bool is_header_ = false;     // that is what the line is
  bool after_equals_ = false;  // and before the next name
};

}  // namespace

toml::table parse_toml(std::string_view text, std::string_view path) {
  if (const auto fault = Scan(text).find_fault()) {
    const std::string_view before = text.substr(0, fault->offset);
    toml::source_region region;
    region.begin.line = static_cast<toml::source_index>(1 + std::ranges::count(before, '\n'));
    region.begin.column = static_cast<toml::source_index>(fault->offset - (before.rfind('\n') + 1) + 1);
    region.end = region.begin;
    // The lines before it may be wrong too, and are to be corrected first.
    if (!fault->in_value) (void)toml::parse(text.substr(0, before.rfind('\n') + 1), path);
    throw toml::parse_error(fault->message, region);
  }
  return toml::parse(text, path);
}

}  // namespace dcache::text
