// Texts that are too long, or nested too deeply.
#pragma once

#include <string>
#include <string_view>

namespace dcache::project {

inline std::string repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += text;
  return all;
}

// Of `size` bytes or a few more.
inline std::string repeated_to_size(std::string_view text, size_t size) {
  std::string all;
  while (all.size() < size)
    all += text;
  return all;
}

}  // namespace dcache::project
