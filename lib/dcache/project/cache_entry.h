// Caches of a build as `--cache-from` and `--cache-to` name them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace dcache::project {

// "alpine" is "type=registry,ref=alpine", "a,b" two of them, and "type=gha" itself. The error is a sentence.
// Source: https://docs.docker.com/reference/cli/docker/buildx/build/#cache-from
tl::expected<std::vector<std::string>, std::string> cache_entries_of(std::string_view text);

}  // namespace dcache::project
