// "Did you mean …?"
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace dcache::text {

// How many letters have to be added, removed or replaced to get from one to the other (Levenshtein). Letter
// case does not count.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` is most likely a misspelling or the beginning of; empty if none is near. Letter
// case does not count.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

// "did you mean '…'?" with the closest candidate; `otherwise` where none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view otherwise);

}  // namespace dcache::text
