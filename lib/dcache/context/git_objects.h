// Commits, trees and blobs of a git repository, bare ones too, without a checkout.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/git.h"

namespace dcache::context {

// The name of an object.
struct ObjectId {
  std::array<unsigned char, 20> bytes = {};
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};
// 40 hexadecimal digits.
std::string to_hex(const ObjectId& id);
// Nothing for what is not the name of an object.
std::optional<ObjectId> object_id_from_hex(std::string_view name);

struct ObjectIdHash {
  size_t operator()(const ObjectId& id) const noexcept;
};

struct Commit {
  ObjectId id;
  ObjectId tree;
  int64_t time = 0;  // when it was committed, in seconds since 1970
  std::string subject;
};

// What a tree has of one name.
struct GitEntry {
  enum class Type : uint8_t { kFile, kFolder, kLink, kSubmodule };
  std::string_view name;  // valid as long as the tree is
  Type type = Type::kFile;
  bool executable = false;
  ObjectId id;
};

// A folder as git stores it. Its entries are in git's order: by name, that of a folder with a slash at its
// end.
class GitTree {
 public:
  // Nothing for bytes that are not a tree.
  static std::optional<GitTree> parse(std::string bytes);

  class Iterator {
   public:
    using value_type = GitEntry;
    using difference_type = ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view left) : left_(left) { read(); }
    const GitEntry& operator*() const { return entry_; }
    const GitEntry* operator->() const { return &entry_; }
    Iterator& operator++() {
      left_.remove_prefix(size_);
      read();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_.size() == b.left_.size(); }

   private:
    void read();

    std::string_view left_;
    size_t size_ = 0;  // of the entry
    GitEntry entry_;
  };
  Iterator begin() const { return Iterator(bytes_); }
  Iterator end() const { return {}; }
  std::optional<GitEntry> find(std::string_view name) const;
  std::vector<GitEntry> sorted_by_name() const;
  size_t bytes() const { return bytes_.size(); }
  // As git stores it.
  std::string_view contents() const { return bytes_; }
  // The same with an entry in place of that of its name, or without one of that name.
  GitTree with(std::string_view name, const std::optional<GitEntry>& entry) const;

 private:
  std::string bytes_;
};

// A file, link or submodule that is another one, is new or is gone.
struct TreeChange {
  std::string path;
  std::optional<GitEntry::Type> before;
  std::optional<GitEntry::Type> after;
};

// Folders of longer paths are not read: no checkout has them, and they could be nested without end.
inline constexpr size_t kLongestPath = 4000;
std::string too_deep(const std::string& folder);

// May be shared between threads if its repository is not used meanwhile. Errors are sentences.
class GitObjects {
 public:
  static tl::expected<GitObjects, std::string> open(std::shared_ptr<const GitRepository> repository);
  GitObjects(GitObjects&&) noexcept;
  GitObjects& operator=(GitObjects&&) noexcept;
  ~GitObjects();

  const GitRepository& repository() const { return *repository_; }

  struct LogOptions {
    std::string from = "HEAD";          // a revision, or A..B for what B has and A has not
    size_t most = SIZE_MAX;             // the newest that many
    std::optional<int64_t> since = {};  // none that was committed before, in seconds since 1970
    bool first_parent = false;
  };
  // Oldest first, by the time of the commit. A shallow clone has only its own commits.
  tl::expected<std::vector<Commit>, std::string> log(const LogOptions& options) const;

  // Those that were read lately are in memory.
  tl::expected<std::shared_ptr<const GitTree>, std::string> tree(const ObjectId& id) const;
  // What one tree has otherwise than the other, by path from the root, sorted. Of a folder that only one has,
  // all that is in it.
  tl::expected<std::vector<TreeChange>, std::string> changes(const ObjectId& before,
                                                             const ObjectId& after) const;
  // The bytes of a blob as it is stored. Fails for one of more than 64 MiB.
  tl::expected<std::string, std::string> blob(const ObjectId& id) const;
  // Whether it is there, which in a partial clone it may not be.
  bool has(const ObjectId& id) const;

  // Texts of files by path from the root of the repository; nothing for a file that shall not be there.
  using Texts = std::map<std::string, std::optional<std::string>>;
  // A tree with these files in place of its own, and the folders that they need; what is a file in a place of
  // a folder stays one. It is kept in memory and not written to the repository. The name is found from what
  // is replaced, so that equal trees with equal texts have one name; it is not that which git would give.
  tl::expected<ObjectId, std::string> with_files(const ObjectId& tree, const Texts& files) const;
  // What with_files() made is no longer there.
  void forget_made() const;

 private:
  struct State;
  explicit GitObjects(std::shared_ptr<const GitRepository> repository);
  struct ParsedCommit {
    Commit commit;
    std::vector<ObjectId> parents;
  };
  tl::expected<ParsedCommit, std::string> commit(const ObjectId& id) const;
  tl::expected<ObjectId, std::string> commit_named(const std::string& name) const;
  template <typename Visit>
  tl::expected<void, std::string> visit_from(const std::string& name, bool first_parent,
                                             const Visit& visit) const;
  // The newest first.
  tl::expected<std::vector<Commit>, std::string> walk(const GitRange& range, const LogOptions& options) const;
  tl::expected<std::vector<Commit>, std::string> walk_limited(const GitRange& range,
                                                              const LogOptions& options) const;
  ObjectId empty_tree() const;
  tl::expected<ObjectId, std::string> with_files(const ObjectId& tree, const std::string& folder,
                                                 const Texts& files) const;
  // `before` and `after` are null where there is no folder.
  tl::expected<void, std::string> add_changes(const std::string& folder, const ObjectId* before,
                                              const ObjectId* after, std::vector<TreeChange>& changes) const;

  std::shared_ptr<const GitRepository> repository_;
  std::unique_ptr<State> state_;
};

}  // namespace dcache::context
