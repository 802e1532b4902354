#include "dcache/project/hcl/format.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "dcache/project/hcl/parser.h"
#include "dcache/project/hcl/scanner.h"

namespace dcache::project::hcl {
namespace {

using text::Span;

bool is_space_or_tab(char c) {
  return c == ' ' || c == '\t';
}

// As an editor counts them, except for characters that take two columns or none.
size_t columns_of(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// What is written between two line ends that are not in a heredoc or a comment.
struct FormattedLine {
  std::vector<Piece> pieces;
  uint32_t end = 0;  // where its line end is
  bool starts_in_text = false;
  bool ends_in_text = false;
};

class HclFormatter {
 public:
  HclFormatter(std::string_view source, std::string_view indent)
      : source_(source), indent_(indent), scanner_(source) {}

  std::vector<text::Edit> run() {
    for (bool more = true; more && added_ <= most_added();) {
      more = read_line();
      visit_line();
    }
    align();
    if (added_ > most_added()) return {};
    std::ranges::stable_sort(edits_, {}, [](const text::Edit& edit) { return edit.span.begin; });
    return std::move(edits_);
  }

 private:
  // The `=` of an attribute that is on one line.
  struct Assignment {
    size_t width = 0;  // of the name
    Span before;       // what is on either side
    Span after;
  };

  // No text that people write grows so much.
  size_t most_added() const { return 4 * source_.size() + 1000; }

  bool read_line() {
    line_.pieces.clear();
    line_.starts_in_text = scanner_.in_text();
    for (;;) {
      line_.ends_in_text = scanner_.in_text();
      const Piece piece = scanner_.next();
      line_.end = piece.span.begin;
      if (piece.kind == PieceKind::kNewline || piece.kind == PieceKind::kEnd)
        return piece.kind == PieceKind::kNewline;
      line_.pieces.push_back(piece);
    }
  }

  void change(Span span, std::string text) {
    if (span.of(source_) == text) return;
    added_ += text.size();
    edits_.push_back({span, std::move(text)});
  }

  void visit_line() {
    if (!line_.ends_in_text) trim_end();
    if (line_.pieces.empty()) return align();
    const Piece& first = line_.pieces.front();
    const size_t inner = open_.empty() ? 0 : open_.back() + 1;
    const size_t level = first.closes() && !open_.empty() ? open_.back() : inner;
    if (!line_.starts_in_text) indent_line(first.span.begin, level);
    const auto assignment = line_.starts_in_text ? std::nullopt : assignment_of_line();
    const bool alone = !assignment || !is_on_one_line();
    if (alone) align();
    if (assignment) assigned_.push_back(*assignment);
    if (alone) align();
    for (const Piece& piece : line_.pieces) {
      if (piece.opens()) open_.push_back(level);
      if (piece.closes() && !open_.empty()) open_.pop_back();
    }
  }

  void trim_end() {
    uint32_t begin = line_.end;
    while (begin > 0 && is_space_or_tab(source_[begin - 1]))
      --begin;
    change({begin, line_.end}, "");
  }

  void indent_line(uint32_t begin, size_t level) {
    uint32_t start = begin;
    while (start > 0 && is_space_or_tab(source_[start - 1]))
      --start;
    if (start > 0 && source_[start - 1] != '\n') return;  // after a byte order mark
    std::string text;
    for (size_t i = 0; i < level; ++i)
      text += indent_;
    change({start, begin}, std::move(text));
  }

  // The `=` that is in no bracket of the line.
  std::optional<Assignment> assignment_of_line() const {
    size_t depth = 0;
    for (size_t i = 0; i + 1 < line_.pieces.size(); ++i) {
      const Piece& piece = line_.pieces[i];
      if (piece.opens() || piece.kind == PieceKind::kTemplateStart) ++depth;
      if ((piece.closes() || piece.kind == PieceKind::kTemplateEnd) && depth > 0) --depth;
      if (depth > 0 || i == 0 || !piece.is("=")) continue;
      const uint32_t begin = line_.pieces.front().span.begin;
      const uint32_t end = line_.pieces[i - 1].span.end;
      return Assignment{columns_of(source_.substr(begin, end - begin)),
                        {end, piece.span.begin},
                        {piece.span.end, line_.pieces[i + 1].span.begin}};
    }
    return std::nullopt;
  }

  bool is_on_one_line() const {
    size_t open = 0;
    for (const Piece& piece : line_.pieces) {
      if (piece.opens()) ++open;
      if (piece.closes() && open > 0) --open;
      if (piece.kind == PieceKind::kHeredoc || piece.text.find('\n') != std::string_view::npos) return false;
    }
    return open == 0 && !line_.ends_in_text;
  }

  // Lines one after the other.
  void align() {
    size_t width = 0;
    for (const Assignment& one : assigned_)
      width = std::max(width, one.width);
    for (const Assignment& one : assigned_) {
      change(one.before, std::string(width - one.width + 1, ' '));
      change(one.after, " ");
    }
    assigned_.clear();
  }

  std::string_view source_;
  std::string_view indent_;
  Scanner scanner_;
  FormattedLine line_;
  std::vector<size_t> open_;  // the level of the line that each open bracket is in
  std::vector<Assignment> assigned_;
  std::vector<text::Edit> edits_;
  size_t added_ = 0;
};

}  // namespace

std::vector<text::Edit> format_edits(std::string_view source, std::string_view indent) {
  if (!parse_hcl({}, std::string(source)).failures.empty()) return {};
  return HclFormatter(source, indent).run();
}

}  // namespace dcache::project::hcl
