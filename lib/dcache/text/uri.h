// Paths in URIs. Source: RFC 3986.
#pragma once

#include <string>
#include <string_view>

namespace dcache::text {

// Everything but unreserved characters and '/' as percent escapes of its bytes.
std::string percent_encoded(std::string_view path);
// The bytes that escapes mean; what is not an escape stays.
std::string percent_decoded(std::string_view text);

// The URI of a file, from its absolute path.
std::string file_uri(std::string_view path);
// The path in a URI without its host, cleaned; `..` does not lead above the root. A drive (`/c:/x`) is the
// root of a path of Windows.
std::string path_in_uri(std::string_view path);

}  // namespace dcache::text
