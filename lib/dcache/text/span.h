// A stretch of bytes of one source text, and the line/column it is shown as.
#pragma once

#include <cstdint>
#include <string_view>

namespace dcache::text {

// Half-open range of byte offsets, [begin, end), in a source of less than 4 GiB.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;

  constexpr uint32_t size() const { return end - begin; }
  constexpr bool empty() const { return begin == end; }
  constexpr bool contains(uint32_t offset) const { return begin <= offset && offset < end; }
  constexpr bool contains(Span other) const { return begin <= other.begin && other.end <= end; }
  constexpr bool overlaps(Span other) const { return begin < other.end && other.begin < end; }
  constexpr std::string_view of(std::string_view source) const { return source.substr(begin, size()); }
  friend constexpr bool operator==(Span, Span) = default;
};

// Line and column count from 1; a column counts bytes.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
  friend constexpr bool operator==(Position, Position) = default;
};

}  // namespace dcache::text
