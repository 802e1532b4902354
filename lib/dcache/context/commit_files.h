// The files of one commit, as a checkout of it would have them, by paths in the work tree or in the folder of
// a bare repository. What git does not track is not there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/context/file_system.h"
#include "dcache/context/git_objects.h"

namespace dcache::context {

// Not to be shared between threads.
class CommitFiles : public FileSystem {
 public:
  // `here` is the absolute path of the folder that relative paths start from.
  CommitFiles(std::shared_ptr<const GitObjects> objects, const ObjectId& tree, std::string here);

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  FolderEntries list(const std::string& folder) const override;
  std::string real_path(const std::string& path) const override;
  // Files have hashes of their names in git, and no sizes.
  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override;
  // Does nothing: walk() knows the hashes.
  std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                            const HashingOptions& options) const override;

  // Of the root.
  const ObjectId& tree() const { return tree_; }
  // The tree or blob of a path, after all links; nothing if there is none, as for a submodule.
  std::optional<ObjectId> object_of(const std::string& path) const;
  // The paths of all files from the root whose name `is_wanted`, sorted; folders that are not entered are
  // left out.
  using Judge = std::function<bool(const std::string& path, bool is_folder)>;
  std::vector<std::string> find(const Judge& is_wanted) const;

 private:
  struct Place;
  Place place_of(const std::string& path) const;
  void find_below(const std::string& folder, const ObjectId& tree, const Judge& is_wanted,
                  std::vector<std::string>& found) const;

  std::shared_ptr<const GitObjects> objects_;
  ObjectId tree_;
  std::string here_;
};

}  // namespace dcache::context
