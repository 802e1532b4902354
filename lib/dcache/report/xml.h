// Text for XML.
#pragma once

#include <string>
#include <string_view>

namespace dcache::report {

// `printable` text as the content of an element or of an attribute in double quotes. What XML does not allow
// becomes U+FFFD.
std::string xml(std::string_view text);

}  // namespace dcache::report
