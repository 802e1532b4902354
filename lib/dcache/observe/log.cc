#include "dcache/observe/log.h"

#include <algorithm>

namespace dcache::observe {

std::pair<size_t, size_t> Log::builds_of(size_t run) const {
  const auto of_run = std::ranges::equal_range(builds, run, {}, &Build::run);
  const auto index = [&](auto at) { return static_cast<size_t>(at - builds.begin()); };
  return {index(of_run.begin()), index(of_run.end())};
}

}  // namespace dcache::observe
