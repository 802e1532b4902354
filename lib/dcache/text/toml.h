// Reads TOML, with toml++.
#pragma once

#include <string_view>

#include <toml++/toml.h>

namespace dcache::text {

// The tables of a text. Throws toml::parse_error for one that is not TOML; `path` is for that.
//
// toml++ 3.3 takes a character off an empty text if a header has no name ("[" and a line end), which ends the
// program or does worse: such a header is found first.
// Source: https://toml.io/en/v1.0.0
toml::table parse_toml(std::string_view text, std::string_view path = {});

}  // namespace dcache::text
