// Steps of a build for several platforms. BuildKit does what platforms share once, and names it after any of
// them: "[linux/amd64 build 2/3]", or "[linux/amd64->arm64 build 2/3]" in the next build.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dcache::observe {

// A platform as names have it.
struct PlatformWord {
  std::string_view own;  // where the step runs: "linux/amd64" of "linux/amd64->arm64"
  std::string target;    // what it is for: "linux/arm64"
};
PlatformWord read_platform(std::string_view word);

// What there is of one step, or of one stage, for each platform.
class PlatformChoices {
 public:
  // Of several for one platform the one with the highest number counts, and of these the first.
  void add(std::string_view platform, size_t index, size_t number = 0);

  std::optional<size_t> of(std::string_view platform) const;
  // What a step of this platform has below it in its stage: that of its platform, or what that shares with
  // another one.
  std::optional<size_t> below(std::string_view platform) const;
  // What a step of this platform takes from another stage, which may run on another platform.
  std::optional<size_t> seen_by(std::string_view platform) const;

 private:
  struct Choice {
    size_t index = 0;
    size_t number = 0;
  };
  using Choices = std::map<std::string, Choice, std::less<>>;

  static void keep(Choices& choices, std::string_view key, const Choice& choice);

  Choices by_word_;
  Choices by_target_;
  Choices by_own_;
  std::optional<Choice> any_;
};

}  // namespace dcache::observe
