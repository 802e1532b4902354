#include "dcache/project/yaml_checks.h"

#include <algorithm>
#include <array>

#include "dcache/text/unicode.h"

namespace dcache::project::yaml {
namespace {

// The scanner keeps the tokens of a flow collection until it ends.
constexpr size_t kMostOpen = 1000;
constexpr size_t kMostTokens = 200'000;

constexpr std::array<std::string_view, 3> kConflictMarkers = {"<<<<<<< ", "||||||| ", ">>>>>>> "};

constexpr const char* kSave = "save it as UTF-8 text";

class Scan {
 public:
  Scan(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  std::optional<text::Failure> run() {
    if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF"))
      return failure("the file is UTF-16", kSave);
    if (text_.starts_with(text::kByteOrderMark)) at_ = text::kByteOrderMark.size();
    line_begin_ = at_;
    if (starts_with_tab()) return failure("a tab can't indent a line of YAML", "indent with spaces");
    while (at_ < text_.size()) {
      if (at_ == line_begin_ && is_conflict_marker())
        return failure("a conflict of a merge is left here", "resolve it and remove the marks of git");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '\n') {
        begin_line();
      } else if (c >= 0x80) {
        const text::Rune rune = text::decode_rune(text_.substr(at_));
        if (rune.value == text::kReplacementRune && rune.width == 1)
          return failure("the file contains bytes that are not UTF-8", kSave);
        at_ += rune.width;
      } else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7F) {
        return failure("the file contains a control character", kSave);
      } else {
        count(static_cast<char>(c));
        ++at_;
      }
      if (open_ > kMostOpen) return failure("too many brackets are open");
      if (tokens_ > kMostTokens) return failure("a list in brackets is too long");
    }
    return std::nullopt;
  }

 private:
  void begin_line() {
    const std::string_view before = text::trim_right(text_.substr(line_begin_, at_ - line_begin_));
    ++line_;
    line_begin_ = ++at_;
    if (!is_in_flow(before)) open_ = tokens_ = 0;
  }

  // Whether the first line that says something is indented with a tab.
  bool starts_with_tab() const {
    const size_t first = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    const std::string_view indent = text_.substr(at_, first - at_);
    const size_t line = indent.rfind('\n');
    return first < text_.size() && text_[first] != '#' &&
           indent.substr(line == std::string_view::npos ? 0 : line + 1).find('\t') != std::string_view::npos;
  }

  // A line that git writes where it can't merge.
  bool is_conflict_marker() const {
    const std::string_view line = text_.substr(at_);
    return std::ranges::any_of(kConflictMarkers,
                               [&](std::string_view marker) { return line.starts_with(marker); });
  }

  // Whether a flow collection seems to go on in the line that begins here.
  bool is_in_flow(std::string_view before) const {
    const size_t first = std::min(text_.find_first_not_of(" \t\r", at_), text_.size() - 1);
    constexpr std::string_view kAround = "[{]},";
    return kAround.find(text_[first]) != std::string_view::npos ||
           (!before.empty() && kAround.find(before.back()) != std::string_view::npos);
  }

  void count(char c) {
    constexpr std::string_view kTokens = "[]{},:&*?-\"'";
    if (kTokens.find(c) != std::string_view::npos) ++tokens_;
    if (c == '[' || c == '{') ++open_;
    if ((c == ']' || c == '}') && open_ > 0) --open_;
  }

  text::Failure failure(std::string message, std::string remedy = {}) const {
    return {path_, line_, static_cast<uint32_t>(at_ - line_begin_ + 1), std::move(message),
            std::move(remedy)};
  }

  std::string_view text_;
  const std::string& path_;
  size_t at_ = 0;
  size_t line_begin_ = 0;
  uint32_t line_ = 1;
  size_t open_ = 0;
  size_t tokens_ = 0;
};

}  // namespace

std::optional<text::Failure> find_unreadable(std::string_view text, const std::string& path) {
  return Scan(text, path).run();
}

}  // namespace dcache::project::yaml
