// One image over the commits of a repository. Internal to history/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcache/cache/alignment.h"
#include "dcache/cache/keys.h"
#include "dcache/cache/known_keys.h"
#include "dcache/cache/report.h"
#include "dcache/context/commit_files.h"
#include "dcache/context/tree_snapshots.h"
#include "dcache/history/era.h"
#include "dcache/history/history.h"
#include "dcache/history/kept_replay.h"
#include "dcache/history/visible_paths.h"

namespace dcache::history {

// What a commit has otherwise than the one before.
struct CommitChanges {
  const context::Commit* commit = nullptr;
  std::shared_ptr<const context::CommitFiles> files;
  const std::vector<context::TreeChange>* changes = nullptr;
};

class ImageReplay {
 public:
  // `visible` is what all plans of the image look at. The arguments have to outlive it.
  ImageReplay(std::string name, const context::GitObjects& objects, const Options& options,
              VisibleByContext visible);

  // The next commit. `setup` is null if there is no such image; `needed` are the images of the repository
  // that it starts or copies from.
  using BuiltImages = std::map<std::string, plan::BuiltImage, std::less<>>;
  void add(const CommitChanges& commit, std::shared_ptr<const Setup> setup, const BuiltImages& needed);

  // What has to be seen in addition to what was known at the start, since links lead to it; null for nothing.
  // Answers are not reliable then.
  const VisibleByContext* more_visible() const { return sees_more_ ? &visible_ : nullptr; }

  // What the image is to those that start from it.
  plan::BuiltImage built() const;

  // Goes on where an earlier replay ended; it is as if that had begun at its commit `first`. To be called
  // before add(). The second one is given what add() was given for the last commit of the earlier replay, and
  // says whether it is the same build; if not, the object is of no use.
  void restore(KeptImage kept, size_t first);
  bool resume(const CommitChanges& commit, std::shared_ptr<const Setup> setup, const BuiltImages& needed);
  KeptImage keep() const;

  // To be called once, after the last commit.
  ImageHistory finish();

 private:
  // A state that was built.
  struct BuiltState {
    std::shared_ptr<const Setup> setup;
    std::shared_ptr<const Plan> plan;
    BuiltImages needed;
    std::map<std::string, context::Snapshot, std::less<>> files;  // by context
    std::vector<cache::StepKeys> keys;

    cache::Contexts contexts() const;
  };
  // By path, the kind of cause and the number of commits.
  using Causes = std::map<std::string, std::pair<cache::Cause::Kind, size_t>>;
  struct Segment : PlanSegment {
    std::shared_ptr<const Plan> plan = {};  // null for one of an earlier replay that is not the newest
  };

  bool is_as_before(const CommitChanges& commit, const std::shared_ptr<const Setup>& setup,
                    const BuiltImages& needed) const;
  // What paths from the root of the repository start with if they are in a context.
  std::string prefix_of(const ContextFolder& context) const;
  // What stands for git's own files, if the context has them: those of them that the build may take.
  std::vector<std::string> git_files_of(const ContextFolder& context, const plan::Graph& graph) const;
  std::shared_ptr<const Plan> plan_of(const CommitChanges& commit, const std::shared_ptr<const Setup>& setup,
                                      const BuiltImages& needed) const;
  // Whether a state has the steps of the last one, in the same order, apart from the values of arguments.
  bool has_steps_of_last(const BuiltState& now) const;
  tl::expected<context::Snapshot, std::string> snapshot_of(const ContextFolder& context,
                                                           const CommitChanges& commit,
                                                           const plan::Graph& graph);
  // The error is why it can't be built.
  tl::expected<BuiltState, std::string> state_at(const CommitChanges& commit,
                                                 std::shared_ptr<const Setup> setup,
                                                 const BuiltImages& needed);
  // Names the options of a build, and what the verdicts on a later one depend on; null for no such image, and
  // for one that can't be built.
  static std::string name_of(const Setup* setup, const BuiltState* state);
  void build(const CommitChanges& commit, std::shared_ptr<const Setup> setup, const BuiltImages& needed);
  void fail(std::string reason);
  void judge(BuiltState built);
  void count(const cache::Report& report, const BuiltState& now);
  // What each step that the target needs does, as the newest segment keeps it.
  std::shared_ptr<const std::vector<StepAtCommit>> steps_of(const cache::Report& report);
  std::vector<std::string> paths_of(const cache::StepReport& step, const BuiltState& now) const;
  // The changed files that a step or one that it needs takes.
  std::vector<std::string> paths_below(size_t step, const BuiltState& now) const;
  std::vector<std::string> changed_paths(const cache::StepReport& step, const BuiltState& now) const;
  // The steps that alone would make a step rebuild; `passed_on` has those of earlier steps that would go on
  // to what is made from these.
  std::vector<size_t> starters_of(size_t step, const BuiltState& now,
                                  const std::vector<std::optional<size_t>>& partners, bool begins,
                                  const std::vector<std::vector<size_t>>& passed_on) const;
  // Where the steps of a segment are among those of the result.
  using Places = std::vector<std::optional<size_t>>;
  void add_steps(const plan::Graph& graph);
  std::vector<Places> find_places() const;
  // Adds a commit's rebuilds to the steps of the result.
  void add_rebuilds(const Rebuilds& rebuilds, const Places& places, std::vector<Causes>& causes);

  const std::string name_;
  const context::GitObjects& objects_;
  const Options& options_;
  // In a linked work tree `.git` is a file instead, which is the same at all commits.
  bool has_git_folder_ = false;
  VisibleByContext visible_;
  bool sees_more_ = false;
  // By context and the text of its ignore file.
  std::map<std::pair<std::string, std::string>, std::unique_ptr<context::TreeSnapshots>> trees_;
  std::vector<std::shared_ptr<const cache::IgnoreFile>> matchers_;  // that they use
  cache::KnownKeys known_;
  std::optional<BuiltState> last_;           // that was built
  std::shared_ptr<const Setup> last_setup_;  // whether it was built or not
  BuiltImages last_needed_;
  std::vector<const context::TreeChange*> pending_;        // since last_ was built
  std::shared_ptr<const std::vector<StepAtCommit>> idle_;  // what building last_ again would do
  std::vector<Segment> segments_;
  std::map<size_t, Rebuilds> rebuilds_;  // by commit
  std::string restored_;                 // what name_of() said of the end of an earlier replay
  ImageHistory result_;
};

}  // namespace dcache::history
