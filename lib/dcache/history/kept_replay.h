// What a replay leaves for the next one of the same images, which then replays the new commits only. Internal
// to history/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/known_keys.h"
#include "dcache/cache/report.h"
#include "dcache/context/git_objects.h"
#include "dcache/history/history.h"
#include "dcache/history/visible_paths.h"

namespace dcache::history {

// What a commit adds to the counts of the steps of its plan.
struct Rebuilds {
  struct Step {
    size_t step = 0;  // as those of the plan
    size_t root = 0;  // where it all began: the step itself, or another one
    bool surely = false;
    std::vector<size_t> starters = {};  // sorted; see StepHistory::starters
  };
  std::vector<Step> steps;
  // What made a root rebuild.
  struct Origin {
    cache::Cause::Kind kind = cache::Cause::Kind::kNone;
    std::vector<std::string> paths;
  };
  std::map<size_t, Origin> origins;  // by root
};

// Commits in a row with one plan.
struct PlanSegment {
  std::vector<bool> needed;                 // by step
  std::vector<std::optional<size_t>> next;  // its steps as those of the next segment; empty for the newest
  // By step, what names it in every plan: its stage, its words, and how many of the same are above it.
  std::vector<context::Hash> names;
  // What its commits did: few have something of their own.
  std::vector<std::shared_ptr<const std::vector<StepAtCommit>>> outcomes;
};

struct KeptImage {
  std::string name;
  std::string state;  // names what the last commit made of it, options and all
  cache::KnownKeys::Hashes known;
  std::vector<PlanSegment> segments;
  std::vector<ImageAtCommit> commits;   // as in KeptReplay
  std::map<size_t, Rebuilds> rebuilds;  // by commit
  VisibleByContext visible;
};

struct KeptReplay {
  std::vector<context::ObjectId> commits;  // oldest first
  std::vector<KeptImage> images;
  // By commit, the paths of changes that a note is about.
  std::vector<std::pair<size_t, std::string>> submodules, attributes;
};

std::string to_text(const KeptReplay& kept);

}  // namespace dcache::history
