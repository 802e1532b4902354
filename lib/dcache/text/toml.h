// Reads TOML, with toml++.
#pragma once

#include <string_view>

#include <toml++/toml.h>

namespace dcache::text {

// The tables of a text. Throws toml::parse_error for one that is not TOML; `path` is for that.
//
// Two things make toml++ 3.3 end the program or do worse, and are found first: a header without a name ("["
// and a line end), and a character beyond ASCII outside of quotes and comments, where TOML has none. Source:
// https://toml.io/en/v1.0.0
toml::table parse_toml(std::string_view text, std::string_view path = {});

}  // namespace dcache::text
