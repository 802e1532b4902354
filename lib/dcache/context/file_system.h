// Where Dockerfiles, configurations and contexts are read from: the disk, memory, or memory over the
// disk, as an editor has it.
//
// Paths are absolute or relative to wherever the file system starts; the disk's to the current folder. A
// const FileSystem is safe to use from many threads.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/snapshot.h"

namespace dcache::context {

// What is in a folder.
struct FolderEntry {
  std::string name;
  bool is_folder = false;  // or a link to one
  friend auto operator<=>(const FolderEntry&, const FolderEntry&) = default;
};

// The entries of one folder, sorted by name. Copies share them: a folder is read once, and many ask for it.
class FolderEntries {
 public:
  FolderEntries() = default;
  FolderEntries(std::vector<FolderEntry> all)  // NOLINT(google-explicit-constructor)
      : all_(std::make_shared<const std::vector<FolderEntry>>(std::move(all))) {}

  const FolderEntry* begin() const { return all_ == nullptr ? nullptr : all_->data(); }
  const FolderEntry* end() const { return begin() + size(); }
  size_t size() const { return all_ == nullptr ? 0 : all_->size(); }
  bool empty() const { return size() == 0; }

  friend bool operator==(const FolderEntries& a, const FolderEntries& b) {
    return a.all_ == b.all_ || std::ranges::equal(a, b);
  }

 private:
  std::shared_ptr<const std::vector<FolderEntry>> all_;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The content of a file; links are followed. The error is a sentence that names the path.
  virtual tl::expected<std::string, std::string> read(const std::string& path) const = 0;
  // Whether there is something of that name.
  virtual bool exists(const std::string& path) const = 0;
  // What is in a folder, sorted by name; nothing where there is no such folder.
  virtual FolderEntries list(const std::string& folder) const = 0;
  // The absolute path after all links; the path itself if nothing is there.
  virtual std::string real_path(const std::string& path) const = 0;
  // As context::walk() and context::hash_contents(). A record may have its hash from the walk already.
  virtual tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                               const WalkOptions& options) const = 0;
  virtual std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                                    const HashingOptions& options) const = 0;
};

// The file system of the machine.
const std::shared_ptr<const FileSystem>& disk();

// Files that are kept in memory, over another file system or none. What is written here hides
// files of the other one. Copies share the contents.
class MemoryFiles : public FileSystem {
 public:
  // Links in `behind`, if it is given, are not resolved to find what is written here.
  explicit MemoryFiles(std::shared_ptr<const FileSystem> behind = nullptr) : behind_(std::move(behind)) {}

  // A copy of these files over others.
  MemoryFiles over(std::shared_ptr<const FileSystem> behind) const {
    MemoryFiles copy = *this;
    copy.behind_ = std::move(behind);
    return copy;
  }

  // `mode` are permission bits; without them those of the file that this one hides, or else 0644.
  void write(const std::string& path, std::string content, std::optional<uint32_t> mode = std::nullopt);
  void add_link(const std::string& path, std::string target);
  // The file of the other file system is seen again.
  void forget(const std::string& path);
  // The file written under that path; null for none.
  const std::string* find(const std::string& path) const;

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  FolderEntries list(const std::string& folder) const override;
  std::string real_path(const std::string& path) const override;
  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override;
  std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                            const HashingOptions& options) const override;

 private:
  struct Entry {
    std::shared_ptr<const std::string> content;  // null for a link
    std::string target;
    std::optional<uint32_t> mode;
    Hash hash;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  // Those below a folder, and how many characters of their paths lead to it.
  struct EntryRange {
    Entries::const_iterator begin, end;
    size_t prefix = 0;
  };
  EntryRange below(const std::string& folder) const;

  std::shared_ptr<const FileSystem> behind_;
  Entries entries_;  // by cleaned path
};

// What another file system said, kept: folders are walked and files hashed once. For who is told when files
// change, and makes a new one then.
class CachedFiles : public FileSystem {
 public:
  explicit CachedFiles(std::shared_ptr<const FileSystem> behind) : behind_(std::move(behind)) {}

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  FolderEntries list(const std::string& folder) const override;
  std::string real_path(const std::string& path) const override;
  // Walks that measure what is ignored are not kept.
  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override;
  std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                            const HashingOptions& options) const override;

 private:
  static void keep(const std::vector<const Record*>& hashed, std::vector<Record>& records);

  std::shared_ptr<const FileSystem> behind_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Walk> walks_;  // by folder and patterns
};

}  // namespace dcache::context
