// The part of a text that is shown and quoted as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dcache::text {

// How many bytes at the start are printable characters of ASCII, and none of kSpecial. Most texts have no
// others: eight bytes are looked at together.
template <char... kSpecial>
size_t plain_bytes(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  constexpr unsigned char kDelete = 0x7F;
  // Sets the high bit of each byte that is zero (and perhaps of bytes after such a one).
  const auto zeros = [](uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighs; };
  const auto all = [](unsigned char byte) { return kOnes * byte; };
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= text.size(); at += sizeof(uint64_t)) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const uint64_t below_blank = (bytes - all(' ')) & ~bytes & kHighs;
    const uint64_t special =
        (zeros(bytes ^ all(kDelete)) | ... | zeros(bytes ^ all(static_cast<unsigned char>(kSpecial))));
    if (((bytes & kHighs) | below_blank | special) != 0) break;
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < ' ' || byte >= kDelete || ((text[at] == kSpecial) || ...)) break;
  }
  return at;
}

}  // namespace dcache::text
