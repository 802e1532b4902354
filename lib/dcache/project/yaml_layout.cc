#include "dcache/project/yaml_layout.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "dcache/project/yaml.h"
#include "dcache/text/unicode.h"

namespace dcache::project::yaml {
namespace {

using LineKind = LayoutLine::Kind;
using text::Span;

bool is_space(std::string_view text, size_t at) {
  return at >= text.size() || text[at] == ' ' || text[at] == '\t';
}

bool is_bracket_or_comma(char c) {
  return c == '[' || c == ']' || c == '{' || c == '}' || c == ',';
}

// Members in their order, which layout does not change.
bool are_equal(const Value& a, const Value& b) {
  return a.kind == b.kind && a.text == b.text && a.tag == b.tag &&
         std::ranges::equal(a.items, b.items, are_equal) &&
         std::ranges::equal(a.members, b.members, [](const Member& one, const Member& other) {
           return one.name == other.name && one.kind == other.kind && are_equal(one.value, other.value);
         });
}

bool is_document_mark(std::string_view line) {
  return (line.starts_with("---") || line.starts_with("...")) && is_space(line, 3);
}

class LayoutReader {
 public:
  explicit LayoutReader(std::string_view source) : source_(source) {}

  Layout run() {
    uint32_t at = source_.starts_with(text::kByteOrderMark) ? 3 : 0;
    while (at < source_.size()) {
      size_t end = std::min(source_.find('\n', at), source_.size());
      const size_t next = end + 1;
      if (end > at && source_[end - 1] == '\r') --end;
      visit({at, static_cast<uint32_t>(end)});
      at = static_cast<uint32_t>(std::min(next, source_.size()));
    }
    return std::move(layout_);
  }

 private:
  void visit(Span span) {
    text_ = span.of(source_);
    begin_ = span.begin;
    at_ = std::min(text_.find_first_not_of(' '), text_.size());
    LayoutLine line;
    line.span = span;
    line.indent = static_cast<uint32_t>(at_);
    const bool blank = text_.find_first_not_of(" \t") == std::string_view::npos;
    const bool inside = quote_ != 0 || brackets_ > 0;
    if (!inside && is_document_mark(text_)) {
      line.kind = LineKind::kDocument;
      scalar_.reset();
      at_ += 3;
      visit_values(line, -1);
    } else if (scalar_ && (blank || line.indent >= *scalar_)) {
      line.kind = LineKind::kScalar;
    } else if (blank) {
      line.kind = LineKind::kBlank;
    } else if (text_[at_] == '#' && quote_ == 0) {
      line.kind = LineKind::kComment;
      scalar_.reset();
    } else {
      scalar_.reset();
      line.kind = LineKind::kContinued;
      visit_node(line, inside);
    }
    layout_.lines.push_back(std::move(line));
  }

  void visit_node(LayoutLine& line, bool inside) {
    int64_t column = -1;  // of the key or the dash that a value belongs to
    while (!inside && (text_[at_] == '-' || text_[at_] == '?') && is_space(text_, at_ + 1)) {
      line.kind = LineKind::kNode;
      line.opens = true;
      column = static_cast<int64_t>(at_);
      at_ = std::min(text_.find_first_not_of(" \t", at_ + 1), text_.size());
      if (at_ == text_.size()) return;
      line.columns.push_back(static_cast<uint32_t>(at_));
    }
    visit_values(line, column);
  }

  // Keys and values up to the end of the line.
  void visit_values(LayoutLine& line, int64_t column) {
    bool complete = false;  // a value is there
    const size_t first = at_;
    while (at_ < text_.size()) {
      if (quote_ != 0) {
        skip_quoted();
        complete = true;
        continue;
      }
      const char c = text_[at_];
      if (c == ' ' || c == '\t') {
        ++at_;
      } else if (c == '#' && at_ > 0 && is_space(text_, at_ - 1)) {
        break;
      } else if (c == ':' && (is_space(text_, at_ + 1) || brackets_ > 0)) {
        if (brackets_ == 0) {
          if (line.kind == LineKind::kContinued) line.kind = LineKind::kNode;
          column = static_cast<int64_t>(first);
          complete = false;
        }
        ++at_;
      } else if (c == '&' || c == '*') {
        complete = complete || c == '*';
        add_name();
      } else if (c == '!') {
        skip_word();
      } else if ((c == '|' || c == '>') && brackets_ == 0 && !complete) {
        scalar_ = static_cast<uint32_t>(column + 1);
        complete = true;
        break;
      } else {
        visit_scalar(c);
        complete = true;
      }
    }
    line.opens = !complete && brackets_ == 0 && line.kind != LineKind::kContinued;
  }

  void visit_scalar(char c) {
    if (c == '"' || c == '\'') {
      quote_ = c;
      ++at_;
    } else if (c == '[' || c == '{') {
      ++brackets_;
      ++at_;
    } else if (c == ']' || c == '}') {
      if (brackets_ > 0) --brackets_;
      ++at_;
    } else if (c == ',' && brackets_ > 0) {
      ++at_;
    } else {
      skip_plain();
    }
  }

  void skip_quoted() {
    for (; at_ < text_.size(); ++at_) {
      if (quote_ == '"' && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote_) {
        ++at_;
        quote_ = 0;
        return;
      }
    }
    at_ = text_.size();
  }

  // Up to a colon, a comment, or the end of an element.
  void skip_plain() {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == ':' && (is_space(text_, at_ + 1) || (brackets_ > 0 && is_bracket_or_comma(text_[at_ + 1]))))
        return;
      if (c == '#' && is_space(text_, at_ - 1)) return;
      if (brackets_ > 0 && is_bracket_or_comma(c)) return;
    }
  }

  void skip_word() {
    while (!is_space(text_, at_) && !(brackets_ > 0 && is_bracket_or_comma(text_[at_])))
      ++at_;
  }

  void add_name() {
    const bool defines = text_[at_] == '&';
    const size_t start = ++at_;
    skip_word();
    // A colon right after the name of an alias belongs to the name.
    if (at_ > start)
      layout_.names.push_back(
          {{begin_ + static_cast<uint32_t>(start), begin_ + static_cast<uint32_t>(at_)}, defines});
  }

  std::string_view source_;
  std::string_view text_;                          // of the line
  uint32_t begin_ = 0;                             // of the line
  size_t at_ = 0;                                  // in the line
  char quote_ = 0;                                 // the one that is open
  size_t brackets_ = 0;                            // that are open
  std::optional<uint32_t> scalar_ = std::nullopt;  // how far the text of a `|` is indented at least
  Layout layout_;
};

class Indenter {
 public:
  Indenter(std::string_view source, uint32_t width)
      : source_(source), width_(width), layout_(layout_of(source)) {}

  // Nothing if the text would grow beyond what anyone writes.
  std::vector<text::Edit> run() {
    const std::vector<LayoutLine>& lines = layout_.lines;
    for (size_t i = 0; i < lines.size(); ++i) {
      const LayoutLine& line = lines[i];
      if (line.kind == LineKind::kScalar) {
        if (!text::trim(line.span.of(source_)).empty()) move(line, moved(line.indent));
        continue;
      }
      if (line.kind == LineKind::kComment) comments_.push_back(i);
      if (line.kind == LineKind::kDocument) levels_.clear();
      if (line.kind == LineKind::kNode) visit(line);
      if (line.kind == LineKind::kContinued) move(line, moved(line.indent));
      trim_end(line);
      if (added_ > 4 * source_.size() + 1000) return {};
    }
    move_comments(nullptr);
    std::ranges::stable_sort(edits_, {}, [](const text::Edit& edit) { return edit.span.begin; });
    return std::move(edits_);
  }

 private:
  struct Level {
    uint32_t before = 0;
    uint32_t after = 0;
  };

  uint32_t moved(uint32_t column) const {
    return static_cast<uint32_t>(std::max<int64_t>(int64_t{column} + by_, 0));
  }

  void visit(const LayoutLine& line) {
    const std::vector<Level> before = comments_.empty() ? std::vector<Level>() : levels_;
    while (!levels_.empty() && levels_.back().before > line.indent)
      levels_.pop_back();
    if (levels_.empty() || levels_.back().before < line.indent)
      levels_.push_back({line.indent, levels_.empty() ? 0 : levels_.back().after + width_});
    const uint32_t column = levels_.back().after;
    by_ = int64_t{column} - int64_t{line.indent};
    for (const uint32_t inner : line.columns)
      levels_.push_back({inner, moved(inner)});
    above_ = before;
    move_comments(&line);
    move(line, column);
  }

  // Those above a node move with it, or with the lines above that they are in line with.
  void move_comments(const LayoutLine* node) {
    const std::vector<Level>& known = node == nullptr ? levels_ : above_;
    for (const size_t number : comments_) {
      const LayoutLine& line = layout_.lines[number];
      const auto level = std::ranges::lower_bound(known, line.indent, {}, &Level::before);
      const bool in_line = level != known.end() && level->before == line.indent;
      const bool with_node = node != nullptr && line.indent == node->indent;
      move(line, with_node || !in_line ? moved(line.indent) : level->after);
    }
    comments_.clear();
  }

  void move(const LayoutLine& line, uint32_t column) {
    if (column == line.indent) return;
    added_ += column;
    edits_.push_back({{line.span.begin, line.span.begin + line.indent}, std::string(column, ' ')});
  }

  void trim_end(const LayoutLine& line) {
    const auto size = static_cast<uint32_t>(text::trim_right(line.span.of(source_)).size());
    const uint32_t kept = std::max(size, line.kind == LineKind::kBlank ? 0 : line.indent);
    if (kept < line.span.size()) edits_.push_back({{line.span.begin + kept, line.span.end}, ""});
  }

  std::string_view source_;
  uint32_t width_;
  Layout layout_;
  std::vector<Level> levels_;     // that are open
  std::vector<Level> above_;      // that were before the last node
  std::vector<size_t> comments_;  // lines that wait for the node below
  int64_t by_ = 0;                // how far the last node moves
  size_t added_ = 0;
  std::vector<text::Edit> edits_;
};

}  // namespace

size_t Layout::last_line_of(size_t line) const {
  const LayoutLine& first = lines[line];
  const bool item = !first.columns.empty();
  size_t last = line;
  for (size_t i = line + 1; i < lines.size(); ++i) {
    const LayoutLine& one = lines[i];
    if (one.kind == LineKind::kDocument) break;
    if (one.kind == LineKind::kBlank || one.kind == LineKind::kComment) continue;
    if (one.kind == LineKind::kNode) {
      const bool own_item = !item && first.opens && one.indent == first.indent && !one.columns.empty();
      if (one.indent <= first.indent && !own_item) break;
    }
    last = i;
  }
  return last;
}

Layout layout_of(std::string_view source) {
  return LayoutReader(source).run();
}

bool have_same_values(std::string_view a, std::string_view b) {
  const Documents before = parse(a, {});
  const Documents after = parse(b, {});
  return before.failures.empty() && after.failures.empty() &&
         std::ranges::equal(before.values, after.values, are_equal);
}

std::vector<text::Edit> format_edits(std::string_view source, uint32_t width) {
  std::vector<text::Edit> edits = Indenter(source, width).run();
  if (edits.empty() || !have_same_values(source, text::apply(source, edits))) return {};
  return edits;
}

}  // namespace dcache::project::yaml
