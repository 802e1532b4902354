// What a RUN gives another result for from day to day though its text is the same: a cached layer keeps the
// old one.
#pragma once

#include <vector>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// A command that takes what a branch or "latest" is at.
struct MovingDownload {
  enum class Kind : uint8_t { kClone, kLatest, kPackage };
  const shell::Command* command = nullptr;
  Kind kind = Kind::kClone;
};
// Those of a RUN that run for sure, and that no checksum or checkout pins.
std::vector<MovingDownload> moving_downloads(lint::Dockerfile& dockerfile, const lint::Run& run);

// The first RUN of the file that upgrades packages, downloads what moves, or fetches package lists for later
// steps; null for none. A build that imports a cache no longer renews what it has.
const lint::Run* find_moving_result(lint::Dockerfile& dockerfile);

}  // namespace dcache::rules
