#include "dcache/project/bake/resolution.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/bake/entries.h"
#include "dcache/project/hcl/error.h"
#include "dcache/project/option_faults.h"
#include "dcache/text/booleans.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project::bake {
namespace {

constexpr size_t kDeepest = 200;
constexpr size_t kMostResolutionFailures = 50;

const Setting* find_setting(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? nullptr : &found->second;
}

// A context that is not in a folder of this machine.
bool is_remote_context(std::string_view context) {
  static constexpr std::array<std::string_view, 6> kStarts = {"http://", "https://", "git://",
                                                              "ssh://",  "git@",     "github.com/"};
  return std::ranges::any_of(kStarts, [&](std::string_view start) { return context.starts_with(start); });
}

// As bake prints it: cleaned, and without what says that it is a local one.
std::string context_text(std::string context) {
  constexpr std::string_view kLocal = "cwd://";
  if (context.starts_with(kLocal)) return text::clean_path(context.substr(kLocal.size()));
  return is_remote_context(context) ? context : text::clean_path(context);
}

// The text of a value, and the texts of a list; nothing if it is not known.
std::optional<std::string> scalar_text(const hcl::Value& value) {
  if (value.is_unknown() || value.is_null()) return std::nullopt;
  if (value.type().is(hcl::Kind::kString)) return value.as_string();
  const bool list = value.type().is(hcl::Kind::kTuple) || value.type().is(hcl::Kind::kList);
  if (!list) return std::nullopt;
  std::string joined;
  for (const hcl::Value& item : value.items()) {
    const auto text = scalar_text(item);
    if (!text) return std::nullopt;
    joined += (joined.empty() ? "" : ",") + *text;
  }
  return joined;
}

// An entry of `secret` or `ssh` as the option has it: "id=npm,src=.npmrc", "default=key". It is written like
// this, or as an object. Nothing for one that is not known.
// Source: https://docs.docker.com/build/bake/reference/#targetsecret
std::optional<std::string> option_of_entry(std::string_view attribute, const hcl::Value& entry) {
  if (auto text = scalar_text(entry)) return text;
  const bool object = entry.is_known() && !entry.is_null() &&
                      (entry.type().is(hcl::Kind::kObject) || entry.type().is(hcl::Kind::kMap));
  if (!object) return std::nullopt;
  std::string option;
  for (const auto& [name, member] : entry.members()) {
    if (member.is_known() && member.is_null()) continue;
    const auto text = scalar_text(member);
    if (!text) return std::nullopt;
    if (text->empty()) continue;
    if (attribute == "ssh") {
      option += (option.empty() ? "" : "=") + *text;  // "id" is before "paths"
    } else {
      option += fmt::format("{}{}={}", option.empty() ? "" : ",", name, *text);
    }
  }
  return option;
}

// Fills the attributes of a target, and tells what is not known of them.
class TargetWriter {
 public:
  TargetWriter(const Settings& settings, Target& target) : settings_(settings), target_(target) {}

  void text(std::string_view name, std::string& to) {
    const Setting* setting = find_setting(settings_, name);
    if (setting == nullptr) return;
    if (setting->text.unknown.empty()) {
      to = setting->text.value;
    } else {
      unknown(std::string(name), setting->text.unknown);
    }
  }
  void flag(std::string_view name, bool& to) {
    const Setting* setting = known(name);
    if (setting != nullptr) to = setting->flag;
  }
  void list(std::string_view name, std::vector<std::string>& to) {
    const Setting* setting = known(name);
    if (setting == nullptr) return;
    for (const Text& text : setting->list) {
      if (text.unknown.empty()) {
        to.push_back(text.value);
      } else {
        unknown(std::string(name), text.unknown);
      }
    }
  }
  template <typename Use>
  void map(std::string_view name, const Use& use) {
    const Setting* setting = known(name);
    if (setting == nullptr) return;
    for (const auto& [key, variables] : setting->unset)
      unknown(fmt::format("{}.{}", name, key), fmt::format("{}, which is not set", variables));
    for (const auto& [key, text] : setting->map) {
      if (!text) continue;
      if (text->unknown.empty()) {
        use(key, text->value);
      } else {
        // Which label is not known makes no difference: many are new in each build.
        unknown(name == "labels" ? std::string(name) : fmt::format("{}.{}", name, key), text->unknown);
      }
    }
  }
  void caches(std::string_view name, std::vector<std::string>& to) {
    const Setting* setting = known(name);
    if (setting == nullptr) return;
    for (const CacheEntry& entry : setting->caches) {
      if (entry.unknown.empty()) {
        to.push_back(entry.text());
      } else {
        unknown(std::string(name), entry.unknown);
      }
    }
  }

  // `input` is what docker/build-push-action calls it.
  void options(std::string_view name, std::string_view input, std::vector<std::string>& to) {
    const Setting* setting = find_setting(settings_, name);
    if (setting == nullptr) return;
    const bool is_list = setting->unknown.empty() && !setting->other.is_null() && setting->other.is_known();
    if (!is_list) return other_input(name, input);
    for (const hcl::Value& entry : setting->other.items()) {
      auto option = option_of_entry(name, entry);
      if (!option) {
        other_input(name, input);
      } else if (!option->empty()) {
        to.push_back(*std::move(option));
      }
    }
  }
  void other_input(std::string_view name, std::string_view input) {
    const std::string text(input);
    if (find_setting(settings_, name) != nullptr &&
        std::ranges::find(target_.other_inputs, text) == target_.other_inputs.end())
      target_.other_inputs.push_back(text);
  }

 private:
  // Null if it is not set, or nothing of it is known.
  const Setting* known(std::string_view name) {
    const Setting* setting = find_setting(settings_, name);
    if (setting == nullptr || setting->unknown.empty()) return setting;
    unknown(std::string(name), setting->unknown);
    return nullptr;
  }
  void unknown(const std::string& name, const std::string& reason) {
    UnknownAttribute one{name, "uses " + reason};
    if (std::ranges::find(target_.unknown, one) == target_.unknown.end())
      target_.unknown.push_back(std::move(one));
  }

  const Settings& settings_;
  Target& target_;
};

Text known(std::string text) {
  return {std::move(text), {}};
}

void set_text(Settings& settings, std::string_view name, const std::string& text) {
  settings[name].text = known(text);
}

void set_list(Settings& settings, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  for (const std::string& text : texts)
    settings[name].list.push_back(known(text));
}

void set_map(Settings& settings, std::string_view name, const Target::Pairs& pairs) {
  for (const auto& [key, value] : pairs)
    settings[name].map.emplace(key, known(value));
}

}  // namespace

Definition definition_of(const Target& target) {
  Definition definition{.name = target.name};
  std::ranges::replace(definition.name, '.', '_');
  Settings& settings = definition.settings;
  set_text(settings, "context", target.context);
  set_text(settings, "dockerfile", target.dockerfile);
  if (target.dockerfile_inline) set_text(settings, "dockerfile-inline", *target.dockerfile_inline);
  if (!target.target.empty()) set_text(settings, "target", target.target);
  set_map(settings, "args", target.args);
  set_map(settings, "contexts", target.contexts);
  set_map(settings, "labels", target.labels);
  set_list(settings, "annotations", target.annotations);
  set_list(settings, "platforms", target.platforms);
  set_list(settings, "tags", target.tags);
  set_list(settings, "no-cache-filter", target.no_cache_filter);
  set_list(settings, "ulimits", target.run.ulimits);
  for (const auto& [name, entries] :
       {std::pair("cache-from", &target.cache_from), {"cache-to", &target.cache_to}}) {
    for (const std::string& entry : *entries) {
      try {
        std::ranges::move(cache_entries_of(entry), std::back_inserter(settings[name].caches));
      } catch (const hcl::Error&) {
        continue;  // which its reader has told
      }
    }
  }
  if (target.no_cache) settings["no-cache"].flag = true;
  if (!target.run.network.empty()) set_text(settings, "network", target.run.network);
  if (!target.run.shm_size.empty()) set_text(settings, "shm-size", target.run.shm_size);
  for (const std::string& host : target.run.add_hosts) {
    const size_t separator = host.find_first_of("=:");
    if (separator != std::string::npos)
      settings["extra-hosts"].map.emplace(host.substr(0, separator), known(host.substr(separator + 1)));
  }
  definition.defined = target.defined;
  return definition;
}

std::string context_of(const Target& target) {
  return context_text(target.context);
}

Resolution::Resolution(const EvaluationResult& evaluated, std::string folder,
                       std::vector<text::Failure>& failures)
    : evaluated_(evaluated), folder_(std::move(folder)), failures_(failures) {
  for (const Definition& target : evaluated_.targets)
    index_.emplace(target.name, index_.size());
}

const Definition* Resolution::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &evaluated_.targets[found->second];
}

void Resolution::fail(const Definition& target, std::string message, std::string remedy) {
  if (failures_.size() >= kMostResolutionFailures) return;
  const Origin origin = target.defined.empty() ? Origin{} : target.defined.back();
  failures_.push_back(
      {origin.path, origin.line, origin.line > 0 ? 1U : 0U, std::move(message), std::move(remedy)});
}

void Resolution::set(const std::vector<Override>& overrides) {
  for (const Override& one : overrides) {
    bool any = false;
    for (const Definition& target : evaluated_.targets) {
      // An exact name is not a pattern.
      if (find(one.target) != nullptr ? target.name != one.target
                                      : !text::glob_match(one.target, target.name))
        continue;
      any = true;
      Values& values = overrides_[target.name][one.attribute];
      values.values.push_back(one.value);
      values.append = one.append;
    }
    if (any) continue;
    std::vector<std::string_view> names;
    for (const Definition& target : evaluated_.targets)
      names.push_back(target.name);
    failures_.push_back(
        {.path = {},
         .line = 0,
         .column = 0,
         .message = "there is no target \"" + one.target + "\" whose " + one.attribute + " can be set",
         .remedy = text::did_you_mean(one.target, names, "use a name of the bake file")});
  }
}

namespace {

bool flag_of(const std::string& text) {
  const std::optional<bool> flag = text::parse_bool(text);
  if (!flag) hcl::fail("\"" + text + "\" is not true or false");
  return *flag;
}

void check_option(std::string_view attribute, const std::vector<std::string>& values) {
  hcl::Value::Items entries;
  for (const std::string& value : values)
    entries.push_back(hcl::Value::string(value));
  check_entries(attribute, hcl::Value::tuple(std::move(entries)));
}

// What the values of an option mean for an attribute other than a map.
Setting setting_of_option(const AttributeInfo& info, const std::vector<std::string>& values) {
  Setting made;
  if (info.shape == Shape::kText) {
    // buildx takes a list for the network and then uses none of it.
    made.text = known(info.name == "network" ? "" : values.back());
  } else if (info.shape == Shape::kFlag) {
    made.flag = flag_of(values.back());
  } else if (info.shape == Shape::kCaches) {
    for (const std::string& value : values) {
      if (!value.empty()) std::ranges::move(cache_entries_of(value), std::back_inserter(made.caches));
    }
  } else if (info.name != "no-cache-filter" && info.name != "ulimits") {  // these two can only be emptied
    for (const std::string& value : values)
      made.list.push_back(known(value));
  }
  return made;
}

}  // namespace

// Throws an hcl::Error.
void Resolution::override_attribute(Settings& settings, const std::string& key, const Values& values) const {
  // Not attributes of a file, or without a meaning for what is built.
  static constexpr std::array<std::string_view, 2> kIgnored = {"policy", "resources"};
  static constexpr std::array<std::string_view, 2> kSwitches = {"push", "load"};
  // Attributes that only files set: `platform` and `secrets` set two of them.
  static constexpr std::array<std::string_view, 5> kOfFiles = {"platforms", "inherits", "description",
                                                               "dockerfile-inline", "secret"};
  const size_t dot = key.find('.');
  const std::string name = key.substr(0, dot);
  if (text::is_one_of(name, kIgnored)) return;
  if (text::is_one_of(name, kSwitches)) {
    flag_of(values.values.back());
    return;
  }
  if (name == "secrets") return check_option("secret", values.values);
  const AttributeInfo* info = find_attribute(name == "platform" ? "platforms" : name);
  if (info == nullptr || std::ranges::find(kOfFiles, name) != kOfFiles.end())
    hcl::fail("bake has no such attribute, or does not take it from --set");
  if (info->shape == Shape::kOther) return check_option(name, values.values);
  if (info->shape == Shape::kMap || info->shape == Shape::kFullMap) {
    if (dot == std::string::npos) hcl::fail("\"" + name + "\" is set by name: " + name + ".NAME");
    Setting& setting = settings[info->name];
    setting.map.insert_or_assign(key.substr(dot + 1), known(values.values.back()));
    setting.unset.erase(key.substr(dot + 1));
    return;
  }
  Setting made = setting_of_option(*info, values.values);
  const bool append = values.append || name == "annotations" || name == "entitlements";
  const Setting* before = find_setting(settings, info->name);
  if (append && before != nullptr) {
    made.list.insert(made.list.begin(), before->list.begin(), before->list.end());
    made.caches.insert(made.caches.begin(), before->caches.begin(), before->caches.end());
  }
  settings.insert_or_assign(info->name, std::move(made));
}

// What the target says with what it inherits. As bake does it, a target that inherits from itself gets
// nothing from there.
std::optional<Settings> Resolution::resolve(const Definition& target, VisitedTargets& visited, size_t depth) {
  if (depth > kDeepest) {
    fail(target, "\"" + target.name + "\" inherits from too many targets, one from the other");
    return std::nullopt;
  }
  visited.emplace(target.name, std::nullopt);
  Settings inherited;
  std::string unknown;  // a parent that only CI knows
  if (const Setting* parents = find_setting(target.settings, "inherits")) {
    for (const Text& parent : parents->list) {
      const auto before = visited.find(parent.value);
      if (before != visited.end()) {
        if (before->second) merge(inherited, *before->second);
        continue;
      }
      const Definition* found = find(parent.value);
      if (found == nullptr && parent.value.find("${{") != std::string::npos) {
        unknown = parent.value;
        continue;
      }
      if (found == nullptr) {
        if (!evaluated_.broken.contains(parent.value))
          fail(target,
               "\"" + target.name + "\" inherits from \"" + parent.value + "\", which is not a target");
        return std::nullopt;
      }
      const std::optional<Settings> settings = resolve(*found, visited, depth + 1);
      if (!settings) return std::nullopt;
      merge(inherited, *settings);
    }
  }
  Settings settings = std::move(inherited);
  merge(settings, target.settings);
  if (!unknown.empty()) settings["inherits"].unknown = unknown;
  const auto overrides = overrides_.find(target.name);
  if (overrides != overrides_.end()) {
    for (const auto& [key, values] : overrides->second) {
      try {
        override_attribute(settings, key, values);
      } catch (const hcl::Error& error) {
        fail(target, "\"" + key + "\" of \"" + target.name + "\" can't be set: " + error.message);
        return std::nullopt;
      }
    }
  }
  normalize(settings);
  visited.insert_or_assign(target.name, settings);
  return settings;
}

std::optional<Target> Resolution::target_of(const Definition& definition, const Settings& settings) {
  Target target;
  target.name = definition.name;
  target.folder = folder_;
  target.defined = definition.defined;
  TargetWriter writer(settings, target);
  writer.text("context", target.context);
  writer.text("dockerfile", target.dockerfile);
  if (target.dockerfile.empty()) target.dockerfile = "Dockerfile";
  if (target.context == "-" || target.dockerfile == "-") {
    fail(definition, "\"" + target.name + "\" can't be read from standard input");
    return std::nullopt;
  }
  target.context = context_text(target.context);
  if (find_setting(settings, "dockerfile-inline") != nullptr)
    writer.text("dockerfile-inline", target.dockerfile_inline.emplace());
  writer.text("target", target.target);
  writer.map("args", [&](const std::string& name, const std::string& value) { target.args[name] = value; });
  writer.map("contexts", [&](const std::string& name, const std::string& value) {
    target.contexts[name] = value;
    if (value.starts_with(kTargetScheme)) target.needs.push_back(value.substr(kTargetScheme.size()));
  });
  std::ranges::sort(target.needs);
  target.needs.erase(std::unique(target.needs.begin(), target.needs.end()), target.needs.end());
  writer.list("platforms", target.platforms);
  std::vector<std::string> parents;
  writer.list("inherits", parents);  // for what is not known of them
  writer.list("tags", target.tags);
  writer.map("labels",
             [&](const std::string& name, const std::string& value) { target.labels[name] = value; });
  writer.list("annotations", target.annotations);
  writer.caches("cache-from", target.cache_from);
  writer.caches("cache-to", target.cache_to);
  writer.flag("no-cache", target.no_cache);
  writer.list("no-cache-filter", target.no_cache_filter);
  writer.flag("pull", target.pull);
  writer.options("secret", "secrets", target.secrets);
  writer.options("ssh", "ssh", target.ssh);
  writer.other_input("attest", "attests");
  writer.other_input("entitlements", "allow");
  writer.other_input("output", "outputs");
  writer.text("network", target.run.network);
  writer.text("shm-size", target.run.shm_size);
  writer.list("ulimits", target.run.ulimits);
  writer.map("extra-hosts", [&](const std::string& name, const std::string& value) {
    target.run.add_hosts.push_back(name + "=" + value);
  });
  return fits(definition, target) ? std::optional(std::move(target)) : std::nullopt;
}

// Whether the builder takes the values; the first one that it refuses is a failure.
bool Resolution::fits(const Definition& definition, const Target& target) {
  const auto is_good = [&](const std::vector<std::string>& values, const auto& fault_of, const char* remedy) {
    for (const std::string& value : values) {
      std::string fault = fault_of(value);
      if (fault.empty()) continue;
      fail(definition, std::move(fault), remedy);
      return false;
    }
    return true;
  };
  std::vector<std::string> sizes;
  if (!target.run.shm_size.empty()) sizes.push_back(target.run.shm_size);
  return is_good(target.platforms, fault_of_platforms, "write one such as linux/amd64 or linux/arm/v7") &&
         is_good(target.annotations, fault_of_annotation, "write KEY=VALUE or TYPE:KEY=VALUE") &&
         is_good(target.run.ulimits, fault_of_ulimit, "write one such as nofile=1024:2048") &&
         is_good(sizes, fault_of_size, "write one such as 64m");
}

// Whether all targets whose results a target reads are there, and none leads back to it. What is found out
// about others is kept: each target is visited once.
bool Resolution::check_links(const std::string& first) {
  struct Step {
    const Target* target;
    size_t next = 0;
  };
  if (links_.contains(first)) return links_.at(first) == Links::kGood;
  std::vector<Step> path{{&made_.at(first)}};
  links_[first] = Links::kInProgress;
  while (!path.empty()) {
    const Target& target = *path.back().target;
    if (path.back().next == target.needs.size()) {
      Links& links = links_[target.name];
      if (links == Links::kInProgress) links = Links::kGood;
      if (path.size() > 1 && links == Links::kBad) links_[path[path.size() - 2].target->name] = Links::kBad;
      path.pop_back();
      continue;
    }
    const std::string& name = target.needs[path.back().next++];
    const auto found = made_.find(name);
    const auto known = links_.find(name);
    if (found == made_.end()) {
      links_[target.name] = Links::kBad;
      if (find(name) == nullptr && !evaluated_.broken.contains(name))
        fail(*find(target.name),
             "\"" + target.name + "\" needs the target \"" + name + "\", which does not exist");
    } else if (known == links_.end()) {
      links_[name] = Links::kInProgress;
      path.push_back({&found->second});
    } else if (known->second != Links::kGood) {
      const bool on_path =
          std::ranges::any_of(path, [&](const Step& step) { return step.target->name == name; });
      if (on_path)
        fail(*find(target.name), "\"" + target.name + "\" needs its own result: its contexts lead back to it",
             "remove one of these contexts with target:");
      links_[target.name] = Links::kBad;
    }
  }
  return links_.at(first) == Links::kGood;
}

std::vector<Target> Resolution::targets() {
  for (const Definition& definition : evaluated_.targets) {
    VisitedTargets visited;
    const std::optional<Settings> settings = resolve(definition, visited, 0);
    if (!settings) continue;
    if (std::optional<Target> target = target_of(definition, *settings))
      made_.emplace(definition.name, *std::move(target));
  }
  const std::set<std::string, std::less<>> inherited = only_inherited();
  std::vector<Target> targets;
  for (const Definition& definition : evaluated_.targets) {
    const auto found = made_.find(definition.name);
    if (found == made_.end() || !check_links(found->first)) continue;
    targets.push_back(found->second);
    if (inherited.contains(definition.name)) targets.back().purpose = Purpose::kInherited;
  }
  return targets;
}

std::set<std::string, std::less<>> Resolution::only_inherited() const {
  std::set<std::string, std::less<>> names;
  for (const Definition& target : evaluated_.targets) {
    const Setting* const parents = find_setting(target.settings, "inherits");
    if (parents == nullptr) continue;
    for (const Text& parent : parents->list)
      names.insert(parent.value);
  }
  names.erase("default");
  for (const Group& group : evaluated_.groups) {
    for (const std::string& member : group.members)
      names.erase(member);
  }
  for (const auto& [name, target] : made_) {
    for (const std::string& needed : target.needs)
      names.erase(needed);
  }
  return names;
}

namespace {

// What is reached from the targets and groups that bake lists.
class Reach {
 public:
  Reach(const std::vector<Target>& targets, const std::vector<Group>& groups) {
    for (const Target& target : targets)
      targets_.emplace(target.name, &target);
    for (const Group& group : groups)
      groups_.emplace(group.name, &group);
    for (const Group& group : groups) {
      if (!group.name.starts_with('_')) add_group(group.name);
    }
    // A group hides a target of its name.
    for (const Target& target : targets) {
      if (!target.name.starts_with('_') && !groups_.contains(target.name)) add_target(target.name);
    }
  }
  bool has_target(const std::string& name) const { return reached_targets_.contains(name); }
  bool has_group(const std::string& name) const { return reached_groups_.contains(name); }

 private:
  void add_group(const std::string& first) {
    std::vector<std::string> next{first};
    while (!next.empty()) {
      const std::string name = std::move(next.back());
      next.pop_back();
      const auto group = groups_.find(name);
      if (group == groups_.end() || !reached_groups_.insert(name).second) continue;
      for (const std::string& member : group->second->members) {
        const bool is_group = member != name && groups_.contains(member);
        if (is_group) {
          next.push_back(member);
        } else {
          add_target(member);
        }
      }
    }
  }
  void add_target(const std::string& first) {
    std::vector<std::string> next{first};
    while (!next.empty()) {
      const std::string name = std::move(next.back());
      next.pop_back();
      const auto target = targets_.find(name);
      if (target == targets_.end() || !reached_targets_.insert(name).second) continue;
      next.insert(next.end(), target->second->needs.begin(), target->second->needs.end());
    }
  }

  std::map<std::string_view, const Target*> targets_;
  std::map<std::string_view, const Group*> groups_;
  std::set<std::string, std::less<>> reached_targets_;
  std::set<std::string, std::less<>> reached_groups_;
};

}  // namespace

void remove_private(std::vector<Target>& targets, std::vector<Group>& groups) {
  const Reach reach(targets, groups);
  std::erase_if(targets, [&](const Target& target) { return !reach.has_target(target.name); });
  std::erase_if(groups, [&](const Group& group) { return !reach.has_group(group.name); });
}

// The groups whose members lead back to them. A group with its own name as a member means the target.
std::set<std::string_view> Resolution::circular_groups() const {
  std::set<std::string_view> circular;
  std::map<std::string_view, size_t> open;  // how many members are visited
  std::set<std::string_view> done;
  for (const auto& [first, unused] : groups_) {
    std::vector<std::string_view> path{first};
    while (!path.empty()) {
      const std::string_view name = path.back();
      const auto group = groups_.find(name);
      size_t& next = open[name];
      if (group == groups_.end() || done.contains(name) || next == group->second->members.size()) {
        done.insert(name);
        path.pop_back();
        continue;
      }
      const std::string_view member = group->second->members[next++];
      if (member == name || done.contains(member)) continue;
      if (open.contains(member)) {
        circular.insert(member);
      } else {
        path.push_back(member);
      }
    }
  }
  return circular;
}

void Resolution::fail(const Group& group, std::string message) {
  if (failures_.size() >= kMostResolutionFailures) return;
  const auto origin = evaluated_.group_origins.find(group.name);
  const Origin where = origin == evaluated_.group_origins.end() ? Origin{} : origin->second;
  failures_.push_back({where.path,
                       where.line,
                       where.line > 0 ? 1U : 0U,
                       "the group \"" + group.name + "\" contains " + std::move(message),
                       {}});
}

std::vector<Group> Resolution::groups() {
  for (const Group& group : evaluated_.groups)
    groups_.emplace(group.name, &group);
  const std::set<std::string_view> circular = circular_groups();
  for (const Group& group : evaluated_.groups) {
    for (const std::string& member : group.members) {
      const bool is_target = find(member) != nullptr || evaluated_.broken.contains(member);
      const bool is_group = member != group.name && groups_.contains(member);
      if (!is_target && !is_group) fail(group, "\"" + member + "\", which is neither a target nor a group");
    }
    if (find(group.name) == nullptr && circular.contains(group.name)) fail(group, "itself, by other groups");
  }
  return evaluated_.groups;
}

}  // namespace dcache::project::bake
