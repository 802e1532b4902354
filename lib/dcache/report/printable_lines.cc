#include "dcache/report/printable_lines.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "dcache/report/style.h"
#include "dcache/text/plain.h"
#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"

namespace dcache::report {
namespace {

// How many bytes at the start are one of the sequences of Style.
size_t color_width(std::string_view text) {
  constexpr std::string_view kSequences[] = {"\033[0m",  "\033[1m",  "\033[2m", "\033[31m",
                                             "\033[32m", "\033[33m", "\033[36m"};
  const auto* const found =
      std::ranges::find_if(kSequences, [&](std::string_view one) { return text.starts_with(one); });
  return found == std::end(kSequences) ? 0 : found->size();
}

// How many bytes at the start are shown as they are and start no log command.
size_t plain_width(std::string_view text, bool at_start) {
  // White space keeps the start of a line, where "::" starts a command.
  if (at_start && !text.empty() && (text[0] == ' ' || text[0] == ':')) return 0;
  return text::plain_bytes<'#'>(text);
}

}  // namespace

std::string printable_lines(std::string text, bool colored) {
  std::string lines;
  lines.reserve(text.size() + 16);
  bool at_start = true;  // of a line, with white space before it
  for (std::string_view rest = text; !rest.empty();) {
    const size_t color = colored ? color_width(rest) : 0;
    if (color > 0 || rest[0] == '\n' || rest[0] == '\t') {
      const size_t width = std::max<size_t>(color, 1);
      lines += rest.substr(0, width);
      at_start = rest[0] == '\n' || (at_start && color == 0);
      rest.remove_prefix(width);
      continue;
    }
    if (const size_t plain = plain_width(rest, at_start); plain > 0) {
      lines += rest.substr(0, plain);
      at_start = false;
      rest.remove_prefix(plain);
      continue;
    }
    if (at_start && rest.starts_with("::")) lines += '\\';
    const text::Rune rune = text::decode_rune(rest);
    append_printable(rest.substr(0, rune.width), lines);
    if (text::starts_log_command(rest)) lines += '\\';
    at_start = at_start && text::is_space(rune.value);
    rest.remove_prefix(rune.width);
  }
  return lines;
}

}  // namespace dcache::report
