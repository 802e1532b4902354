#include "dcache/dockerfile/format.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "dcache/dockerfile/keyword.h"
#include "dcache/dockerfile/layout.h"
#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Deletes the white space before each line end, however many tokens it is in.
class Trimmer {
 public:
  explicit Trimmer(std::vector<text::Edit>& edits) : edits_(edits) {}

  void take(std::string_view source, Span span) {
    for (uint32_t at = span.begin; at < span.end; ++at) {
      const bool ends = source[at] == '\n' || source.substr(at, 2) == "\r\n";
      if (ends && blank_) edits_.push_back({{*blank_, at}, ""});
      if (!is_blank(source[at])) {
        blank_.reset();
      } else if (!blank_) {
        blank_ = at;
      }
    }
  }
  void skip() { blank_.reset(); }
  // Where the white space starts that the text ends with, or its end.
  uint32_t end_of(std::string_view source) const {
    return blank_.value_or(static_cast<uint32_t>(source.size()));
  }

 private:
  std::vector<text::Edit>& edits_;
  std::optional<uint32_t> blank_;  // where white space starts that nothing came after yet
};

}  // namespace

std::vector<text::Edit> format_edits(const File& file) {
  const std::string_view source = file.source();
  std::vector<text::Edit> edits;
  Trimmer trimmer(edits);
  for (const Token& token : tokens(file)) {
    if (token.kind == TokenKind::kHeredocBody || token.kind == TokenKind::kHeredocEnd) {
      trimmer.skip();
      continue;
    }
    trimmer.take(source, token.span);
    if (token.kind != TokenKind::kKeyword) continue;
    const Keyword keyword = keyword_of(token.span.of(source));
    if (keyword != Keyword::kUnknown && name_of(keyword) != token.span.of(source))
      edits.push_back({token.span, std::string(name_of(keyword))});
  }
  // The AS of FROM is written as FROM is.
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.keyword != Keyword::kFrom || instruction.arguments.size() != 3) continue;
    const Word& as = instruction.arguments[1];
    if (text::equals_ignoring_case(as.span.of(source), "AS") && as.span.of(source) != "AS")
      edits.push_back({as.span, "AS"});
  }
  std::ranges::stable_sort(edits, {}, [](const text::Edit& edit) { return edit.span.begin; });
  const auto size = static_cast<uint32_t>(source.size());
  if (size > 0 && source.back() != '\n')
    edits.push_back(
        {{trimmer.end_of(source), size}, source.find("\r\n") == std::string_view::npos ? "\n" : "\r\n"});
  return edits;
}

std::string formatted(const File& file) {
  return text::apply(file.source(), format_edits(file));
}

}  // namespace dcache::dockerfile
