// Lists of words; lists and counts in sentences.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace dcache::text {

inline bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// "a", "a and b", "a, b and c"; empty for none. Of more than `most` the first ones: "a, b and 3 more".
std::string list_words(std::span<const std::string> words, size_t most = std::numeric_limits<size_t>::max());

// "1 step", "2 steps".
std::string counted(size_t count, std::string_view noun);

// "4.2 s", "45 s", "2 min 10 s", "1 h 5 min".
std::string duration_words(double seconds);

}  // namespace dcache::text
