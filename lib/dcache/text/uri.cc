#include "dcache/text/uri.h"

#include <fmt/format.h>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::text {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string percent_encoded(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  std::string encoded;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string file_uri(std::string_view path) {
  return (drive_of(path).empty() ? "file://" : "file:///") + percent_encoded(path);
}

std::string path_in_uri(std::string_view path) {
  const std::string decoded = clean_path("/" + portable_path(percent_decoded(path)));
  const std::string_view inside = std::string_view(decoded).substr(1);
  return drive_of(inside).empty() ? decoded : clean_path(inside);
}

}  // namespace dcache::text
