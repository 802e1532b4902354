// What a builder has already: the keys of steps that were built, and the results of some or all of them.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "dcache/cache/cache_import.h"
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

  // The keys of steps, sorted, to be kept in a file.
  struct Hashes {
    std::vector<context::Hash> if_changed, if_same, if_untouched;
  };
  KnownKeys() = default;
  // Knows these, with results.
  explicit KnownKeys(const Hashes& hashes);
  // What the builder has of its own.
  Hashes hashes() const;

  // Adds all that a build of this state leaves in the builder: the steps that its target needs.
  void add(const State& state);
  void add(const AssumedKeys& key);
  // Adds a source: what a build of this state exported. It has the keys of all steps, but in a mode other
  // than max only the results that are layers of the image. Adds nothing for a stage that the state does not
  // have.
  void add(const State& state, const CacheImport& import);

  // Whether a step is known, with a result or without.
  Match find(const AssumedKeys& key) const;

  // One import, or all that the builder has of its own.
  class Source {
   public:
    Match find(const AssumedKeys& key) const { return keys_.find(key); }
    Match find_result(const AssumedKeys& key) const { return results_.find(key); }

   private:
    friend class KnownKeys;
    struct HashOfHash {
      size_t operator()(const context::Hash& hash) const noexcept { return hash.low; }
    };
    class Keys {
     public:
      void add(const AssumedKeys& key);
      void add(const Hashes& hashes);
      Match find(const AssumedKeys& key) const;
      Hashes hashes() const;

     private:
      std::unordered_set<context::Hash, HashOfHash> if_changed_;
      std::unordered_set<context::Hash, HashOfHash> if_same_;
      std::unordered_set<context::Hash, HashOfHash> if_untouched_;
    };
    Keys keys_;
    Keys results_;  // those with a result
  };
  // In the order in which they were added; what the builder has of its own comes first, if it has something.
  const std::vector<Source>& sources() const { return sources_; }
  bool has_imports() const { return has_imports_; }

 private:
  std::vector<Source> sources_;
  bool has_imports_ = false;
};

}  // namespace dcache::cache
