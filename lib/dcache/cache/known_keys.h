// What a builder has already: the keys of the steps that it built.
#pragma once

#include <cstdint>
#include <set>

#include "dcache/cache/keys.h"
#include "dcache/context/hash.h"

namespace dcache::cache {

struct State;

// A value; const calls from many threads are safe.
class KnownKeys {
 public:
  enum class Match : uint8_t {
    kNone,      // surely not there
    kPossible,  // there if rebuilt steps give what they gave before
    kCertain,
  };

  // Adds all that a build of this state leaves in the builder: the steps that its target needs.
  void add(const State& state);
  void add(const AssumedKeys& key);

  Match find(const AssumedKeys& key) const;

 private:
  std::set<context::Hash> certain_;
  std::set<context::Hash> hopeful_;
  std::set<context::Hash> untouched_;
};

}  // namespace dcache::cache
