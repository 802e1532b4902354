#include "dcache/project/compose.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/compose_model.h"
#include "dcache/project/compose_service.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/readers.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Member;
using yaml::Value;

// Whether the profiles of a service are enabled. Without any chosen ones all services are read.
bool is_enabled(const Value& service, const std::vector<std::string>& chosen) {
  const Value* const profiles = service.find("profiles");
  if (chosen.empty() || profiles == nullptr || profiles->items.empty()) return true;
  return std::ranges::any_of(chosen, [&](const std::string& name) {
    return name == "*" || std::ranges::find(profiles->items, name, &Value::text) != profiles->items.end();
  });
}

class ComposeReader {
 public:
  ComposeReader(ComposeModel model, const std::string& folder, const ReadOptions& options)
      : model_(std::move(model)), folder_(folder), options_(options) {}

  Definitions read() {
    for (const Member& member : model_.services.members) {
      read_service(member);
      if (options_.is_named) check_complete(member);
    }
    check_needs();
    remove_cycles();
    Group group{"default", {}, {}};
    for (const Target& target : defined_.targets)
      group.members.push_back(target.name);
    if (!group.members.empty()) defined_.groups.push_back(std::move(group));
    defined_.failures = std::move(model_.failures);
    return std::move(defined_);
  }

 private:
  void read_service(const Member& member) {
    const Value* const build = member.value.find("build");
    const bool built = build != nullptr;
    // A service that is only built by an override is defined there: bake does not read that by itself.
    const bool is_of_override = built && is_override(model_.path_of(build->place));
    const yaml::Place place = is_of_override ? build->place : member.place;
    Origin origin{DefinitionKind::kCompose, model_.path_of(place), place.line, member.name};
    if (built) services_.emplace(compose_target_name(member.name), &member);
    if (built && !is_enabled(member.value, options_.profiles)) {
      defined_.skipped.push_back({member.name, "its profiles are not enabled", std::move(origin)});
      return;
    }
    auto target = read_compose_service(member.name, member.value, folder_, model_, options_);
    if (!target) return;
    if (!names_.insert(target->name).second) {
      model_.fail(member.place, fmt::format("another service is called '{}' for bake", target->name),
                  "rename it");
      return;
    }
    target->defined.push_back(std::move(origin));
    defined_.targets.push_back(*std::move(target));
  }

  // What another file may add, unless these are all that Compose is given.
  void check_complete(const Member& service) {
    constexpr std::array<std::string_view, 3> kSources = {"build", "image", "provider"};
    const bool has_source = std::ranges::any_of(
        kSources, [&](std::string_view name) { return service.value.find(name) != nullptr; });
    if (!has_source)
      model_.fail(service.place,
                  fmt::format("the service '{}' has neither 'image' nor 'build'", service.name),
                  "write one of them below it");
    const Value* const build = service.value.find("build");
    const Value* const secrets = build == nullptr ? nullptr : build->find("secrets");
    if (secrets == nullptr) return;
    for (const Value& item : secrets->items) {
      const Value* const name = item.is_map() ? item.find("source") : &item;
      if (name != nullptr && name->is_text() && !model_.secrets.contains(name->text))
        model_.fail(item.place, fmt::format("there is no secret '{}' in the file", name->text),
                    "define it below 'secrets:'");
    }
  }

  const Value& contexts_of(const Target& target) const {
    const Value* const build = services_.at(target.name)->value.find("build");
    const Value* const contexts = build->find("additional_contexts");
    return contexts == nullptr ? *build : *contexts;
  }

  // Images that are needed have to be built here.
  void check_needs() {
    std::erase_if(defined_.targets, [&](const Target& target) {
      const auto missing = std::ranges::find_if(
          target.needs, [&](const std::string& need) { return !services_.contains(need); });
      if (missing == target.needs.end()) return false;
      model_.fail(contexts_of(target).place,
                  fmt::format("the service '{}' needs '{}', which is not a service that is built",
                              target.name, *missing),
                  "name a service with 'build'");
      names_.erase(target.name);
      return true;
    });
    for (Target& target : defined_.targets) {
      std::erase_if(target.needs, [&](const std::string& need) {
        if (names_.contains(need)) return false;
        target.unknown.push_back(
            {"contexts", fmt::format("need the service {}, which builds nothing here", need)});
        return true;
      });
    }
  }

  // Takes away what needs nothing that is left, again and again; the rest needs itself.
  void remove_cycles() {
    std::map<std::string, std::vector<const Target*>, std::less<>> users;
    std::map<std::string, size_t, std::less<>> open;
    std::vector<const Target*> ready;
    for (const Target& target : defined_.targets) {
      open[target.name] = target.needs.size();
      if (target.needs.empty()) ready.push_back(&target);
      for (const std::string& need : target.needs)
        users[need].push_back(&target);
    }
    while (!ready.empty()) {
      const Target* const target = ready.back();
      ready.pop_back();
      for (const Target* const user : users[target->name]) {
        if (--open[user->name] == 0) ready.push_back(user);
      }
    }
    std::erase_if(defined_.targets, [&](const Target& target) {
      if (open[target.name] == 0) return false;
      model_.fail(contexts_of(target).place,
                  fmt::format("the service '{}' needs its own image, or one that does", target.name),
                  "remove one of the additional contexts");
      return true;
    });
  }

  ComposeModel model_;
  const std::string& folder_;
  const ReadOptions& options_;
  Definitions defined_;
  std::map<std::string, const Member*, std::less<>> services_;  // those with `build`
  std::set<std::string, std::less<>> names_;                    // of the targets
};

}  // namespace

Definitions read_compose_in(const std::vector<std::string>& paths, const std::string& folder,
                            const ReadOptions& options) {
  if (paths.empty()) return {};
  ComposeModel model = read_compose_model(paths, folder, options);
  if (model.services.members.empty() && model.failures.empty() && !model.is_compose)
    model.failures.push_back({paths.front(), 0, 0, fmt::format("{} has no services", paths.front()),
                              "write them below 'services:'"});
  return ComposeReader(std::move(model), folder, options).read();
}

Definitions read_compose(const std::vector<std::string>& paths, const ReadOptions& options) {
  return paths.empty() ? Definitions()
                       : read_compose_in(paths, std::string(text::parent_path(paths.front())), options);
}

}  // namespace dcache::project
