#include "dcache/text/line_index.h"

#include <algorithm>
#include <cstring>

namespace dcache::text {

LineIndex::LineIndex(std::string_view text) : size_(static_cast<uint32_t>(text.size())) {
  const char* const base = text.data();
  const char* at = base;
  const char* const end = base + text.size();
  while (at < end) {
    starts_.push_back(static_cast<uint32_t>(at - base));
    const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (newline == nullptr) break;
    at = newline + 1;
  }
}

uint32_t LineIndex::line_of(uint32_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return after == starts_.begin() ? 1 : static_cast<uint32_t>(after - starts_.begin());
}

Position LineIndex::position_of(uint32_t offset) const {
  if (starts_.empty()) return {1, 1};
  const uint32_t line = line_of(offset);
  return {line, offset - starts_[line - 1] + 1};
}

Span LineIndex::line_span(uint32_t line) const {
  if (line == 0 || line > starts_.size()) return {size_, size_};
  return {starts_[line - 1], line < starts_.size() ? starts_[line] : size_};
}

}  // namespace dcache::text
