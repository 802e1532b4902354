// Logs in UTF-16, which the `>` of Windows PowerShell 5 writes. Internal to observe/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dcache::observe {

// Reads UTF-16 in any pieces. Not to be shared between threads.
class Utf16Decoder {
 public:
  enum class Order : uint8_t { kLittle, kBig };
  static constexpr size_t kMarkSize = 2;
  // The byte order that the mark at the start of a file says; nothing for a file without a mark.
  static std::optional<Order> order_of(std::string_view mark);

  explicit Utf16Decoder(Order order) : order_(order) {}

  // Appends the next bytes as UTF-8. Half of a surrogate pair becomes U+FFFD.
  void decode(std::string_view bytes, std::string& out);

 private:
  void add_unit(uint16_t unit, std::string& out);

  Order order_;
  std::optional<uint8_t> first_byte_;  // of a unit that is not complete
  std::optional<uint16_t> high_;       // the first half of a pair
};

}  // namespace dcache::observe
