// How often each step of an image would have been rebuilt, had each commit of a repository been built.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/report.h"
#include "dcache/context/commit_files.h"
#include "dcache/context/git_objects.h"
#include "dcache/plan/graph.h"
#include "dcache/project/images.h"
#include "dcache/text/failure.h"

namespace dcache::history {

// A step that the target needs, at one commit.
struct StepAtCommit {
  std::string stage;
  uint32_t line = 0;  // in the Dockerfile of that commit
  cache::Verdict verdict = cache::Verdict::kHit;
  bool runs_always = false;  // whatever changed
  friend bool operator==(const StepAtCommit&, const StepAtCommit&) = default;
};

// An image at one commit.
struct ImageAtCommit {
  enum class State : uint8_t {
    kBuilt,
    kFails,   // it can't be built
    kAbsent,  // there is no such image
  };
  State state = State::kBuilt;
  std::string reason;                                      // why it can't be built
  std::shared_ptr<const std::vector<StepAtCommit>> steps;  // of kBuilt; many commits share one
  bool changes_nothing = false;                            // no step rebuilds or may rebuild
  size_t plan = 0;                                         // of kBuilt: in ImageHistory::places
};

// What made a step rebuild, and how often.
struct CauseCount {
  cache::Cause::Kind kind = cache::Cause::Kind::kFile;
  // A file by its path in the context; for what the Dockerfile says its own path; for an image or a variable
  // its name; empty for what has none.
  std::string path;
  size_t commits = 0;
};

// A step of the newest commit that builds the image, over all commits.
struct StepHistory {
  std::string stage;
  uint32_t line = 0;
  std::string instruction;
  std::optional<plan::TriggerPlace> trigger = {};  // as of plan::Step
  bool is_run = false;
  size_t built = 0;    // commits that build the image with a Dockerfile that has the step
  size_t rebuilt = 0;  // commits in which it surely rebuilds
  size_t depends = 0;  // commits in which it rebuilds if an earlier step gives something else than before
  std::vector<CauseCount> causes;  // the most frequent one first
  // By step, an index among these steps: the commits in which it rebuilds or may, and would if what that step
  // reads or says had been the only change. Its own index is there too.
  std::map<size_t, size_t> starters;
  // The commits in which it alone would make some RUN run again, itself or a later one.
  size_t starts = 0;
};

struct ImageHistory {
  std::string name;
  std::string dockerfile;              // of the newest commit that builds it
  std::vector<ImageAtCommit> commits;  // as in History
  std::vector<StepHistory> steps;
  // For each plan that commits in a row had, and each of their steps: where it is among the steps above, if
  // it is.
  std::vector<std::vector<std::optional<size_t>>> places;
  // Commits that build it, that can't, and those of the first kind that change nothing in it.
  size_t built = 0, failed = 0, unchanged = 0;
};

struct History {
  std::vector<context::Commit> commits;  // oldest first
  std::vector<ImageHistory> images;
  std::vector<std::string> notes;  // what the counts leave out, in sentences
  std::string kept;                // for read_kept(); empty unless Options::keeps
};

// The images of a repository as its files say at one commit.
struct ImagesAtCommit {
  project::Project project;
  std::vector<size_t> meant;  // those that are asked about
};
using ReadImages = std::function<ImagesAtCommit(std::shared_ptr<const context::CommitFiles> files,
                                                std::shared_ptr<const context::FileSystem> seen)>;

// Made of what a replay left, see History::kept. The error is the end of a sentence about the text.
struct KeptReplay;
tl::expected<std::shared_ptr<const KeptReplay>, std::string> read_kept(const std::string& text);

struct Options {
  std::string here;  // the absolute folder that the paths of images start from
  // A folder of a context is one record in place of its files if it has that many; see context::VisiblePaths.
  size_t least_files = 64;
  std::function<void(size_t done, size_t all)> progress = {};
  // What an earlier replay of the same images left; null for none. Its commits are not replayed again, and
  // the builder has what it built then, if the commits that are asked for now begin among its own and have
  // the same order, and if its last build is still the same. Otherwise all commits are replayed.
  std::shared_ptr<const KeptReplay> kept = {};
  bool keeps = false;  // fills History::kept
};

// Replays commits, which are sorted as GitObjects::log() gives them. `read` is called for those at which the
// images may be others than before; its answer for the newest one says which images are meant. The error is
// a sentence.
tl::expected<History, std::string> replay(const std::shared_ptr<const context::GitObjects>& objects,
                                          std::vector<context::Commit> commits, const ReadImages& read,
                                          const Options& options);

}  // namespace dcache::history
