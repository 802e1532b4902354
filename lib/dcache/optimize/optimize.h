// A better Dockerfile and ignore file, with what they would have gained over the commits of a repository.
//
// The fixes of the rules about caching are made together, and folders that change apart from what the steps
// read are copied apart (optimize/apart.h). Then the commits are replayed twice: as if the Dockerfile had
// always been as it is now, and as if it had always been as proposed. A change without which the replay gives
// the same is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/git_objects.h"
#include "dcache/lint/config.h"
#include "dcache/lint/fixes.h"
#include "dcache/lint/rule.h"
#include "dcache/plan/graph.h"
#include "dcache/project/images.h"

namespace dcache::optimize {

// What the commits say of something, in builds of all images. A step that several of them share runs once in
// a commit, and counts once.
struct Gain {
  size_t steps = 0;  // that would not have been rebuilt, of any kind
  size_t runs = 0;   // the RUNs among them
  // Runs of RUNs that find what they downloaded or compiled before: in a cache mount, which is empty on
  // workers that start empty, or in a layer below that is reused.
  size_t cheaper = 0;
  size_t cheaper_by_layer = 0;         // those of them that find it in a layer
  std::optional<double> seconds = {};  // of the runs that are saved, as far as it is known how long one takes

  size_t most() const { return std::max({steps, runs, cheaper}); }
};

// What the fix of a rule for one instruction does, or copying a folder apart.
struct Change {
  const lint::Rule* rule = nullptr;  // null for a folder
  uint32_t line = 0;  // of the finding, in the Dockerfile as it is; 0 where another change brings it
  std::vector<uint32_t> other_lines = {};  // of findings that it is for as well: for the same cache
  std::string finding;                     // in words
  std::string remedy = {};                 // what is to be done, and looked at
  std::string reason = {};                 // why it is unsafe; empty where it is safe
  std::string folder = {};                 // that is copied apart, from the root of the context
  bool safe = true;                        // as of lint::Fix
  Gain gain;  // against the same proposal without it; of one that is not made, added to it
};

struct StepComparison {
  std::string stage;
  uint32_t line_before = 0, line_after = 0;        // 0 where there is no such step
  std::string instruction;                         // on one line
  std::optional<plan::TriggerPlace> trigger = {};  // as of plan::Step
  bool is_run = false;
  bool is_changed = false;                       // its instruction has other flags or words than before
  size_t before = 0, after = 0;                  // commits in which it surely rebuilds
  size_t perhaps_before = 0, perhaps_after = 0;  // and in which it may
  std::optional<double> seconds = {};            // that it takes
};

struct ImageComparison {
  std::string name;
  std::vector<StepComparison> steps;  // in the order of the proposal; those that are gone at their old place
};

struct Proposal {
  std::string dockerfile;            // its path
  std::string before, after;         // its texts
  std::vector<lint::Fix> new_files;  // with the texts of ignore files
  std::vector<Change> changes;       // that are made, the one with the largest gain first
  std::vector<Change> unsafe;        // that would gain, and need Options::unsafe
  std::vector<Change> useless;       // that gain less than is asked for
  std::vector<ImageComparison> images;
  size_t commits = 0;  // at which all that was tried can be built: only these count
  size_t all_commits = 0;
  std::vector<std::string> notes;  // what the counts assume, in sentences
  int64_t from = 0, to = 0;        // the times of the first and the last of them, in seconds since 1970
  Gain gain;                       // of all that is made

  bool is_empty() const { return after == before && new_files.empty(); }
};

struct Options {
  std::shared_ptr<const context::GitObjects> objects;
  std::vector<context::Commit> commits;  // as GitObjects::log() gives them
  std::string here;                      // the absolute folder that paths start from
  size_t least_gain = 1;                 // in steps that are not rebuilt, over all commits
  bool unsafe = false;                   // make fixes too that may change the image
  lint::Config config = {};              // whose chosen rules do not count, but whose ignored ones do
  lint::BuildFacts facts = {};
  // How long a step of a plan takes; nothing where that is not known.
  std::function<std::optional<double>(const plan::Graph&, size_t step)> seconds = {};
  std::function<void(size_t done, size_t all)> progress = {};
};

// Improves the Dockerfile of images, which is one file for all of them, in their project. Fails, with a
// sentence, if commits can't be read or none builds.
tl::expected<Proposal, std::string> propose(const project::Project& project,
                                            const std::vector<size_t>& images, const Options& options);

}  // namespace dcache::optimize
