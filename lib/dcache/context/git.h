// What git knows of earlier states of a work tree.
//
// libgit2 is loaded when a repository is opened and not before: it would cost every other command more time
// to start than all their work. Where it is not installed, opening fails and says so.
//
// Source: https://libgit2.org/docs/reference/
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/snapshot.h"

struct git_repository;

namespace dcache::context {

// A file that says how git writes the files below its folder.
inline constexpr std::string_view kAttributesName = ".gitattributes";

// What an error ends with if git has the name of a file and not its content. A fetch with the clone's own
// filter would leave it out again.
inline constexpr std::string_view kFetchContent =
    ": in a partial clone, get it with git fetch --refetch --no-filter";

// A path that a revision and the work tree don't have in common. What .gitignore leaves out is not a part of
// it, and neither are repositories inside of this one that are not its submodules.
struct GitChange {
  std::string path;              // from the root of the work tree
  std::optional<Record> record;  // as the revision has it, by that path, hashed; nothing if it does not
  bool submodule = false;        // what is below it is not compared
  std::string commit = {};       // of a submodule, at the revision; empty if there was none
  bool link = false;             // on one of the two sides it is a link
};

// One side or two: "HEAD~2", "main..topic", "main...topic" (from where they parted).
struct GitRange {
  std::string from;               // object names
  std::optional<std::string> to;  // nothing: the work tree
};

// The nearest folder with a `.git` in or above `folder`, an absolute path; empty outside of a repository.
std::string repository_root(const std::string& folder);

// Not to be shared between threads. Errors are sentences that name the path or the revision.
class GitRepository {
 public:
  // The repository that a folder is in. One without a work tree is only of use to GitObjects.
  enum class Bare : uint8_t { kRefused, kAllowed };
  static tl::expected<GitRepository, std::string> open(const std::string& folder, Bare bare = Bare::kRefused);
  GitRepository(GitRepository&&) noexcept;
  GitRepository& operator=(GitRepository&&) noexcept;
  ~GitRepository();

  // The root of the work tree, absolute and without a slash at its end; of a bare repository its folder.
  const std::string& root() const { return root_; }
  bool is_bare() const;
  bool is_shallow() const;
  // Whether the branch that is checked out has none yet.
  bool has_no_commit() const;
  // As libgit2 knows it. Internal to context/.
  git_repository* handle() const;

  tl::expected<GitRange, std::string> parse_range(const std::string& text) const;
  // All differences between a revision and the work tree, untracked files included. Files that git was told
  // not to look at (assume-unchanged) are compared all the same. Those that a sparse checkout leaves out are
  // differences only if they are asked for: no build of the work tree has them. Settings of git that hide
  // differences, such as `ignore` of a submodule, do not count. A file that only other .gitattributes write
  // with other bytes is a difference. `also` are paths that are in the answer as the revision has them,
  // whether they differ or not.
  enum class Sparse : uint8_t { kLeftOut, kIncluded };
  tl::expected<std::vector<GitChange>, std::string> changes(const std::string& revision,
                                                            Sparse sparse = Sparse::kLeftOut,
                                                            const std::vector<std::string>& also = {}) const;
  // The files of which two commits have the same content, and of which their checkouts differ: in the mode,
  // or because .gitattributes do. Whatever core.filemode is: it is about work trees.
  std::vector<std::string> differing_checkouts(const std::string& from, const std::string& to) const;
  // Whether the revision is the commit that is checked out.
  bool is_head(const std::string& revision) const;
  // Whether the index is that of the revision: it is checked out, and nothing is staged.
  bool is_in_index(const std::string& revision) const;
  // Whether .gitignore, or what else git reads for it, leaves a file or folder of the work tree out. What git
  // tracks, or tracks something of, is not left out. `path` is from the root.
  bool ignores(const std::string& path, bool is_folder) const;
  // The same of what is known not to be tracked.
  bool ignores_untracked(const std::string& path, bool is_folder) const;
  // A .gitignore that the two did not read, by its path from the root, since it is not a regular file: what
  // is in its folder counts as not left out. Empty for none.
  const std::string& unread_ignore_file() const;
  // Whether a file, or a submodule, is in the index.
  bool tracks(const std::string& path) const;
  // Whether something below a folder is.
  bool tracks_below(const std::string& folder) const;
  // What a checkout of the revision would write to a path; nothing if it has no such file.
  tl::expected<std::optional<std::string>, std::string> content(const std::string& revision,
                                                                std::string_view path) const;
  // Whether a sparse checkout leaves a file out of the work tree.
  bool is_left_out(const std::string& path) const;
  // All files that it leaves out, sorted; none where there is no sparse checkout.
  std::vector<std::string> left_out_paths() const;
  // Whether something was asked for whose content is not there, as in a partial clone: by content(), or
  // attributes.
  bool lacks_content() const;

 private:
  tl::unexpected<std::string> unknown_revision(const std::string& text) const;

  struct State;
  explicit GitRepository(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  std::string root_;
};

}  // namespace dcache::context
