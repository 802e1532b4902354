#include "dcache/project/hcl/letters.h"

#include <algorithm>
#include <array>

#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

struct Range {
  char32_t first, last;
};

// What does not start a character: combining marks, variation selectors, skin tones, tags.
constexpr std::array kExtending = {
    Range{0x0300, 0x036F},   Range{0x0483, 0x0489},   Range{0x0591, 0x05BD}, Range{0x064B, 0x065F},
    Range{0x0900, 0x0903},   Range{0x093A, 0x094F},   Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A},
    Range{0x0E47, 0x0E4E},   Range{0x1AB0, 0x1AFF},   Range{0x1DC0, 0x1DFF}, Range{0x200C, 0x200D},
    Range{0x20D0, 0x20FF},   Range{0xFE00, 0xFE0F},   Range{0xFE20, 0xFE2F}, Range{0x1F3FB, 0x1F3FF},
    Range{0xE0020, 0xE007F}, Range{0xE0100, 0xE01EF},
};
constexpr char32_t kJoiner = 0x200D;

bool extends(char32_t rune) {
  return std::ranges::any_of(kExtending, [&](const Range& r) { return rune >= r.first && rune <= r.last; });
}
bool is_flag_half(char32_t rune) {
  return rune >= 0x1F1E6 && rune <= 0x1F1FF;
}

// Upper case letters at a constant distance before their lower case letters.
struct CaseRange {
  char32_t first, last, distance;
};
constexpr std::array kCases = {
    CaseRange{'A', 'Z', 32},       CaseRange{0xC0, 0xD6, 32},     CaseRange{0xD8, 0xDE, 32},
    CaseRange{0x391, 0x3A1, 32},   CaseRange{0x3A3, 0x3AB, 32},   CaseRange{0x410, 0x42F, 32},
    CaseRange{0x400, 0x40F, 80},   CaseRange{0x531, 0x556, 48},   CaseRange{0x388, 0x38A, 37},
    CaseRange{0x386, 0x386, 38},   CaseRange{0x38C, 0x38C, 64},   CaseRange{0x38E, 0x38F, 63},
    CaseRange{0x2160, 0x216F, 16}, CaseRange{0x24B6, 0x24CF, 26}, CaseRange{0xFF21, 0xFF3A, 32},
};

// Where upper and lower case letters alternate; `even` if the upper ones are even.
struct PairRange {
  char32_t first, last;
  bool even;
};
constexpr std::array kPairs = {
    PairRange{0x100, 0x12F, true}, PairRange{0x132, 0x137, true},   PairRange{0x139, 0x148, false},
    PairRange{0x14A, 0x177, true}, PairRange{0x179, 0x17E, false},  PairRange{0x1CD, 0x1DC, false},
    PairRange{0x1DE, 0x1EF, true}, PairRange{0x1F8, 0x21F, true},   PairRange{0x222, 0x233, true},
    PairRange{0x460, 0x481, true}, PairRange{0x48A, 0x4BF, true},   PairRange{0x4C1, 0x4CE, false},
    PairRange{0x4D0, 0x52F, true}, PairRange{0x1E00, 0x1E95, true}, PairRange{0x1EA0, 0x1EFF, true},
};

const PairRange* pair_of(char32_t rune) {
  const auto found =
      std::ranges::find_if(kPairs, [&](const PairRange& r) { return rune >= r.first && rune <= r.last; });
  return found == kPairs.end() ? nullptr : &*found;
}

}  // namespace

uint32_t character_width(std::string_view text) {
  if (text.starts_with("\r\n")) return 2;
  const text::Rune first = text::decode_rune(text);
  uint32_t width = first.width;
  char32_t before = first.value;
  bool half = is_flag_half(first.value);
  while (width < text.size() && before != '\n' && before != '\r') {
    const text::Rune next = text::decode_rune(text.substr(width));
    const bool flag = half && is_flag_half(next.value);
    const bool joined = before == kJoiner && next.value > 0x2000;
    if (!flag && !joined && !extends(next.value)) break;
    half = false;
    width += next.width;
    before = next.value;
  }
  return width;
}

size_t character_count(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(character_width(text));
  return count;
}

char32_t upper(char32_t rune) {
  for (const CaseRange& range : kCases) {
    if (rune >= range.first + range.distance && rune <= range.last + range.distance)
      return rune - range.distance;
  }
  if (rune == 0xFF) return 0x178;
  if (rune == 0xB5) return 0x39C;
  if (rune == 0x3C2) return 0x3A3;
  const PairRange* pair = pair_of(rune);
  if (pair == nullptr) return rune;
  return (rune % 2 == 0) == pair->even ? rune : rune - 1;
}

char32_t lower(char32_t rune) {
  for (const CaseRange& range : kCases) {
    if (rune >= range.first && rune <= range.last) return rune + range.distance;
  }
  if (rune == 0x178) return 0xFF;
  const PairRange* pair = pair_of(rune);
  if (pair == nullptr) return rune;
  return (rune % 2 == 0) == pair->even ? rune + 1 : rune;
}

}  // namespace dcache::project::hcl
