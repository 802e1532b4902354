// Which images of a repository a change rebuilds, and through which other images.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/cache/revision.h"
#include "dcache/cache/what_if.h"
#include "dcache/plan/graph.h"
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

// The verdicts on the steps of an image, for those who show them all.
struct ImageSteps {
  cache::Build build;
  cache::Report report;
  std::vector<cache::ChangedPath> paths = {};  // those that are said to change
  std::vector<text::Failure> left_out = {};    // what it was not compared with, and why
  std::vector<std::string> differences = {};   // in what other builds than this one it was compared with
};

struct ImageEffect {
  const Image* image = nullptr;
  Effect effect = Effect::kUnaffected;
  std::string reason = {};    // of kUnknown, kNew and kConfiguration, in words
  std::string through = {};   // the image whose rebuild is the cause, if it is one
  std::string platform = {};  // the one that is judged, of an image that is built for several
  // The first step that rebuilds or may: its line in the Dockerfile, its text and why.
  uint32_t line = 0;
  std::string stage = {};
  std::string instruction = {};
  std::optional<plan::TriggerPlace> trigger = {};  // as of plan::Step
  cache::StepReport step = {};
  uint32_t follows_line = 0;  // of the step that makes it rebuild; 0 for none
  size_t rebuilt = 0;         // steps that surely rebuild
  size_t may_rebuild = 0;     // further steps that may
  size_t steps = 0;           // steps that the target needs
  // Why the image can't be built as it is. Its effect is kUnknown if a definition says how to build it, and
  // kUnaffected otherwise: nobody may build it at all.
  std::vector<text::Failure> failures = {};
  // With AffectedOptions::keep_steps; null for an image that can't be built or read.
  std::shared_ptr<const ImageSteps> all_steps = {};
};

struct AffectedImages {
  std::vector<ImageEffect> images;      // in the order of the project
  std::vector<text::Failure> failures;  // of the project as a whole: images that need each other in a circle
  // What is to be said once, and not for each image: that git has not all of its files here.
  std::vector<std::string> warnings = {};
  // Names of changed files that are in no context of an image, and patterns that match nothing in one.
  std::vector<std::string> outside = {};
};

struct AffectedOptions {
  // Indexes of the images that are asked about: only these and what they need are judged. Empty for all.
  std::vector<size_t> only = {};
  bool keep_steps = false;
  bool platform_is_given = false;  // images are only asked about for that one
  cache::Build::Progress progress = {};
};

// The images as definitions say that are read from these files.
using ReadImages = std::function<Project(std::shared_ptr<const context::FileSystem> files)>;

// Compares the images of a project with what builders have built at some revisions. `read` is called for each
// of them, and once more if a definition reads a file that git ignores, such as .env: what that contained
// before is not known. Images of the revisions whose definitions can't be read now are added to `project`,
// and are unknown.
AffectedImages affected_since(Project& project, const cache::Revisions& revisions, const ReadImages& read,
                              const AffectedOptions& options = {});

// The same if files changed: paths from the absolute folder `current`, or patterns of paths in a context.
AffectedImages affected_by(const Project& project, const std::vector<std::string>& changed,
                           const std::string& current, const AffectedOptions& options = {});

// The same with recorded states, by the names of the images: each has what its builder has built, the last
// build last. An image without any is new, but one that is only needed by those that are asked about counts
// as unchanged.
using States = std::map<std::string, std::vector<cache::Build>, std::less<>>;
AffectedImages affected_since(const Project& project, const States& states,
                              const AffectedOptions& options = {});

}  // namespace dcache::project
