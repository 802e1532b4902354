// Variables in texts of Docker Compose and in .env files: `$V`, `${V}`, `${V:-default}`, `${V-default}`,
// `${V:?message}`, `${V?message}`, `${V:+other}`, `${V+other}`, nested ones, and `$$` for a dollar sign.
// Source: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dcache::project {

// The value of a variable; nothing if it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

struct InterpolatedText {
  std::string text;
  std::vector<std::string> unset = {};  // variables that are not set and have no default: they are empty
};

// The error is a sentence without a place. A result of more than `longest` characters is an error too.
tl::expected<InterpolatedText, std::string> interpolate(std::string_view text, const Lookup& lookup,
                                                        size_t longest = size_t{4} << 20U);

}  // namespace dcache::project
