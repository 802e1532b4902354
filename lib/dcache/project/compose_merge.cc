#include "dcache/project/compose_merge.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

// kNames: a list of names, or a map with more about each. kReplace: the later one is all that counts.
enum class Rule : uint8_t { kPlain, kBuild, kPairs, kHosts, kNames, kReplace };

// By the path below a service; '*' is any one part of it.
// Source: https://github.com/compose-spec/compose-go/blob/main/override/merge.go
constexpr std::array<std::pair<std::string_view, Rule>, 24> kRules = {{
    {"build", Rule::kBuild},
    {"build.args", Rule::kPairs},
    {"build.additional_contexts", Rule::kPairs},
    {"build.labels", Rule::kPairs},
    {"build.extra_hosts", Rule::kHosts},
    {"environment", Rule::kPairs},
    {"env_file", Rule::kPairs},
    {"annotations", Rule::kPairs},
    {"deploy.labels", Rule::kPairs},
    {"dns", Rule::kPairs},
    {"dns_opt", Rule::kPairs},
    {"dns_search", Rule::kPairs},
    {"label_file", Rule::kPairs},
    {"labels", Rule::kPairs},
    {"sysctls", Rule::kPairs},
    {"tmpfs", Rule::kPairs},
    {"extra_hosts", Rule::kHosts},
    {"depends_on", Rule::kNames},
    {"models", Rule::kNames},
    {"networks", Rule::kNames},
    {"command", Rule::kReplace},
    {"entrypoint", Rule::kReplace},
    {"healthcheck.test", Rule::kReplace},
    {"ulimits.*", Rule::kReplace},
}};

Rule rule_of(std::string_view path) {
  const auto* const found =
      std::ranges::find_if(kRules, [&](const auto& rule) { return text::glob_match(rule.first, path); });
  return found == kRules.end() ? Rule::kPlain : found->second;
}

// Whether Compose refuses a value of such a map before it makes a list of it.
bool is_refused(const Value& value, Rule rule) {
  if (rule == Rule::kHosts) return !value.is_text() && !value.is_list();
  return !value.is_null() && (!value.is_scalar() || value.kind == Kind::kTime);
}

// A map as a list of "key=value". What `refused` is true for stays what it is, so that it is still an error.
template <typename Refused>
std::vector<Value> as_list(Value value, const Refused& refused) {
  if (value.is_list()) return std::move(value.items);
  std::vector<Value> list;
  if (value.is_text()) list.push_back(std::move(value));
  for (Member& member : value.members) {
    if (refused(member.value)) {
      list.push_back({member.value.kind, member.value.place, member.name + "=", {}, {}, {}});
    } else if (member.value.is_list()) {
      for (const Value& item : member.value.items)
        list.push_back(yaml::make_text(member.name + "=" + yaml::printed(item), item.place));
    } else {
      const bool alone = member.value.is_null();
      list.push_back(yaml::make_text(alone ? member.name : member.name + "=" + yaml::printed(member.value),
                                     member.value.place));
    }
  }
  if (value.is_map()) std::ranges::stable_sort(list, {}, &Value::text);
  return list;
}

// A list of names as a map that says no more about them.
Value map_of(Value list) {
  Value map{Kind::kMap, list.place, {}, {}, {}, {}};
  for (Value& item : list.items) {
    const yaml::Place place = item.place;
    map.members.push_back({std::move(item.text), Kind::kText, place, {Kind::kNull, place, {}, {}, {}, {}}});
  }
  return map;
}

// `build: FOLDER` is short for its context.
void lengthen_build(Value& build) {
  if (!build.is_text()) return;
  Value map{Kind::kMap, build.place, {}, {}, {}, {}};
  const yaml::Place place = build.place;
  map.members.push_back({"context", Kind::kText, place, std::move(build)});
  build = std::move(map);
}

class Merge {
 public:
  // Compose validates each file with those before it, and what it extends not before.
  enum class Base : uint8_t { kFile, kExtended };
  Merge(Base base, const Complain& complain) : base_(base), complain_(complain) {}

  void members(Value& base, Value over, const std::string& path) {
    std::unordered_map<std::string, size_t> index;
    for (size_t i = 0; i < base.members.size(); ++i)
      index.emplace(base.members[i].name, i);
    for (Member& member : over.members) {
      const auto [known, is_new] = index.emplace(member.name, base.members.size());
      if (is_new) {
        base.members.push_back(std::move(member));
      } else {
        value(base.members[known->second].value, std::move(member.value),
              path.empty() ? member.name : path + "." + member.name);
      }
    }
  }

 private:
  void value(Value& base, Value over, const std::string& path) {
    const yaml::Place place = over.place;
    const Rule rule = rule_of(path);
    const bool is_validated = base_ == Base::kFile && path.starts_with("build.");
    const auto refused = [&](const Value& one) { return is_validated && is_refused(one, rule); };
    const auto taken = [](const Value&) { return false; };
    switch (rule) {
      case Rule::kBuild:
        lengthen_build(base);
        lengthen_build(over);
        members(base, std::move(over), path);
        return;
      case Rule::kPairs:
        base = list_of(as_list(std::move(base), refused), as_list(std::move(over), taken), place);
        return;
      case Rule::kHosts: {
        std::vector<Value> hosts = as_list(std::move(base), refused), more = as_list(std::move(over), taken);
        std::erase_if(more, [&](const Value& one) {
          return std::ranges::find(hosts, one.text, &Value::text) != hosts.end();
        });
        base = list_of(std::move(hosts), std::move(more), place);
        return;
      }
      case Rule::kNames:
        if (base.is_list()) base = map_of(std::move(base));
        if (over.is_list()) over = map_of(std::move(over));
        plain(base, std::move(over), path);
        return;
      case Rule::kReplace:
        base = std::move(over);
        return;
      case Rule::kPlain:
        plain(base, std::move(over), path);
        return;
    }
  }

  void plain(Value& base, Value over, const std::string& path) {
    if (over.is_null()) return;
    const bool collection = base.is_map() || base.is_list();
    if (collection && base.kind != over.kind) {
      complain_(over.place,
                fmt::format("'{}' is {} here, and {} in what it overrides", path, yaml::words_of(over.kind),
                            yaml::words_of(base.kind)),
                "write it in the same form");
    } else if (base.is_map()) {
      members(base, std::move(over), path);
    } else if (base.is_list()) {
      std::ranges::move(over.items, std::back_inserter(base.items));
    } else {
      base = std::move(over);
    }
  }

  static Value list_of(std::vector<Value> first, std::vector<Value> more, yaml::Place place) {
    std::ranges::move(more, std::back_inserter(first));
    Value list{Kind::kList, place, {}, {}, {}, {}};
    list.items = std::move(first);
    return list;
  }

  Base base_;
  const Complain& complain_;
};

// What tells items of a list apart: "A" of "A=1", the path of an env_file.
std::string_view key_of_item(const Value& item) {
  if (const Value* const path = item.find("path")) return path->text;
  const std::string_view text = item.text;
  return text.substr(0, text.find('='));
}

// Of several items with the same key the last one counts, at the place of the first.
void remove_repeats(Value* list) {
  if (list == nullptr || !list->is_list()) return;
  std::unordered_map<std::string, size_t> index;
  std::vector<Value> unique;
  for (Value& item : list->items) {
    const auto [known, is_new] = index.emplace(key_of_item(item), unique.size());
    const auto is_wrong = [](const Value& one) { return !one.is_text() && one.find("path") == nullptr; };
    if (is_new || (!item.is_text() && !item.is_map()) || is_wrong(unique[known->second])) {
      unique.push_back(std::move(item));
    } else {
      unique[known->second] = std::move(item);
    }
  }
  list->items = std::move(unique);
}

// A list of "name=value" as a map, if all of it is that.
void lengthen_contexts(Value& contexts) {
  const bool pairs = std::ranges::all_of(contexts.items, [](const Value& item) {
    return item.is_text() && item.text.find('=') != std::string::npos;
  });
  if (!contexts.is_list() || !pairs) return;
  Value map{Kind::kMap, contexts.place, {}, {}, {}, {}};
  for (const Value& item : contexts.items) {
    const size_t equals = item.text.find('=');
    map.members.push_back({item.text.substr(0, equals), Kind::kText, item.place,
                           yaml::make_text(item.text.substr(equals + 1), item.place)});
  }
  contexts = std::move(map);
}

// What Compose does not take for a path.
bool is_no_path(std::string_view context) {
  constexpr std::array<std::string_view, 4> kPrefixes = {"service:", "target:", "github.com/", "git@"};
  return context.find("://") != std::string_view::npos ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return context.starts_with(prefix); });
}

void move_path(Value* path, std::string_view folder, std::string_view home) {
  if (path == nullptr || !path->is_text() || path->text.empty()) return;
  if (path->text.starts_with('~') && !home.empty())
    path->text = text::join_path(home, std::string_view(path->text).substr(1));
  if (!text::is_absolute(path->text)) path->text = text::join_path(folder, path->text);
}

void take_resets_below(Value& value, std::vector<std::string>& path, ResetPaths& resets) {
  for (Value& item : value.items) {
    path.emplace_back("[]");  // items are not reset one by one
    take_resets_below(item, path, resets);
    path.pop_back();
  }
  std::erase_if(value.items, [](const Value& item) { return item.tag == "!reset"; });
  for (Member& member : value.members) {
    path.push_back(member.name);
    const bool override = member.value.tag == "!override";
    if (override || member.value.tag == "!reset") resets.push_back(path);
    if (!override) take_resets_below(member.value, path, resets);
    path.pop_back();
  }
  std::erase_if(value.members, [](const Member& member) { return member.value.tag == "!reset"; });
}

}  // namespace

void merge_service(Value& base, Value over, const Complain& complain) {
  Merge(Merge::Base::kExtended, complain).members(base, std::move(over), {});
}

void keep_service_maps(Value& root, const Complain& complain) {
  Value* const services = root.find("services");
  if (services == nullptr) return;
  if (!services->is_map()) {
    // Nothing has no place of its own.
    const auto member = std::ranges::find(root.members, "services", &Member::name);
    complain(member->place, "'services' is not a map", "write each service below it");
    root.erase("services");
    return;
  }
  std::erase_if(services->members, [&](Member& member) {
    if (member.value.is_null()) member.value.kind = Kind::kMap;
    if (member.value.is_map()) return false;
    complain(member.value.place, fmt::format("the service '{}' is not a map", member.name),
             "write 'image' or 'build' below it");
    return true;
  });
}

void merge_services(Value& project, Value& root, const Complain& complain) {
  Value* const more = root.find("services");
  if (more == nullptr) return;
  if (project.find("services") == nullptr) {
    Value empty{Kind::kMap, more->place, {}, {}, {}, {}};
    project.members.push_back({"services", Kind::kText, more->place, std::move(empty)});
  }
  Value& services = *project.find("services");
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < services.members.size(); ++i)
    index.emplace(services.members[i].name, i);
  for (Member& member : more->members) {
    const auto [known, is_new] = index.emplace(member.name, services.members.size());
    if (is_new) {
      services.members.push_back(std::move(member));
    } else {
      Merge(Merge::Base::kFile, complain)
          .members(services.members[known->second].value, std::move(member.value), {});
    }
    make_canonical(services.members[known->second].value);
  }
}

void make_canonical(Value& service) {
  for (const char* const list : {"environment", "env_file", "profiles"})
    remove_repeats(service.find(list));
  Value* const build = service.find("build");
  if (build == nullptr) return;
  lengthen_build(*build);
  for (const char* const list : {"args", "additional_contexts", "labels", "tags"})
    remove_repeats(build->find(list));
  if (Value* const contexts = build->find("additional_contexts")) lengthen_contexts(*contexts);
}

void move_paths(Value& service, std::string_view folder, std::string_view home) {
  if (Value* const build = service.find("build")) {
    Value* const context = build->find("context");
    if (context != nullptr && !is_no_path(context->text)) move_path(context, folder, home);
    if (Value* const contexts = build->find("additional_contexts")) {
      for (Member& member : contexts->members) {
        if (!is_no_path(member.value.text)) move_path(&member.value, folder, home);
      }
    }
  }
  if (Value* const files = service.find("env_file")) {
    move_path(files, folder, home);
    for (Value& file : files->items)
      move_path(file.is_map() ? file.find("path") : &file, folder, home);
  }
  if (Value* const extends = service.find("extends")) move_path(extends->find("file"), folder, home);
}

ResetPaths take_resets(Value& document) {
  ResetPaths resets;
  std::vector<std::string> path;
  take_resets_below(document, path, resets);
  return resets;
}

void apply_resets(Value& document, const ResetPaths& resets) {
  for (const std::vector<std::string>& path : resets) {
    Value* value = &document;
    for (size_t i = 0; i + 1 < path.size() && value != nullptr; ++i)
      value = value->find(path[i]);
    if (value != nullptr && !path.empty()) value->erase(path.back());
  }
}

}  // namespace dcache::project
