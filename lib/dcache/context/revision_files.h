// The files of a work tree as one revision of its git repository has them.
//
// What git tracks, and what is new since the revision, is as the revision says. All else is as it is now:
// what .gitignore leaves out is assumed to have been the same.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/file_system.h"
#include "dcache/context/git.h"

namespace dcache::context {

class RevisionFiles : public FileSystem {
 public:
  // By absolute path, the files that the revision and the work tree don't have in common.
  using Changes = std::map<std::string, GitChange, std::less<>>;

  // `revision` is a commit of `repository`, which is kept. What a sparse checkout leaves out is a part of the
  // revision if that is asked for. `also` are paths from the root that count as changed, whether they differ
  // from the work tree or not. The error is a sentence.
  using Sparse = GitRepository::Sparse;
  static tl::expected<std::shared_ptr<const RevisionFiles>, std::string> open(
      std::shared_ptr<const GitRepository> repository, std::string revision,
      std::shared_ptr<const FileSystem> work_tree, Sparse sparse = Sparse::kLeftOut,
      const std::vector<std::string>& also = {});

  const std::string& revision() const { return revision_; }
  const Changes& changes() const { return changes_; }
  // The absolute folders of git (".git") whose files are not the same: every commit writes to them, and so
  // does what is staged. Sorted.
  const std::vector<std::string>& changed_git_folders() const { return git_folders_; }
  // Whether they differ because another commit is checked out, and not only because something is staged.
  bool is_other_commit() const { return !git_folders_.empty() && !is_staged_only_; }
  // The submodule that an absolute path is in, if it is not the same at the revision and its commit of then
  // is not there, from the root of the work tree: what the path contained then is not known. Empty for most.
  std::string changed_submodule(std::string_view path) const;

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  FolderEntries list(const std::string& folder) const override;
  std::string real_path(const std::string& path) const override;
  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override;
  // Of files that changed, walk() knows the hashes already.
  std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                            const HashingOptions& options) const override;

 private:
  RevisionFiles(std::shared_ptr<const GitRepository> repository, std::string revision,
                std::shared_ptr<const FileSystem> work_tree)
      : repository_(std::move(repository)),
        revision_(std::move(revision)),
        work_tree_(std::move(work_tree)) {}

  // A submodule whose files are compared: its repository has the commit that it was at.
  struct Submodule {
    std::shared_ptr<const GitRepository> repository;
    std::string commit;
  };
  void find_git_folders();
  // The paths below an absolute folder of those of git's folders.
  std::vector<std::string> git_folders_in(const std::string& folder) const;
  // Adds the changes of a repository whose root that is, and those of its submodules.
  void add(std::vector<GitChange> changes, const std::string& root);
  bool add_submodule(const GitChange& change, const std::string& root);
  // The content that a change takes back, of the repository that the path is in.
  tl::expected<std::optional<std::string>, std::string> content_of(const std::string& path,
                                                                   const GitChange& change) const;
  // The absolute path. Links before the name are followed, as git follows none.
  std::string absolute(const std::string& path) const;
  // What the revision has of a path, after all links; null if it is as in the work tree.
  const GitChange* change_of(const std::string& path) const;
  // The path after the links that the revision has.
  std::string follow(const std::string& path) const;
  // The changes below an absolute folder.
  std::pair<Changes::const_iterator, Changes::const_iterator> below(const std::string& folder) const;

  std::shared_ptr<const GitRepository> repository_;
  std::string revision_;
  std::shared_ptr<const FileSystem> work_tree_;
  Changes changes_;
  std::map<std::string, Submodule, std::less<>> submodules_;  // by absolute path
  bool links_differ_ = false;
  std::vector<std::string> git_folders_;
  bool is_staged_only_ = false;  // the revision is checked out, and only something else is staged
};

}  // namespace dcache::context
