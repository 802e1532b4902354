#include "dcache/text/words.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace dcache::text {

std::string list_words(std::span<const std::string> words, size_t most) {
  std::string list;
  const size_t named = std::min(words.size(), most);
  for (size_t i = 0; i < named; ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  if (named < words.size()) list += " and " + std::to_string(words.size() - named) + " more";
  return list;
}

std::string counted(size_t count, std::string_view noun) {
  return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

std::string duration_words(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "a long time";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace dcache::text
