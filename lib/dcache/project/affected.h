// Which images of a repository a change rebuilds, and through which other images.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/cache/revision.h"
#include "dcache/project/images.h"

namespace dcache::project {

enum class Effect : uint8_t {
  kUnaffected,     // no step of it can change, and its configuration does not
  kRebuilt,        // some step surely rebuilds
  kMayRebuild,     // some step may rebuild
  kConfiguration,  // no step rebuilds, but what the image says does change: CMD, ENV, labels
  kNew,            // there was no such image before, or it could not be built
  kUnknown,        // it can't be told: `reason`
};
// The word for it, as in JSON: "unaffected", "rebuilt", "may-rebuild", "configuration", "new", "unknown".
std::string_view name_of(Effect effect);

struct ImageEffect {
  const Image* image = nullptr;
  Effect effect = Effect::kUnaffected;
  std::string reason = {};   // of kUnknown, kNew and kConfiguration, in words
  std::string through = {};  // the image whose rebuild is the cause, if it is one
  // The first step that rebuilds or may: its line in the Dockerfile, its text and why.
  uint32_t line = 0;
  std::string stage = {};
  std::string instruction = {};
  cache::StepReport step = {};
  uint32_t follows_line = 0;  // of the step that makes it rebuild; 0 for none
  size_t rebuilt = 0;         // steps that rebuild or may
  size_t steps = 0;           // steps that the target needs
  // Why the image can't be built as it is; its effect is kUnknown.
  std::vector<text::Failure> failures = {};
};

struct Affected {
  std::vector<ImageEffect> images;      // in the order of the project
  std::vector<text::Failure> failures;  // of the project as a whole: images that need each other in a circle
};

// Compares the images of a project with what builders have built at some revisions. `before` gives the images
// as the definitions say at each of them, in their order.
Affected affected_since(const Project& project, const std::vector<Project>& before,
                        const cache::Revisions& revisions, const cache::Build::Progress& progress = {});

// The same if files changed: paths from the absolute folder `current`.
Affected affected_by(const Project& project, const std::vector<std::string>& changed,
                     const std::string& current);

}  // namespace dcache::project
