// Hashes of files between runs, so that a file that did not change is not read again.
//
// A folder contains one store per context. A file is known by its device, inode, size, and times of
// modification and of the inode's change, to the nanosecond. File systems count time in steps, so a file that
// was changed just before it was hashed could change again and look the same (the "racy" files of git's index
// format); such files are not kept, and are hashed again by the next run.
//
// Source: https://git-scm.com/docs/racy-git, https://specifications.freedesktop.org/basedir-spec
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dcache/context/hash.h"

namespace dcache::context {

struct Record;

// What is kept of a file.
struct KeptHashes {
  Hash content;
  Hash attributes;
  friend constexpr auto operator<=>(const KeptHashes&, const KeptHashes&) = default;
};

// Not to be shared between threads. Several processes may use one folder: each reads a whole store or none,
// and of two that write, the later one wins.
class HashStore {
 public:
  // Holds nothing and keeps nothing.
  HashStore() = default;
  // The store of a context. Never fails: what is damaged, of another version or of another user counts as
  // empty.
  static HashStore open(const std::string& folder, const std::string& context);

  std::optional<KeptHashes> find(const Stamp& stamp) const;
  // Keeps the hashes of a file that was hashed after `started`, unless its times are too close to that.
  void add(const Stamp& stamp, const KeptHashes& hashes, int64_t started);
  // Writes what was added, and what was there before of files that `records` still contains. Where that
  // fails, nothing is kept and nobody is told. Of all stores, the ones written longest ago make room for this
  // one.
  void save(std::span<const Record> records);

  // The clock of `started`, in nanoseconds since 1970.
  static int64_t now();

 private:
  struct Entry {
    Stamp stamp;
    KeptHashes hashes;
  };

  std::string folder_;  // empty: keeps nothing
  std::string path_;
  std::vector<Entry> entries_;  // sorted by device and inode
  mutable size_t next_ = 0;     // after the one found last
  std::vector<Entry> added_;
};

}  // namespace dcache::context
