// Functions for IP networks in CIDR notation.
#include <array>
#include <optional>
#include <utility>

#include "dcache/project/hcl/functions.h"
#include "dcache/text/address.h"

namespace dcache::project::hcl {
namespace {

__extension__ using Bits = unsigned __int128;

// A prefix; its address has only bits of the prefix.
struct Network {
  Bits address = 0;
  int prefix = 0;
  int width = 32;  // or 128

  int host_bits() const { return width - prefix; }
};

Bits low_bits(int count) {
  return count >= 128 ? ~Bits{0} : (Bits{1} << count) - 1;
}

Bits masked(Bits address, int prefix, int width) {
  return address & ~low_bits(width - prefix) & low_bits(width);
}

text::AddressFamily family_of(int width) {
  return width == 32 ? text::AddressFamily::kIpv4 : text::AddressFamily::kIpv6;
}

std::optional<Bits> parse_address(const std::string& text, int& width) {
  std::array<unsigned char, 16> bytes{};
  width = text.find(':') == std::string::npos ? 32 : 128;
  if (!text::read_address(family_of(width), text, bytes.data())) return std::nullopt;
  Bits address = 0;
  for (size_t i = 0; i < static_cast<size_t>(width / 8); ++i)
    address = (address << 8) | bytes.at(i);
  return address;
}

std::string address_text(Bits address, int width) {
  std::array<unsigned char, 16> bytes{};
  for (int i = width / 8 - 1; i >= 0; --i, address >>= 8)
    bytes.at(static_cast<size_t>(i)) = static_cast<unsigned char>(address & 255);
  return text::address_text(family_of(width), bytes.data());
}

std::string network_text(const Network& network) {
  return address_text(network.address, network.width) + "/" + std::to_string(network.prefix);
}

Network parse_network(const std::string& text) {
  Network network;
  const size_t slash = text.find('/');
  const std::string length = slash == std::string::npos ? "" : text.substr(slash + 1);
  const std::optional<Bits> address = parse_address(text.substr(0, slash), network.width);
  const bool digits =
      !length.empty() && length.size() <= 3 && length.find_first_not_of("0123456789") == std::string::npos;
  if (!address || !digits || std::stoi(length) > network.width)
    fail("\"" + text + "\" is not a network in CIDR notation, such as 10.0.0.0/8");
  network.prefix = std::stoi(length);
  network.address = masked(*address, network.prefix, network.width);
  return network;
}

// A negative number counts from the last host.
Value cidrhost(const Call& call) {
  const Network network = parse_network(call.text(0));
  const int64_t number = call.integer(1);
  const Bits last = low_bits(network.host_bits());
  const Bits distance = number < 0 ? static_cast<Bits>(-(number + 1)) : static_cast<Bits>(number);
  if (distance > last) fail("the network has no host number " + std::to_string(number));
  return Value::string(
      address_text(network.address | (number < 0 ? last - distance : distance), network.width));
}

Value cidrnetmask(const Call& call) {
  const Network network = parse_network(call.text(0));
  return Value::string(address_text(masked(~Bits{0}, network.prefix, network.width), network.width));
}

Value cidrsubnet(const Call& call) {
  Network network = parse_network(call.text(0));
  const int64_t bits = call.integer(1);
  const int64_t number = call.integer(2);
  if (bits < 0 || bits > 32) fail("a prefix can be extended by 0 to 32 bits");
  if (bits > network.host_bits()) fail("the prefix can't be extended by " + std::to_string(bits) + " bits");
  if (number < 0 || static_cast<Bits>(number) > low_bits(static_cast<int>(bits)))
    fail("there is no subnet number " + std::to_string(number));
  network.prefix += static_cast<int>(bits);
  const int shift = network.host_bits();
  if (shift < 128) network.address |= static_cast<Bits>(number) << shift;
  return Value::string(network_text(network));
}

// One after the other, each at the next place that fits to its size.
Value cidrsubnets(const Call& call) {
  const Network network = parse_network(call.text(0));
  Value::Items subnets;
  Bits next = network.address;
  bool full = false;
  for (size_t i = 1; i < call.size(); ++i) {
    const int64_t bits = call.integer(i);
    if (bits < 1 || bits > 32) fail("a prefix is extended by 1 to 32 bits");
    if (bits > network.host_bits()) fail("the prefix can't be extended by " + std::to_string(bits) + " bits");
    Network subnet{0, network.prefix + static_cast<int>(bits), network.width};
    const Bits size = low_bits(subnet.host_bits());
    const Bits start = (next + size) & ~size;
    full = full || start < next || masked(start, network.prefix, network.width) != network.address ||
           start > low_bits(network.width);
    if (full) fail("the network has no room for a subnet of " + std::to_string(subnet.prefix) + " bits");
    subnet.address = start;
    subnets.push_back(Value::string(network_text(subnet)));
    next = start + size + 1;
    full = next == 0;
  }
  return Value::list(Type::string(), std::move(subnets));
}

}  // namespace

std::span<const Function> network_functions() {
  const Type text = Type::string();
  const Type number = Type::number();
  static const std::array kFunctions = {
      Function{"cidrhost", {{text}, {number}}, false, text, cidrhost},
      Function{"cidrnetmask", {{text}}, false, text, cidrnetmask},
      Function{"cidrsubnet", {{text}, {number}, {number}}, false, text, cidrsubnet},
      Function{"cidrsubnets", {{text}, {number}}, true, Type::list(text), cidrsubnets},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
