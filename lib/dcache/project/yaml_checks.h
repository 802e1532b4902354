// What is looked at before a text is given to yaml-cpp, whose memory and stack it could exhaust.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dcache/text/failure.h"

namespace dcache::project::yaml {

// The first thing that no YAML file contains: bytes that are not UTF-8, control characters, or more brackets
// and commas one after the other than the scanner should keep in memory.
std::optional<text::Failure> find_unreadable(std::string_view text, const std::string& path);

}  // namespace dcache::project::yaml
