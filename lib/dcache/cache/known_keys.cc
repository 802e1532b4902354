#include "dcache/cache/known_keys.h"

#include "dcache/cache/report.h"

namespace dcache::cache {

void KnownKeys::add(const State& state) {
  for (size_t i = 0; i < state.graph->steps.size(); ++i) {
    if (state.graph->steps[i].needed) add((*state.keys)[i].key);
  }
}

void KnownKeys::add(const AssumedKeys& key) {
  certain_.insert(key.certain);
  hopeful_.insert(key.hopeful);
  untouched_.insert(key.untouched);
}

KnownKeys::Match KnownKeys::find(const AssumedKeys& key) const {
  if (certain_.contains(key.certain)) return Match::kCertain;
  const bool possible = hopeful_.contains(key.hopeful) || untouched_.contains(key.untouched);
  return possible ? Match::kPossible : Match::kNone;
}

}  // namespace dcache::cache
