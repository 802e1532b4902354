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

// Whether a command of the RUN gives another result from day to day: it upgrades packages, downloads what
// moves, asks for the newest, checks for new vulnerabilities, or takes the time or something at random.
// Installs that name packages do not count: which version they give is the point of their own rules.
bool has_moving_result(lint::Dockerfile& dockerfile, const lint::Run& run, const shell::Command& command);
// The same of any of them, or a list of packages that is fetched for later steps.
bool has_moving_result(lint::Dockerfile& dockerfile, const lint::Run& run);

// Whether the command brings what is installed to the newest versions.
bool upgrades_packages(const shell::Command& command);

// The first RUN of the file that has one; null for none. A build that imports a cache no longer renews what
// it has.
const lint::Run* find_moving_result(lint::Dockerfile& dockerfile);

}  // namespace dcache::rules
