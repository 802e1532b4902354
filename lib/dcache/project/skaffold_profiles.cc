// Profiles of Skaffold: when they are active, and what they change.
// Source: https://skaffold.dev/docs/environment/profiles/
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/project/skaffold_config.h"
#include "dcache/project/yaml_patch.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

constexpr std::string_view kCommand = "build";

// What one configuration may have, and grow to.
constexpr size_t kMostProfiles = 1000;
constexpr size_t kMostPatches = 1000;
constexpr size_t kMostConfigCharacters = size_t{64} << 20U;
constexpr uint32_t kDeepestConfig = 150;

// `pattern` is the text itself, or an expression that is found in it; after "!" it is not.
bool matches_expression(std::string_view pattern, std::string_view text) {
  const bool negated = pattern.starts_with('!');
  if (negated) pattern.remove_prefix(1);
  if (pattern == text) return !negated;
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 expression(std::string(pattern), options);
  return (expression.ok() && RE2::PartialMatch(std::string(text), expression)) != negated;
}

class Activation {
 public:
  Activation(const Value& profiles, SkaffoldModel& model) : profiles_(profiles), model_(model) {}

  std::vector<std::string> active_ones(const std::vector<std::string>& chosen) {
    std::vector<std::string> active;
    if (profiles_.items.size() > kMostProfiles) {
      model_.fail(profiles_.place, "there are too many profiles");
      return active;
    }
    for (const Value& profile : profiles_.items) {
      if (is_activated(profile)) active.push_back(skaffold_text(profile, "name"));
    }
    for (const std::string& name : chosen) {
      const bool exists = std::ranges::any_of(
          profiles_.items, [&](const Value& profile) { return skaffold_text(profile, "name") == name; });
      if (name.starts_with('-')) {
        std::erase(active, name.substr(1));
      } else if (exists && std::ranges::find(active, name) == active.end()) {
        active.push_back(name);
      }
    }
    return active;
  }

 private:
  bool is_activated(const Value& profile) {
    const Value* const activation = profile.find("activation");
    if (activation == nullptr || activation->items.empty() || activation->items.size() > kMostProfiles)
      return false;
    const Value* const all = profile.find("requiresAllActivations");
    const auto holds = [this](const Value& condition) { return this->holds(condition); };
    return all != nullptr && yaml::is_true(*all) ? std::ranges::all_of(activation->items, holds)
                                                 : std::ranges::any_of(activation->items, holds);
  }

  // There is no cluster here: a profile for one is active only if it is for any other than some.
  bool holds(const Value& condition) {
    const std::string command = skaffold_text(condition, "command"),
                      cluster = skaffold_text(condition, "kubeContext");
    return (command.empty() || matches_expression(command, kCommand)) &&
           (cluster.empty() || matches_expression(cluster, "")) && is_environment(condition);
  }

  bool is_environment(const Value& condition) {
    const std::string text = skaffold_text(condition, "env");
    if (text.empty()) return true;
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      model_.fail(condition.place, fmt::format("the activation '{}' is not NAME=VALUE", text));
      return false;
    }
    const auto found = model_.variables.find(std::string_view(text).substr(0, equals));
    const std::string value = found == model_.variables.end() ? "" : found->second;
    const std::string_view pattern = std::string_view(text).substr(equals + 1);
    return pattern.empty() ? value.empty() : matches_expression(pattern, value);
  }

  const Value& profiles_;
  SkaffoldModel& model_;
};

// Changes a configuration by a profile.
class Change {
 public:
  Change(SkaffoldConfig& config, SkaffoldModel& model) : config_(config), model_(model) {}

  void by(const Value& profile) {
    overlay(profile);
    patch(profile);
  }

 private:
  // Lists replace lists, and the kind of the builder replaces the other kinds.
  void overlay(const Value& profile) {
    const Value* const from = profile.find("build");
    if (from == nullptr || !from->is_map()) return;
    if (config_.root.find("build") == nullptr)
      config_.root.members.push_back(
          {"build", Kind::kText, from->place, {Kind::kMap, from->place, {}, {}, {}, {}}});
    Value& build = *config_.root.find("build");
    if (!build.is_map()) build = {Kind::kMap, from->place, {}, {}, {}, {}};
    for (const char* const list : {"artifacts", "platforms"}) {
      const Value* const items = from->find(list);
      if (items != nullptr && !items->items.empty()) replace(build, list, *items);
    }
    constexpr std::array<const char*, 3> kBuildSections = {"local", "googleCloudBuild", "cluster"};
    for (const char* const builder : kBuildSections) {
      const Value* const chosen = from->find(builder);
      if (chosen == nullptr || chosen->is_null()) continue;
      const Value copy = *chosen;
      for (const char* const other : kBuildSections)
        build.erase(other);
      replace(build, builder, copy);
      break;
    }
  }

  static void replace(Value& map, const char* name, const Value& value) {
    map.erase(name);
    map.members.push_back({name, Kind::kText, value.place, value});
  }

  void patch(const Value& profile) {
    const Value* const patches = profile.find("patches");
    if (patches == nullptr) return;
    for (const Value& patch : patches->items) {
      if (++patches_ > kMostPatches || !is_small()) {
        model_.fail(patch.place, "there are too many patches, or they add too much");
        return;
      }
      yaml::Patch operation;
      if (std::string op = skaffold_text(patch, "op"); !op.empty()) operation.op = std::move(op);
      operation.path = skaffold_text(patch, "path");
      operation.from = skaffold_text(patch, "from");
      if (const Value* const value = patch.find("value")) operation.value = *value;
      if (is_for_other_parts(operation)) continue;
      if (!yaml::apply(config_.root, operation))
        model_.fail(patch.place, fmt::format("the patch of '{}' does not fit", operation.path),
                    "the path has to exist, except its last part for 'add'");
    }
  }

  bool is_small() const {
    return yaml::size_of(config_.root) <= kMostConfigCharacters &&
           yaml::height_of(config_.root) <= kDeepestConfig;
  }

  // What is deployed was not brought to the newest schema, so its patches may not fit here.
  static bool is_for_other_parts(const yaml::Patch& patch) {
    return !patch.path.starts_with("/build") && !patch.path.starts_with("/requires") &&
           patch.path.find('=') == std::string::npos && patch.path.starts_with('/');
  }

  SkaffoldConfig& config_;
  SkaffoldModel& model_;
  size_t patches_ = 0;
};

}  // namespace

std::vector<std::string> active_skaffold_profiles(const SkaffoldConfig& config,
                                                  const std::vector<std::string>& chosen,
                                                  SkaffoldModel& model) {
  const Value* const profiles = config.root.find("profiles");
  return profiles == nullptr ? std::vector<std::string>() : Activation(*profiles, model).active_ones(chosen);
}

void apply_skaffold_profiles(SkaffoldConfig& config, const std::vector<std::string>& active,
                             SkaffoldModel& model) {
  if (active.empty()) return;
  const Value profiles = *config.root.find("profiles");  // patches may change them
  // Of several of one name the last one counts.
  std::map<std::string, const Value*> by_name;
  for (const Value& profile : profiles.items)
    by_name[skaffold_text(profile, "name")] = &profile;
  Change change(config, model);
  for (const std::string& name : active)
    change.by(*by_name.at(name));
}

}  // namespace dcache::project
