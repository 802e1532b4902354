// Builds at earlier states that git knows, and what rebuilds since then.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/context/git.h"
#include "dcache/context/revision_files.h"

namespace dcache::cache {

// A build compared with earlier states of it.
struct Comparison {
  std::vector<Build> before;  // as the revisions have it; those that could not be built then are left out
  Build after;
  Report report;
  // Why a revision is left out, one for each: "there is no api/Dockerfile at HEAD".
  std::vector<Failure> left_out;
};

// Revisions of one repository that builds are compared at: what builders have built, and what is built now.
// Folders are read once, however many builds are compared. Not to be shared between threads.
class Revisions {
 public:
  // Each of `ranges` is a revision ("HEAD~2") that the work tree is compared with, or a single range of two
  // ("A..B", or "A...B" from where they parted). `folder` is in the work tree.
  static tl::expected<Revisions, Failure> open(const std::string& folder,
                                               const std::vector<std::string>& ranges,
                                               std::shared_ptr<const context::FileSystem> files);

  const context::GitRepository& repository() const { return *repository_; }
  size_t size() const { return before_.size(); }
  // A revision as the user wrote it.
  const std::string& name(size_t index) const { return before_[index].name; }
  // The files as of each revision, and as of now.
  std::shared_ptr<const context::FileSystem> before(size_t index) const { return before_[index].cached; }
  std::shared_ptr<const context::FileSystem> after() const { return after_; }
  // The absolute paths that are not the same in all of them, sorted.
  std::vector<std::string> changed_paths() const;
  // Git's own folders (".git") that are not: every commit changes them.
  std::vector<std::string> changed_git_folders() const;

  // Compares a build with itself at the revisions. `before` has its options at each of them, or nothing where
  // there was no such build; `files` of all options is set here. Only files that differ are hashed, unless
  // the Dockerfile, the ignore file or the options do.
  tl::expected<Comparison, std::vector<Failure>> compare(std::span<const std::optional<BuildOptions>> before,
                                                         BuildOptions after,
                                                         const Build::Progress& progress = {}) const;
  // With the same options at all of them.
  tl::expected<Comparison, std::vector<Failure>> compare(const BuildOptions& options,
                                                         const Build::Progress& progress = {}) const;

  // Paths of the files of a context, whose real folder is given, of which no revision has a version: git
  // ignores them, or they are in a repository inside of this one.
  const std::vector<std::string>& assumed_in(const context::Snapshot& snapshot,
                                             const std::string& folder) const;
  // The same of all contexts of a build of now, and of git's own files where they are copied.
  Build::AssumedPaths assumed_of(const Build& after) const;

 private:
  struct State {
    std::string name;  // as the user wrote it
    std::shared_ptr<const context::RevisionFiles> files;
    std::shared_ptr<const context::FileSystem> cached;
  };
  struct IgnoredFiles;

  Revisions() = default;
  // Whether one of the states is of another commit than HEAD.
  bool is_other_commit() const;
  bool differs(const std::string& path) const;
  // By context: what is not the same in all states, and what nobody knows of.
  Build::Paths differing_paths(const std::map<std::string, std::string, std::less<>>& roots,
                               const Build::AssumedPaths& assumed) const;

  std::shared_ptr<const context::GitRepository> repository_;
  std::vector<State> before_;
  std::optional<State> to_;  // of a range of two
  std::shared_ptr<const context::FileSystem> after_;
  std::shared_ptr<IgnoredFiles> ignored_;
  bool ignore_files_differ_ = false;
};

// A build as one revision has it, and what a comparison with it takes for the same.
struct BuildAtRevision {
  Build build;
  Build::AssumedPaths assumed;
};
// Its files are not hashed yet. `now` is the build that is to be compared with it.
tl::expected<BuildAtRevision, std::vector<Failure>> load_revision(const BuildOptions& options,
                                                                  const std::string& revision,
                                                                  const Build& now);

}  // namespace dcache::cache
