// Snapshots of a folder at many commits, in time that depends on what changed between them.
//
// What is worked out for a tree of git is kept under its name. A folder with many files of which nothing has
// to be seen by itself may be one record in place of all: a file that stands for it, with a hash of all that
// the folder contains. Snapshots made with the same Visible can be compared with each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/git_objects.h"
#include "dcache/context/snapshot.h"
#include "dcache/ignore/matcher.h"

namespace dcache::context {

// How many names a path has; none for "".
size_t depth_of(std::string_view path);

// What has to be seen by itself, by paths in the context.
struct VisiblePaths {
  // All that is below a folder ("" for the context), up to some number of names in a path.
  struct Region {
    std::string folder;
    size_t depth = 0;
    friend auto operator<=>(const Region&, const Region&) = default;
  };
  std::vector<std::string> paths;  // sorted: of each, its folders and itself
  std::vector<Region> regions;
  // A folder with fewer files, counting those in its folders, is always seen as it is.
  size_t least = SIZE_MAX;

  static constexpr size_t kWhole = SIZE_MAX;  // as a depth
  friend bool operator==(const VisiblePaths&, const VisiblePaths&) = default;
  // Whether nothing in a folder, which is not the context itself, has to be seen.
  bool hides(std::string_view folder) const;
};

// Whether a record is the file that stands for a folder, and the folder.
std::optional<std::string_view> folder_stood_for(std::string_view path);

// The content of a file that is known by its name in git.
Hash hash_of(const ObjectId& id);

// Not to be shared between threads. `objects` and `ignore` have to outlive it.
class TreeSnapshots {
 public:
  TreeSnapshots(const GitObjects& objects, const ignore::Matcher& ignore, VisiblePaths visible = {})
      : objects_(objects), ignore_(ignore), visible_(std::move(visible)) {}

  // The snapshot of a context whose folder is that tree. The error is a sentence.
  tl::expected<Snapshot, std::string> of(const ObjectId& tree);

 private:
  // All that is below a folder and not ignored.
  struct Summary {
    Hash hash;
    size_t files = 0;
    bool has_links = false;
    bool is_empty = true;
  };
  using FolderDecision = ignore::Matcher::Folder;
  // A folder that is in another one.
  struct Inner {
    FolderDecision decided;
    bool is_left_out = false;  // it is ignored, and so is all that is in it
    Summary summary;
  };
  tl::expected<Summary, std::string> summary_of(const std::string& folder, const ObjectId& tree,
                                                const FolderDecision& decided);
  tl::expected<const Inner*, std::string> inner_of(const std::string& path, const ObjectId& tree,
                                                   const FolderDecision& parent);
  bool is_hidden(const std::string& folder, const Summary& summary) const;
  tl::expected<void, std::string> add_entry(const std::string& path, const GitEntry& entry,
                                            const FolderDecision& parent, std::vector<Record>& records);
  tl::expected<void, std::string> add_folder(const std::string& folder, const ObjectId& tree,
                                             const FolderDecision& decided, std::vector<Record>& records);
  tl::expected<std::string, std::string> target_of(const ObjectId& link);

  const GitObjects& objects_;
  const ignore::Matcher& ignore_;
  const VisiblePaths visible_;
  struct HashOfHash {
    size_t operator()(const Hash& hash) const noexcept { return hash.low; }
  };
  std::unordered_map<Hash, Inner, HashOfHash> known_;                // by path and tree
  std::unordered_map<ObjectId, std::string, ObjectIdHash> targets_;  // of links
};

}  // namespace dcache::context
