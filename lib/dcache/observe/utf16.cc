#include "dcache/observe/utf16.h"

#include "dcache/text/unicode.h"

namespace dcache::observe {

std::optional<Utf16Decoder::Order> Utf16Decoder::order_of(std::string_view mark) {
  if (mark.starts_with("\xFF\xFE")) return Order::kLittle;
  if (mark.starts_with("\xFE\xFF")) return Order::kBig;
  return std::nullopt;
}

void Utf16Decoder::decode(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (!first_byte_) {
      first_byte_ = byte;
      continue;
    }
    const unsigned low = order_ == Order::kLittle ? *first_byte_ : byte;
    const unsigned high = order_ == Order::kLittle ? byte : *first_byte_;
    first_byte_.reset();
    add_unit(static_cast<uint16_t>(high << 8U | low), out);
  }
}

void Utf16Decoder::add_unit(uint16_t unit, std::string& out) {
  const bool is_high = unit >= 0xD800 && unit < 0xDC00;
  const bool is_low = unit >= 0xDC00 && unit < 0xE000;
  if (high_ && is_low) {
    text::append_rune(out, 0x10000U + ((*high_ - 0xD800U) << 10U) + (unit - 0xDC00U));
    high_.reset();
    return;
  }
  if (high_) text::append_rune(out, text::kReplacementRune);
  high_.reset();
  if (is_high) {
    high_ = unit;
  } else {
    text::append_rune(out, is_low ? text::kReplacementRune : char32_t{unit});
  }
}

}  // namespace dcache::observe
