#include "dcache/lsp/markdown.h"

#include <algorithm>

#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"

namespace dcache::lsp {

std::string code(std::string_view text) {
  constexpr size_t kLongest = 200;
  std::string shown;
  size_t characters = 0;
  size_t ticks = 0;  // the longest row of backticks
  size_t row = 0;
  for (; !text.empty() && characters < kLongest; ++characters) {
    const text::Rune rune = text::decode_rune(text);
    row = rune.value == '`' ? row + 1 : 0;
    ticks = std::max(ticks, row);
    text::append_rune(shown, text::is_control(rune.value) ? U' ' : rune.value);
    text.remove_prefix(rune.width);
  }
  if (!text.empty()) shown += "…";
  const std::string fence(ticks + 1, '`');
  const std::string_view gap = ticks > 0 || shown.empty() ? " " : "";
  return fence + std::string(gap) + shown + std::string(gap) + fence;
}

}  // namespace dcache::lsp
