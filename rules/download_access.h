// Whether a later RUN can download what an earlier one did. It has to if the earlier one is reused and the
// cache mount is empty.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

struct Obstacle {
  std::string step;  // that may not be able to download: "line 9"; empty for none
  std::string
      reason;  // as a clause: "'rm /root/.netrc' in line 7 may remove or change credentials or settings"
};

// A RUN that uses one of the package manager's caches after another one has filled it, and may not be able to
// fill it in the same way: a file with credentials or settings, a variable, a program or the user may be
// another one there. One of the two is `run`.
Obstacle find_obstacle(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                       std::span<const std::string_view> caches);

}  // namespace dcache::rules
