#include "dcache/cache/alignment.h"

#include <algorithm>
#include <map>

namespace dcache::cache {

using plan::Graph;
using plan::Step;

std::string words_of(const Step& step) {
  return step.one_line();
}

Alignment::Alignment(const Graph& before, const Graph& after) : partner_(after.steps.size()) {
  if (&before == &after) {
    for (size_t step = 0; step < partner_.size(); ++step) {
      partner_[step] = step;
      kept_.insert(step);
    }
    return;
  }
  std::map<std::string, std::vector<size_t>, std::less<>> old_stages;
  for (const plan::Stage& stage : before.stages)
    old_stages[stage.label()] = stage.steps;
  for (const plan::Stage& stage : after.stages) {
    const auto old_steps = old_stages.find(stage.label());
    if (old_steps != old_stages.end()) align(before, old_steps->second, after, stage.steps);
  }
  for (const std::optional<size_t>& old : partner_) {
    if (old) kept_.insert(*old);
  }
  align_moved(before, after);
}

void Alignment::align_moved(const Graph& before, const Graph& after) {
  std::map<std::string, std::vector<size_t>, std::less<>> by_words;  // in reverse order
  for (size_t old = before.steps.size(); old-- > 0;) {
    if (!kept_.contains(old) && before.steps[old].kind != Step::Kind::kImage)
      by_words[words_of(before.steps[old])].push_back(old);
  }
  for (size_t step = 0; step < partner_.size() && !by_words.empty(); ++step) {
    if (partner_[step]) continue;
    const auto same = by_words.find(words_of(after.steps[step]));
    if (same == by_words.end() || same->second.empty()) continue;
    partner_[step] = same->second.back();
    kept_.insert(same->second.back());
    same->second.pop_back();
  }
}

void Alignment::align(const Graph& before, const std::vector<size_t>& old_steps, const Graph& after,
                      const std::vector<size_t>& new_steps) {
  std::map<std::string, std::vector<size_t>, std::less<>> by_words;  // in reverse order
  for (auto old = old_steps.rbegin(); old != old_steps.rend(); ++old) {
    by_words[words_of(before.steps[*old])].push_back(*old);
  }
  std::set<size_t> taken;
  for (const size_t step : new_steps) {
    auto& same = by_words[words_of(after.steps[step])];
    if (same.empty()) continue;
    partner_[step] = same.back();
    taken.insert(same.back());
    same.pop_back();
  }
  // What was edited takes the place of an old step that is gone, between the same neighbours.
  size_t next_old = 0;
  for (const size_t step : new_steps) {
    if (partner_[step]) {
      const auto at = std::lower_bound(old_steps.begin(), old_steps.end(), *partner_[step]);
      next_old = std::max(next_old, static_cast<size_t>(at - old_steps.begin()) + 1);
      continue;
    }
    if (next_old >= old_steps.size() || taken.contains(old_steps[next_old])) continue;
    if (before.steps[old_steps[next_old]].kind != after.steps[step].kind) continue;
    partner_[step] = old_steps[next_old++];
  }
}

}  // namespace dcache::cache
