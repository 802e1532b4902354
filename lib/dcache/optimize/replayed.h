// Replays commits with other texts of a Dockerfile, and what that says of its steps. Internal to optimize/.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/history/history.h"
#include "dcache/optimize/optimize.h"

namespace dcache::optimize {

// "RUN --mount=type=cache,target=/c make" does the same as "RUN make". `instruction` is on one line.
std::string without_flags(const std::string& instruction);

struct StepRuns {
  std::string stage;
  uint32_t line = 0;
  std::string instruction;                         // on one line
  std::optional<plan::TriggerPlace> trigger = {};  // as of plan::Step
  std::string name;  // the same without flags: what it does, however its mounts are
  bool is_run = false;
  size_t rebuilt = 0, depends = 0;
  std::vector<bool> rebuilt_at = {};  // by commit
  size_t same_as = 0;  // steps with the same number are one for a builder: it has one key for them
  std::optional<double> seconds = {};
};

struct ImageRuns {
  std::string name;
  std::vector<StepRuns> steps;
};

// The steps of all images, those that a builder knows as one step once: with the commits of all of them.
std::vector<StepRuns> distinct_steps(const std::vector<ImageRuns>& images);

// What finds a step, or an instruction, in another text.
struct StepName {
  std::string stage;
  std::string name;  // without flags
  bool is_run = false;
};
// For each of `after` the one of `before` that it was: of the same words, or a RUN of which a fix changed
// some.
std::vector<std::optional<size_t>> partners_of(const std::vector<StepName>& before,
                                               const std::vector<StepName>& after);

// What all steps did, each of them once.
struct Total {
  size_t steps = 0, runs = 0;
  double seconds = 0;
  bool has_seconds = false;
};
Total total_of(const std::vector<ImageRuns>& images);
// What is saved with the second one; a loss counts as nothing.
Gain difference(const Total& without, const Total& with);

// Whether the two surely rebuild a step in different numbers of commits.
bool rebuild_differently(const std::vector<ImageRuns>& before, const std::vector<ImageRuns>& after);

std::vector<ImageComparison> compare(const std::vector<ImageRuns>& before,
                                     const std::vector<ImageRuns>& after);

class Replays {
 public:
  // All have to outlive it.
  Replays(const project::Project& project, const std::vector<size_t>& images, const Options& options);

  // Replays the commits. Those at which this text can't be built do not count from then on, and answers of
  // before are not to be compared with later ones: see commits().
  tl::expected<std::vector<ImageRuns>, std::string> of(const std::string& text,
                                                       const std::vector<lint::Fix>& new_files);
  const std::vector<context::Commit>& commits() const { return commits_; }
  // What the replays say of the counts, in sentences: History::notes.
  const std::set<std::string>& notes() const { return notes_; }
  // Whether a folder has the path in each of the commits.
  bool always_has(const std::string& folder, const std::string& path) const;

 private:
  // What the commits say of an image with the steps that a text gives it.
  struct ReplayResult {
    ImageRuns runs;
    std::vector<bool> built;  // by commit
    std::string reason;       // why the last one that can't be built can't
  };
  // Where a file is or was in the repository, from its root; none if it is outside.
  std::vector<std::string> places_of(const std::string& path) const;
  // Names all that the counts depend on: what the target needs of the text, and the files next to it.
  static std::string key_of(size_t image, const dockerfile::File& file, const plan::Graph& graph,
                            const std::vector<lint::Fix>& new_files);
  tl::expected<void, std::string> replay(const std::vector<size_t>& images,
                                         const std::vector<std::string>& keys,
                                         const context::GitObjects::Texts& texts);
  static ImageRuns runs_of(const history::ImageHistory& image);
  // Of the text as it is, before others are tried.
  void leave_out_failing(const std::vector<std::string>& keys);
  void learn_seconds(const plan::Graph& graph);
  void add_seconds(size_t image, ImageRuns& runs);
  // For each step of the graph of an image a number that no other step has, but those that a builder can't
  // tell from it: the same instruction on the same steps, with the same files.
  std::vector<size_t> numbers_of(size_t image, const plan::Graph& graph);

  const Options& options_;
  project::Project project_;    // of the images and those that they need
  std::vector<size_t> images_;  // their indexes in it
  std::vector<context::Commit> commits_;
  bool are_independent_ = false;               // no image needs another one
  bool is_replayed_ = false;                   // once
  std::map<std::string, ReplayResult> known_;  // of these commits
  std::set<std::string> notes_;
  std::map<std::string, double> seconds_;  // by the name of a step
  std::map<size_t, ImageRuns> first_;      // by image: with the text that was tried first
  std::map<std::string, size_t> numbers_;  // by what makes a step what it is
};

}  // namespace dcache::optimize
