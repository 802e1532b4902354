#include "dcache/cache/known_keys.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "dcache/cache/exported.h"
#include "dcache/cache/report.h"

namespace dcache::cache {
namespace {

using plan::Graph;

std::optional<size_t> exported_stage(const Graph& graph, const std::string& name) {
  if (name.empty()) return graph.target;
  const plan::Stage* stage = graph.find_stage(name);
  return stage == nullptr ? std::nullopt : std::optional(stage->index);
}

}  // namespace

void KnownKeys::Source::Keys::add(const AssumedKeys& key) {
  if_changed_.insert(key.if_changed);
  if_same_.insert(key.if_same);
  if_untouched_.insert(key.if_untouched);
}

void KnownKeys::Source::Keys::add(const Hashes& hashes) {
  if_changed_.insert(hashes.if_changed.begin(), hashes.if_changed.end());
  if_same_.insert(hashes.if_same.begin(), hashes.if_same.end());
  if_untouched_.insert(hashes.if_untouched.begin(), hashes.if_untouched.end());
}

KnownKeys::Hashes KnownKeys::Source::Keys::hashes() const {
  const auto sorted = [](const auto& set) {
    std::vector<context::Hash> hashes(set.begin(), set.end());
    std::ranges::sort(hashes);
    return hashes;
  };
  return {sorted(if_changed_), sorted(if_same_), sorted(if_untouched_)};
}

KnownKeys::KnownKeys(const Hashes& hashes) {
  if (hashes.if_changed.empty()) return;
  Source& source = sources_.emplace_back();
  source.keys_.add(hashes);
  source.results_.add(hashes);
}

KnownKeys::Hashes KnownKeys::hashes() const {
  return has_imports_ || sources_.empty() ? Hashes() : sources_.front().keys_.hashes();
}

KnownKeys::Match KnownKeys::Source::Keys::find(const AssumedKeys& key) const {
  if (if_changed_.contains(key.if_changed)) return Match::kCertain;
  const bool possible = if_same_.contains(key.if_same) || if_untouched_.contains(key.if_untouched);
  return possible ? Match::kPossible : Match::kNone;
}

KnownKeys::Match KnownKeys::find(const AssumedKeys& key) const {
  Match best = Match::kNone;
  for (const Source& source : sources_)
    best = std::max(best, source.find(key));
  return best;
}

void KnownKeys::add(const State& state) {
  for (size_t i = 0; i < state.graph->steps.size(); ++i) {
    if (state.graph->steps[i].needed) add((*state.keys)[i].key);
  }
}

void KnownKeys::add(const AssumedKeys& key) {
  if (sources_.empty()) sources_.emplace_back();
  sources_.front().keys_.add(key);
  sources_.front().results_.add(key);
}

void KnownKeys::add(const State& state, const CacheImport& import) {
  has_imports_ = true;
  const Graph& graph = *state.graph;
  const std::optional<size_t> stage = exported_stage(graph, import.stage);
  if (!stage || import.mode == CacheImport::Mode::kNone) return;
  const std::vector<bool> ancestors = ancestors_of(graph, *stage);
  const std::vector<bool> layers = layers_of(graph, *stage);
  Source& source = sources_.emplace_back();
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    if (!ancestors[i]) continue;
    const AssumedKeys& key = (*state.keys)[i].key;
    source.keys_.add(key);
    if (layers[i] || import.mode == CacheImport::Mode::kMax) source.results_.add(key);
  }
}

}  // namespace dcache::cache
