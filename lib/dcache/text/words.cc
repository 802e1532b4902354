#include "dcache/text/words.h"

#include <algorithm>

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

}  // namespace dcache::text
