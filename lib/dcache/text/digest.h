// Hashes of texts, as bytes.
// Sources: RFC 1321 (MD5), FIPS 180-4 (SHA-1, SHA-256, SHA-512).
#pragma once

#include <string>
#include <string_view>

namespace dcache::text {

std::string md5(std::string_view text);
std::string sha1(std::string_view text);
std::string sha256(std::string_view text);
std::string sha512(std::string_view text);

std::string hexadecimal(std::string_view bytes);

}  // namespace dcache::text
