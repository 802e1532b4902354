#include "dcache/report/style.h"

#include <array>

#include <fmt/format.h>

#include "dcache/text/shown.h"
#include "dcache/text/unicode.h"

namespace dcache::report {
namespace {

std::string_view sequence(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kBold:
      return "\033[1m";
    case Tone::kDim:
      return "\033[2m";
    case Tone::kGood:
      return "\033[32m";
    case Tone::kBad:
      return "\033[31m";
    case Tone::kWarn:
      return "\033[33m";
    case Tone::kInfo:
      return "\033[36m";
  }
  return "";
}

void append_shown(char32_t rune, std::string& out) {
  if (!text::is_control(rune)) {
    text::append_rune(out, rune);
  } else if (rune > 0xFF) {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(rune));
  } else {
    text::append_rune(out, text::is_space(rune) ? U' ' : text::kReplacementRune);
  }
}

}  // namespace

std::string Style::paint(Tone tone, std::string_view text) const {
  std::string painted;
  append(tone, text, painted);
  return painted;
}

void Style::append(Tone tone, std::string_view text, std::string& out) const {
  if (colour_) out += sequence(tone);
  out += text;
  if (colour_ && tone != Tone::kPlain) out += "\033[0m";
}

void append_printable(std::string_view text, std::string& out) {
  if (text::is_printable_ascii(text)) {
    out += text;
    return;
  }
  while (!text.empty()) {
    const text::Rune rune = text::decode_rune(text);
    text.remove_prefix(rune.width);
    append_shown(rune.value, out);
  }
}

std::string printable(std::string_view text) {
  std::string clean;
  append_printable(text, clean);
  return clean;
}

std::string shortened(std::string_view text, size_t width) {
  std::string clean = printable(text);
  std::string_view rest = clean;
  for (size_t count = 0; count < width && !rest.empty(); ++count)
    rest.remove_prefix(text::decode_rune(rest).width);
  if (rest.empty()) return clean;
  return clean.substr(0, clean.size() - rest.size()) + "…";
}

std::string shortened_step(std::string_view instruction, size_t width) {
  std::string text;
  for (const char c : instruction) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank || !text.ends_with(' ')) text += is_blank ? ' ' : c;
  }
  return shortened(text, width);
}

std::string bytes_words(uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1000 && unit + 1 < kUnits.size(); ++unit)
    amount /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace dcache::report
