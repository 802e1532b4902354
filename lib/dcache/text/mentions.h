// Names in the text of a file or of a command.
#pragma once

#include <string_view>

namespace dcache::text {

// Whether a text has the word, as a part of a path or on its own: "apps/api" mentions "api", "api2" does not.
bool mentions(std::string_view text, std::string_view word);

}  // namespace dcache::text
