// What a builder that starts empty imports: the cache that an earlier build exported (`--cache-from`).
//
// Source: https://docs.docker.com/build/cache/backends/, and builds recorded from BuildKit
// (docs/cache-model.md, "Imported caches").
#pragma once

#include <cstdint>
#include <string>

namespace dcache::cache {

struct CacheImport {
  // What was exported. Every export says which steps there were; they differ in whose results they have.
  enum class Mode : uint8_t {
    kNone,    // nothing at all
    kInline,  // the layers of the image, which holds the cache itself
    kMin,     // the same layers, in a place of their own
    kMax,     // the results of all steps
  };
  Mode mode = Mode::kMin;
  std::string stage = {};  // the stage whose image was built with it; empty for the build's own target

  friend bool operator==(const CacheImport&, const CacheImport&) = default;
};

}  // namespace dcache::cache
