// How long steps took when they were built last, kept between runs.
//
// A step is known by its Dockerfile, its stage and what it is defined by, and not by the files that it reads:
// it takes about as long with others. One file contains all of them, in the folder of the hash store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "dcache/context/hash.h"
#include "dcache/plan/graph.h"

namespace dcache::observe {

// Not to be shared between threads. Several processes may use one folder: each reads a whole file or none,
// and of two that write, the later one wins.
class Durations {
 public:
  // Never fails: what is damaged or of another version counts as empty. An empty folder keeps nothing.
  static Durations open(const std::string& folder);

  // The key of a step of a Dockerfile, whose path after all links is given.
  static context::Hash key_of(const plan::Graph& graph, size_t step, const std::string& dockerfile);

  bool is_empty() const { return entries_.empty(); }
  std::optional<double> find(const context::Hash& key) const;
  void set(const context::Hash& key, double seconds);
  // Writes what was set, and what was there. Of more than 50 000 steps those that were set longest ago are
  // left out. An empty string, or a sentence that says what went wrong.
  std::string save();

 private:
  struct Entry {
    double seconds = 0;
    uint64_t number = 0;  // rises with each that is set
  };

  std::string folder_;
  std::map<context::Hash, Entry> entries_;
  uint64_t next_ = 0;
};

}  // namespace dcache::observe
