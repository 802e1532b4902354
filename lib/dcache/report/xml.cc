#include "dcache/report/xml.h"

#include "dcache/report/style.h"

namespace dcache::report {
namespace {

// `printable` text without U+FFFE and U+FFFF, the only other characters that XML 1.0 does not allow.
// Source: https://www.w3.org/TR/xml/#charsets
std::string printable_xml(std::string_view text) {
  std::string clean = printable(text);
  for (const std::string_view not_allowed : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (size_t at = clean.find(not_allowed); at != std::string::npos; at = clean.find(not_allowed, at))
      clean.replace(at, not_allowed.size(), "\xEF\xBF\xBD");
  }
  return clean;
}

}  // namespace

std::string xml(std::string_view text) {
  std::string result;
  const std::string clean = printable_xml(text);
  for (const char c : clean) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace dcache::report
