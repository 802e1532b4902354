#include "dcache/plan/environment.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <unordered_map>

namespace dcache::plan {

// What was set, one after the other, on top of another environment.
struct Environment::Log {
  std::optional<Environment> base;
  size_t depth = 0;  // how many others it depends on
  std::deque<Variable> entries;
  std::vector<size_t> next;  // of each entry: the next one of its name; kNone while there is none
  std::unordered_map<std::string_view, std::vector<size_t>> by_name;  // where each name was set, rising

  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  // The place of the entry that contains `name` in the first `length` entries.
  std::optional<size_t> last(std::string_view name, size_t length) const {
    const auto places = by_name.find(name);
    if (places == by_name.end()) return std::nullopt;
    const auto behind = std::lower_bound(places->second.begin(), places->second.end(), length);
    if (behind == places->second.begin()) return std::nullopt;
    return *(behind - 1);
  }
};

Environment::Environment() : log_(std::make_shared<Log>()) {}

void Environment::set(Variable variable) {
  // Where somebody else went on with this log, a new one begins, on top of it or, where many are already on
  // top of each other, with a copy of all that counts.
  constexpr size_t kDeepest = 1000;
  if (length_ != log_->entries.size() && log_->depth < kDeepest) {
    auto fresh = std::make_shared<Log>();
    fresh->base = *this;
    fresh->depth = log_->depth + 1;
    log_ = std::move(fresh);
    length_ = 0;
  } else if (length_ != log_->entries.size()) {
    Environment copy;
    for (const Variable* known : variables())
      copy.set(*known);
    *this = std::move(copy);
  }
  const Variable& entry = log_->entries.emplace_back(std::move(variable));
  log_->next.push_back(Log::kNone);
  std::vector<size_t>& places = log_->by_name[entry.name];
  if (!places.empty()) log_->next[places.back()] = length_;
  places.push_back(length_++);
}

void Environment::forget_arguments() {
  Environment kept;
  for (const Variable* variable : variables()) {
    if (!variable->argument) kept.set(*variable);
  }
  *this = std::move(kept);
}

const Variable* Environment::find(std::string_view name) const {
  for (const Environment* at = this; at != nullptr; at = at->log_->base ? &*at->log_->base : nullptr) {
    if (const auto place = at->log_->last(name, at->length_)) return &at->log_->entries[*place];
  }
  return nullptr;
}

std::optional<std::string_view> Environment::get(std::string_view name) const {
  const Variable* found = find(name);
  if (found == nullptr) return std::nullopt;
  return found->value;
}

std::vector<const Variable*> Environment::variables() const {
  std::vector<const Environment*> layers;
  for (const Environment* at = this; at != nullptr; at = at->log_->base ? &*at->log_->base : nullptr)
    layers.push_back(at);
  std::vector<const Variable*> variables;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    const bool is_top = std::next(layer) == layers.rend();
    const Log& log = *(*layer)->log_;
    for (size_t i = 0; i < (*layer)->length_; ++i) {
      const Variable& entry = log.entries[i];
      if (log.next[i] < (*layer)->length_) continue;
      if (is_top || find(entry.name) == &entry) variables.push_back(&entry);
    }
  }
  return variables;
}

dockerfile::Lookup Environment::lookup() const {
  return [this](std::string_view name) { return get(name); };
}

}  // namespace dcache::plan
