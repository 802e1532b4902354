// The files of a build context at one moment: names, types, permission bits, sizes, link targets and, where
// somebody asked for it, hashes of their content. Ignored files are not part of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/context/hash.h"
#include "dcache/ignore/matcher.h"

namespace dcache::context {

enum class Type : uint8_t { kFile, kFolder, kSymlink, kOther };

struct Record {
  std::string path;  // relative to the root of the context: "src/main.c"
  Type type = Type::kFile;
  uint32_t mode = 0;            // permission bits, with set-user-ID, set-group-ID and sticky
  uint64_t size = 0;            // bytes; 0 for all but files
  std::string target;           // of a symbolic link
  std::optional<Hash> content;  // of a file; absent until it was hashed
  // The extended attributes that builders look at, of a file once it was hashed and of a folder; zero for
  // none.
  Hash attributes = {};
  // Of a file: what a builder's copy of the context may contain in its place. A builder does not look at a
  // file whose size, mode and time of modification are those of its copy.
  struct StaleCopy {
    Hash content;
    Hash attributes;
  };
  std::optional<StaleCopy> stale = {};
  // Nobody knows whether it was the same in the state that this one is compared with.
  bool assumed = false;
  Stamp stamp;  // of a file, as the walk saw it; of one from a recorded state only size and modified
};

// The order of a snapshot: '/' comes before all other characters, so that "a/b" is before "a-b".
bool path_less(std::string_view a, std::string_view b);

// Sorted so that a folder is followed by everything below it. A folder that contains a record is in it as
// well. Copies share their records, so they cost nothing; views of the records stay valid as long as one of
// the copies is there.
class Snapshot {
 public:
  Snapshot() = default;
  // Sorts the records and adds the folders that they need (mode 0755). Of two records of one path the last
  // wins.
  explicit Snapshot(std::vector<Record> records);

  std::span<const Record> records() const {
    return records_ == nullptr ? std::span<const Record>() : std::span<const Record>(*records_);
  }
  // The record of a path, or null. "" is the root, which has none.
  const Record* find(std::string_view path) const;
  // All records below a folder ("" for all of them).
  std::span<const Record> below(std::string_view folder) const;
  // The symbolic links, looked for once for all copies.
  const std::vector<Record>& links() const;
  // The path that `path` leads to when symbolic links in it are followed, its last part included if `last`
  // says so. Links never lead out of the root: `..` stops there and absolute targets start there. Nothing for
  // a loop.
  std::optional<std::string> follow(std::string_view path, bool last = true) const;
  // A copy with some records added or put in the place of those of the same path.
  Snapshot with(std::vector<Record> changes) const;

 private:
  friend class CachedFiles;
  friend class RecordAccess;
  friend class TreeSnapshots;
  friend class Walker;
  // Of records that are in order, each path once, with all their folders.
  static Snapshot of_ordered(std::vector<Record> records);
  // The records to change: a copy of them where others share them.
  std::vector<Record>& own();

  std::shared_ptr<std::vector<Record>> records_;  // null for none
  struct Links {
    std::once_flag found;
    std::vector<Record> records;
  };
  std::shared_ptr<Links> links_ = std::make_shared<Links>();
};

// A file or folder that can't be read, and why; or, as a note, what there is to say of one.
struct Problem {
  enum class Kind : uint8_t { kUnreadable, kNote };
  std::string path;
  std::string reason;  // of a note: what follows the path in a sentence
  Kind kind = Kind::kUnreadable;
};

// What one pattern of the ignore file keeps out.
struct IgnoredCount {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

struct Walk {
  Snapshot snapshot;
  std::vector<Problem> problems;  // the walk went on: what can't be read, what is not a file
  // Files and folders that were left out; what is below an unentered folder is not counted.
  uint64_t ignored = 0;
  std::vector<IgnoredCount> ignored_by;  // by pattern, in their order; if that was asked for
};

struct WalkOptions {
  // Fill Walk::ignored_by. What is ignored has to be walked too, then.
  bool measure_ignored = false;
  // Paths, types and targets alone: records have no permission bits, no sizes and no stamps. That is much
  // faster, since no file has to be looked at.
  bool names_only = false;
  // Ends the walk early, with an error.
  std::stop_token stop = {};
};

// The error of what was ended by a std::stop_token.
inline constexpr std::string_view kCancelled = "cancelled";
// What to do about a folder that could not be walked; empty if the walk was cancelled.
constexpr std::string_view remedy_for_walk(std::string_view problem) {
  return problem == kCancelled ? "" : "check the path of the build context";
}

// Reads a folder, without the content of its files, on all cores where it is large. Symbolic links are
// recorded, not followed. The error is a sentence that names the folder.
tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                     const WalkOptions& options = {});

// How far hashing has come.
struct HashingProgress {
  size_t files = 0;
  size_t all_files = 0;
  uint64_t bytes = 0;
  uint64_t all_bytes = 0;
};

struct HashingOptions {
  // Which files, with their place among the records; called from the thread that asks for hashes.
  std::function<bool(size_t index, const Record&)> wanted = {};
  // The folder of hashes kept between runs (context/hash_store.h); empty for none.
  std::string store = {};
  // Called a few times a second while files are read, from the same thread as `wanted`.
  std::function<void(const HashingProgress&)> progress = {};
  // Ends it early: the files that are left stay without hashes.
  std::stop_token stop = {};
};

// The places of the files that are wanted and have no hash yet.
std::vector<size_t> without_hash(const Snapshot& snapshot, const HashingOptions& options);

// Hashes the files of `snapshot` that are wanted and have no hash yet, on all cores. A file that can't be
// read is a problem and stays without.
std::vector<Problem> hash_contents(Snapshot& snapshot, const std::string& folder,
                                   const HashingOptions& options);

}  // namespace dcache::context
