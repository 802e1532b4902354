// Makes the keys of a step under all assumptions at once. Internal to cache/.
#pragma once

#include <string_view>

#include "dcache/cache/keys.h"
#include "dcache/context/hash.h"

namespace dcache::cache {

class AssumedHasher {
 public:
  // What is the same under every assumption.
  AssumedHasher& add(std::string_view text) {
    certain_.add(text);
    hopeful_.add(text);
    untouched_.add(text);
    return *this;
  }
  AssumedHasher& add(uint64_t number) {
    certain_.add(number);
    hopeful_.add(number);
    untouched_.add(number);
    return *this;
  }
  AssumedHasher& add(const context::Hash& hash) { return add({hash, hash, hash}); }
  AssumedHasher& add(const AssumedKeys& keys) {
    certain_.add(keys.certain);
    hopeful_.add(keys.hopeful);
    untouched_.add(keys.untouched);
    return *this;
  }
  // What does not count for who hopes.
  AssumedHasher& add_uncertain(const context::Hash& hash) {
    certain_.add(hash);
    return *this;
  }
  AssumedKeys finish() const { return {certain_.finish(), hopeful_.finish(), untouched_.finish()}; }

 private:
  context::Hasher certain_;
  context::Hasher hopeful_;
  context::Hasher untouched_;
};

}  // namespace dcache::cache
