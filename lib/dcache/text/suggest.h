// "Did you mean …?"
#pragma once

#include <span>
#include <string_view>

namespace dcache::text {

// The candidate that `word` is most likely a misspelling or the beginning of; empty if none is near. Letter
// case does not count.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace dcache::text
