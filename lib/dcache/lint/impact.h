// What a finding costs, by the cache model: what a change rebuilds now, and what it would rebuild without the
// finding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace dcache::lint {

// How often a step was rebuilt.
struct Frequency {
  size_t rebuilt = 0;  // in so many
  size_t commits = 0;  // of those that build the image with the step
};

struct Impact {
  std::string cause;    // "editing src/main.go"
  size_t rebuilds = 0;  // steps that it rebuilds, and of how many
  size_t steps = 0;
  size_t rebuilds_after = 0;  // the same with the fix
  size_t steps_after = 0;
  // How long those took in the last build; nothing if that is not known, and less if not all of them are.
  std::optional<double> seconds = {};
  std::optional<double> seconds_after = {};
  // By the history, of the step that the finding is at; only known where the history is replayed, as for the
  // report.
  std::optional<Frequency> frequency = {};
  // What a change rebuilds, in words: "editing src/main.go rebuilds 6 of 8 steps now, and 2 of 9 with this
  // change".
  std::string words = {};
};

// Whether one gains more than another: seconds count for more than steps, and no impact gains nothing.
inline bool gains_more(const std::optional<Impact>& a, const std::optional<Impact>& b) {
  const auto seconds = [](const std::optional<Impact>& one) {
    return one ? one->seconds.value_or(0) - one->seconds_after.value_or(0) : 0;
  };
  const auto steps = [](const std::optional<Impact>& one) {
    return one ? static_cast<double>(one->rebuilds) - static_cast<double>(one->rebuilds_after) : 0;
  };
  if (seconds(a) != seconds(b)) return seconds(a) > seconds(b);
  return steps(a) > steps(b);
}

}  // namespace dcache::lint
