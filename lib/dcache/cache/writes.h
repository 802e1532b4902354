// Where a RUN can have written, as far as its commands tell.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/plan/graph.h"

namespace dcache::cache {

struct RunWrites {
  // The absolute paths at or below which a RUN may change something; nothing where that can't be told. Known
  // are steps of plain commands such as `mkdir -p /out && echo x > /out/1`, with paths that are spelled out.
  std::optional<std::vector<std::string>> paths;
  // Files that it surely makes, by plain commands that run in any case: `echo x > /out/1`. Without the step
  // they are not there, unless something else makes them.
  std::vector<std::string> created;
  // Where it may make links.
  std::vector<std::string> links;
  // Where the builder puts something in its way: the points of its mounts, and its own files. What is there
  // does not depend on what the commands do.
  std::vector<std::string> stubs;
};
RunWrites writes_of(const plan::Step& run);

// Whether a change at or below one path can show at or below the other. Folders that distributions link to
// each other, such as /bin and /usr/bin, count as one.
bool may_overlap(std::string_view a, std::string_view b);
// Paths, to be asked in logarithmic time for those that may overlap with another one.
class OverlappingPaths {
 public:
  void add(std::string_view path);
  // How many there are; one that was added twice counts twice.
  size_t count(std::string_view path) const;
  bool contains(std::string_view path) const;
  bool empty() const { return counts_.empty(); }

 private:
  // Calls `take` with the number of each path that overlaps, until that returns false.
  template <typename Take>
  void visit(std::string_view path, const Take& take) const;

  std::map<std::string, size_t, std::less<>>
      counts_;  // sorted by the path, so that what is below is together
};

// The same where the first may be a pattern with wildcards, which may match the path, something below it or a
// folder it is in.
bool may_match(std::string_view pattern, std::string_view path);

}  // namespace dcache::cache
