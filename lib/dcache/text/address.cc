#include "dcache/text/address.h"

#include <array>

#ifdef _WIN32
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

namespace dcache::text {
namespace {

int number_of(AddressFamily family) {
  return family == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
}

}  // namespace

bool read_address(AddressFamily family, const std::string& text, unsigned char* bytes) {
  return inet_pton(number_of(family), text.c_str(), bytes) == 1;
}

std::string address_text(AddressFamily family, const unsigned char* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(number_of(family), bytes, text.data(), text.size());
  return text.data();
}

}  // namespace dcache::text
