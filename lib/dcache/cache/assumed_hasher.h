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
    if_changed_.add(text);
    if_same_.add(text);
    if_untouched_.add(text);
    return *this;
  }
  AssumedHasher& add(uint64_t number) {
    if_changed_.add(number);
    if_same_.add(number);
    if_untouched_.add(number);
    return *this;
  }
  AssumedHasher& add(const context::Hash& hash) { return add({hash, hash, hash}); }
  AssumedHasher& add(const AssumedKeys& keys) {
    if_changed_.add(keys.if_changed);
    if_same_.add(keys.if_same);
    if_untouched_.add(keys.if_untouched);
    return *this;
  }
  // What does not count for who hopes.
  AssumedHasher& add_uncertain(const context::Hash& hash) {
    if_changed_.add(hash);
    return *this;
  }
  AssumedKeys finish() const { return {if_changed_.finish(), if_same_.finish(), if_untouched_.finish()}; }

 private:
  context::Hasher if_changed_;
  context::Hasher if_same_;
  context::Hasher if_untouched_;
};

}  // namespace dcache::cache
