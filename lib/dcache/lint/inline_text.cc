#include "dcache/lint/inline_text.h"

#include <algorithm>
#include <utility>

#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

constexpr size_t kMostCompared = 2'000'000;  // lines, until a text counts as not found

std::string_view line_of(std::string_view text, const text::LineIndex& lines, uint32_t line) {
  return text::trim_right(lines.line_span(line).of(text));
}

// Whether a line of a definition gives that line of the Dockerfile: the definition may have more spaces
// before it, and variables in it.
bool may_give(std::string_view definition, std::string_view line) {
  if (definition.find('$') != std::string_view::npos) return true;
  return text::trim_left(definition) == text::trim_left(line);
}

}  // namespace

InlineText::InlineText(std::string definition, std::string_view text, uint32_t line)
    : definition_(std::move(definition)),
      definition_lines_(definition_),
      text_lines_(text),
      line_(std::max<uint32_t>(line, 1)) {
  const uint32_t count = text_lines_.line_count();
  size_t compared = 0;
  const auto starts_in = [&](uint32_t first) {
    bool has_same = false;
    for (uint32_t i = 0; i < count; ++i, ++compared) {
      const std::string_view written = line_of(definition_, definition_lines_, first + i);
      const std::string_view meant = line_of(text, text_lines_, i + 1);
      if (!may_give(written, meant)) return false;
      has_same = has_same || (!meant.empty() && text::trim_left(written) == text::trim_left(meant));
    }
    return has_same;
  };
  for (uint32_t first = line_; first + count <= definition_lines_.line_count() + 1 && !first_; ++first) {
    if (compared > kMostCompared) break;
    if (starts_in(first)) first_ = first;
  }
  for (uint32_t i = 0; first_ && i < count; ++i) {
    const auto indent = [](std::string_view all) { return all.size() - text::trim_left(all).size(); };
    const size_t there = indent(line_of(definition_, definition_lines_, *first_ + i));
    const size_t here = indent(line_of(text, text_lines_, i + 1));
    indents_.push_back(static_cast<uint32_t>(there > here ? there - here : 0));
  }
}

uint32_t InlineText::place_of(uint32_t offset) const {
  const text::Position position = text_lines_.position_of(offset);
  const uint32_t index = std::min<uint32_t>(position.line, static_cast<uint32_t>(indents_.size())) - 1;
  const text::Span line = definition_lines_.line_span(*first_ + index);
  const size_t length = text::trim_right(line.of(definition_)).size();
  return line.begin +
         std::min<uint32_t>(position.column - 1 + indents_[index], static_cast<uint32_t>(length));
}

text::Span InlineText::place_of(text::Span span) const {
  if (first_ && !indents_.empty())
    return {place_of(span.begin), std::max(place_of(span.begin), place_of(span.end))};
  const text::Span line = definition_lines_.line_span(line_);
  return {line.begin, line.begin + static_cast<uint32_t>(text::trim_right(line.of(definition_)).size())};
}

}  // namespace dcache::lint
