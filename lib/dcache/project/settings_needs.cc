#include "dcache/project/settings_needs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dcache/project/readers.h"

namespace dcache::project {
namespace {

bool is_of_settings(const Target& target) {
  return target.defined.front().kind == DefinitionKind::kSettings;
}

std::optional<std::string_view> needed_by(const Target::Pairs::value_type& context) {
  const std::string_view value = context.second;
  if (!value.starts_with(kTargetScheme)) return std::nullopt;
  return value.substr(kTargetScheme.size());
}

class SettingsNeeds {
 public:
  explicit SettingsNeeds(Definitions& defined) : defined_(defined) {
    for (const Target& target : defined.targets) {
      by_name_[target.name].push_back(&target);
      by_name_[bake_name(target.name)].push_back(&target);
    }
    for (const SkippedBuild& skipped : defined.skipped)
      skipped_.insert(skipped.name);
  }

  bool is_known(std::string_view name) const { return by_name_.contains(name) || skipped_.contains(name); }

  // The images that need nothing, or nothing but such ones: the rest needs itself. A name that other
  // definitions have too may mean theirs.
  std::set<const Target*> buildable() const {
    std::map<const Target*, std::vector<const Target*>> users;
    std::map<const Target*, size_t> open;
    std::vector<const Target*> ready;
    for (const Target& target : defined_.targets) {
      for (const auto& context : target.contexts) {
        const Target* const needed = is_of_settings(target) ? own_image(needed_by(context)) : nullptr;
        if (needed == nullptr) continue;
        ++open[&target];
        users[needed].push_back(&target);
      }
      if (!open.contains(&target)) ready.push_back(&target);
    }
    std::set<const Target*> done;
    while (!ready.empty()) {
      const Target* const target = ready.back();
      ready.pop_back();
      done.insert(target);
      for (const Target* const user : users[target]) {
        if (--open[user] == 0) ready.push_back(user);
      }
    }
    return done;
  }

 private:
  const Target* own_image(const std::optional<std::string_view>& name) const {
    const auto found = name ? by_name_.find(*name) : by_name_.end();
    if (found == by_name_.end()) return nullptr;
    const Target* const first = found->second.front();
    const bool is_one =
        std::ranges::all_of(found->second, [&](const Target* other) { return other == first; });
    return is_one && is_of_settings(*first) ? first : nullptr;
  }

  const Definitions& defined_;
  std::map<std::string, std::vector<const Target*>, std::less<>> by_name_;
  std::set<std::string, std::less<>> skipped_;
};

}  // namespace

void check_needs_of_settings(const std::vector<std::string>* others, Definitions& defined) {
  if (std::ranges::none_of(defined.targets, is_of_settings)) return;
  const SettingsNeeds needs(defined);
  // A target that is not there may be one that can't be read.
  const bool is_complete = others != nullptr && defined.failures.empty() &&
                           std::ranges::none_of(defined.skipped, &SkippedBuild::is_open);
  const std::set<const Target*> buildable = needs.buildable();
  std::set<const Target*> wrong;
  const auto fail = [&](const Target& target, std::string message, std::string remedy) {
    const Origin& origin = target.defined.front();
    defined.failures.push_back({origin.path, origin.line, 1, std::move(message), std::move(remedy)});
    wrong.insert(&target);
  };
  for (const Target& target : defined.targets) {
    if (!is_of_settings(target)) continue;
    if (!buildable.contains(&target)) {
      fail(target, fmt::format("the image '{}' needs its own image, or one that does", target.name),
           "remove one of its contexts with target:");
      continue;
    }
    if (!is_complete) continue;
    const auto missing = std::ranges::find_if(target.contexts, [&](const auto& context) {
      const auto needed = needed_by(context);
      return needed && !needs.is_known(*needed) && std::ranges::find(*others, *needed) == others->end();
    });
    if (missing != target.contexts.end())
      fail(target,
           fmt::format("the image '{}' needs the target '{}', which does not exist", target.name,
                       *needed_by(*missing)),
           "name an image that is defined here");
  }
  std::erase_if(defined.targets, [&](const Target& target) { return wrong.contains(&target); });
}

}  // namespace dcache::project
