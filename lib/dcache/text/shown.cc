#include "dcache/text/shown.h"

namespace dcache::text {

bool is_control(char32_t rune) {
  if (rune < 0xA0) return rune < 0x20 || rune >= 0x7F;
  return rune == 0x061C || rune == 0x200E || rune == 0x200F || (rune >= 0x2028 && rune <= 0x202E) ||
         (rune >= 0x2066 && rune <= 0x2069);
}

bool starts_log_command(std::string_view text) {
  return text.starts_with("##[") || text.starts_with("##vso[");
}

}  // namespace dcache::text
