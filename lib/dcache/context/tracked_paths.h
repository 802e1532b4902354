// The paths in git's index, read without libgit2: it makes an object of each entry and hashes the file, which
// takes longer than all else that a search for Dockerfiles does in a large repository.
//
// Source: https://git-scm.com/docs/index-format
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::context {

// Immutable: safe to use from many threads.
class TrackedPaths {
 public:
  // Reads an index of version 2 to 4 with SHA-1 names, a piece after the other: of a large one only the paths
  // are kept. Nothing for a file that can't be read, is damaged, or needs more than itself: a split index, or
  // one with folders of a sparse checkout. Such a file is for libgit2.
  static std::optional<TrackedPaths> read(const std::string& index);

  // Paths are from the root of the work tree.
  bool contains(std::string_view path) const;
  bool contains_below(std::string_view folder) const;

 private:
  // The first path that is not less; the end for none.
  std::vector<uint32_t>::const_iterator lower_bound(std::string_view path) const;
  std::string_view at(uint32_t start) const;

  std::string paths_;             // each with a NUL at its end, sorted by their bytes
  std::vector<uint32_t> starts_;  // of the paths in it
};

}  // namespace dcache::context
