// Translates between byte offsets and lines of a text. Lines end at '\n'; a '\r' before it belongs to
// the line. Building costs one pass; a look-up is a binary search.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dcache/text/span.h"

namespace dcache::text {

class LineIndex {
 public:
  LineIndex() = default;
  explicit LineIndex(std::string_view text);

  // Lines of the text; a final newline opens no further line. An empty text has none.
  uint32_t line_count() const { return static_cast<uint32_t>(starts_.size()); }
  // The line (from 1) that contains `offset`; offsets past the end belong to the last line.
  uint32_t line_of(uint32_t offset) const;
  Position position_of(uint32_t offset) const;
  // The bytes of a line with its newline; an empty span at the end for a line past the last.
  Span line_span(uint32_t line) const;

 private:
  std::vector<uint32_t> starts_;
  uint32_t size_ = 0;
};

}  // namespace dcache::text
