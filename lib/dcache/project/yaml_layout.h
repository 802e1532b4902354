// How a YAML file is written: its lines, its anchors, and their indentation, which can be changed. Values are
// read by yaml.h; what this takes a line for does not always agree with it, so a new layout is compared by
// its values.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dcache/text/edit.h"
#include "dcache/text/span.h"

namespace dcache::project::yaml {

struct LayoutLine {
  enum class Kind : uint8_t {
    kBlank,
    kComment,
    kNode,       // starts with a key or the dash of an item
    kDocument,   // --- or ...
    kContinued,  // of the node above: a value, a text in quotes, or brackets
    kScalar,     // of the text of a `|` or `>`
  };
  Kind kind = Kind::kBlank;
  text::Span span = {};                // without its line end
  uint32_t indent = 0;                 // the spaces at its start
  std::vector<uint32_t> columns = {};  // of what comes after dashes, from 0
  bool opens = false;                  // it ends with a key or a dash whose value is below
};

// `&name` or `*name`; the span is that of the name.
struct AnchorName {
  text::Span span = {};
  bool defines = false;
};

struct Layout {
  std::vector<LayoutLine> lines;
  std::vector<AnchorName> names;

  // The last line of what belongs to a line: those that are indented further, and items of a key at its own
  // place.
  size_t last_line_of(size_t line) const;
};

// Takes time in proportion to the text.
Layout layout_of(std::string_view source);

// The edits that indent each level by `width` spaces more than the one around it, and remove white space at
// the ends of lines. Items of a list stay where they are with respect to their key if they are not indented.
// Nothing but spaces at the starts and the ends of lines changes, and no value. In the order of the file;
// none overlaps another. Empty for a text that is not YAML, or that can't be changed without changing a
// value.
std::vector<text::Edit> format_edits(std::string_view source, uint32_t width);

// Whether both texts have the same values, and can be read.
bool have_same_values(std::string_view a, std::string_view b);

}  // namespace dcache::project::yaml
