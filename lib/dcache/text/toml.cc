#include "dcache/text/toml.h"

#include <algorithm>
#include <string>

namespace dcache::text {
namespace {

// Goes through a text as far as it takes to know which lines are headers.
class HeaderScan {
 public:
  explicit HeaderScan(std::string_view text) : text_(text) {}

  // The offset of the first header without a name; npos if there is none.
  size_t find_nameless() {
    while (at_ < text_.size()) {
      skip("\t ");
      if (depth_ == 0 && peek() == '[' && is_nameless(text_.substr(at_))) return at_;
      if (depth_ == 0 && peek() == '[') {
        at_ = text_.find('\n', at_);
      } else {
        read_line();
      }
      at_ = std::min(at_, text_.size() - 1) + 1;
    }
    return std::string_view::npos;
  }

 private:
  // `[` or `[[` at the start, and nothing after it that a name can start with.
  static bool is_nameless(std::string_view header) {
    header.remove_prefix(header.starts_with("[[") ? 2 : 1);
    header.remove_prefix(std::min(header.find_first_not_of("\t "), header.size()));
    if (header.empty()) return false;
    return std::string_view("\r\n#.=,+{}\\/:;!?*&%$@~^|<>()`").find(header[0]) != std::string_view::npos ||
           static_cast<unsigned char>(header[0]) < ' ' || header[0] == 0x7F;
  }

  // To the end of a line: a name and a value, or a part of a value of several lines.
  void read_line() {
    for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      } else if (c == '"' || c == '\'') {
        skip_quoted(c);
      } else if (c == '[' || c == '{') {
        ++depth_;
      } else if ((c == ']' || c == '}') && depth_ > 0) {
        --depth_;
      }
    }
  }

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
  size_t depth_ = 0;  // of lists and tables in a value
};

}  // namespace

toml::table parse_toml(std::string_view text, std::string_view path) {
  const size_t nameless = HeaderScan(text).find_nameless();
  if (nameless != std::string_view::npos) {
    const std::string_view before = text.substr(0, nameless);
    toml::source_region region;
    region.begin.line = static_cast<toml::source_index>(1 + std::ranges::count(before, '\n'));
    region.begin.column = static_cast<toml::source_index>(nameless - (before.rfind('\n') + 1) + 1);
    region.end = region.begin;
    // What comes before it may be wrong too, and is to be corrected first.
    (void)toml::parse(before, path);
    throw toml::parse_error("a table header has no name", region);
  }
  return toml::parse(text, path);
}

}  // namespace dcache::text
