// Paths in URIs. Source: RFC 3986.
#pragma once

#include <string>
#include <string_view>

namespace dcache::text {

// Everything but unreserved characters and '/' as percent escapes of its bytes.
std::string percent_encoded(std::string_view path);
// The bytes that escapes mean; what is not an escape stays.
std::string percent_decoded(std::string_view text);

}  // namespace dcache::text
