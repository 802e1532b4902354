// IP addresses as text.
#pragma once

#include <cstdint>
#include <string>

namespace dcache::text {

enum class AddressFamily : uint8_t { kIpv4, kIpv6 };

// The bytes of an address, of which there must be room for 16, in the order of the network. False for a text
// that is not an address of the family.
bool read_address(AddressFamily family, const std::string& text, unsigned char* bytes);
std::string address_text(AddressFamily family, const unsigned char* bytes);

}  // namespace dcache::text
