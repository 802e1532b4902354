// Random texts of a few parts, for tests that compare code with a slow and obvious model: the parts are few,
// so that patterns match often. The texts are the same in every run and on every system.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::tests {

#if defined(__has_feature)
#define DCACHE_HAS_FEATURE(name) __has_feature(name)
#else
#define DCACHE_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || DCACHE_HAS_FEATURE(address_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
// Sanitizers make a program many times slower: tests divide their large numbers by this.
inline constexpr size_t kScaleDown = kIsSanitized ? 20 : 1;
inline constexpr size_t kComparisons = 1'000'000 / kScaleDown;

class RandomText {
 public:
  using Parts = std::vector<std::string_view>;

  explicit RandomText(uint32_t seed) : random_(seed) {}

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }

  // Between `fewest` and `most` of the parts.
  std::string of(const Parts& parts, uint32_t fewest, uint32_t most) {
    std::string text;
    for (uint32_t count = fewest + below(most - fewest + 1); count > 0; --count)
      text += parts[below(static_cast<uint32_t>(parts.size()))];
    return text;
  }

 private:
  std::mt19937 random_;
};

}  // namespace dcache::tests
