// How much variables may make of a text. Builders have no such limits, and a few lines that double a value
// fill the memory of one.
#pragma once

#include <cstddef>

#include "dcache/dockerfile/expand.h"

namespace dcache::dockerfile {

// So many bytes may variables add to a text,
inline constexpr size_t kLongestValue = 1'000'000;
// so many may the patterns of a text look at,
inline constexpr size_t kMostSearched = 10 * kLongestValue;
// and so often may one of them match.
inline constexpr size_t kMostMatches = 100'000;

// Whether nothing is wrong with the text but that it goes beyond a limit.
bool is_of_limit(const ExpandError& error);

}  // namespace dcache::dockerfile
