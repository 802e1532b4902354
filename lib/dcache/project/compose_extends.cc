#include "dcache/project/compose_extends.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "dcache/project/compose_checks.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Place;
using yaml::Value;

// Services that extend each other.
constexpr size_t kDeepestComposeExtends = 50;

}  // namespace

// The services of one document, while those that extend others are completed.
struct ComposeExtends::Services {
  enum class State : uint8_t { kRead, kStarted, kDone, kFailed };

  Value* map = nullptr;  // the member `services`
  std::string file;
  ResetPaths resets;
  std::unordered_map<std::string, size_t> index = {};
  std::vector<State> states = {};

  void number() {
    for (size_t i = 0; i < map->members.size(); ++i)
      index.emplace(map->members[i].name, i);
    states.assign(map->members.size(), State::kRead);
  }
};

// A file that services are extended from.
struct ComposeExtends::BaseFile {
  Value root;
  Services services;
};

ComposeExtends::ComposeExtends(ComposeModel& model, ComposeFiles& files) : model_(model), files_(files) {}
ComposeExtends::~ComposeExtends() = default;

void ComposeExtends::apply(Value& root, const ResetPaths& resets, const std::string& file,
                           const ComposeScope& scope) {
  Value* const map = root.find("services");
  if (map == nullptr) return;
  Services services{map, file, resets};
  services.number();
  for (size_t i = 0; i < services.states.size(); ++i)
    extend(services, i, scope, 0);
  size_t at = 0;
  std::erase_if(services.map->members,
                [&](const Member& /*member*/) { return services.states[at++] == Services::State::kFailed; });
}

// Completes a service with what it extends. False if that can't be read.
bool ComposeExtends::extend(Services& services, size_t at, const ComposeScope& scope, size_t depth) {
  using State = Services::State;
  State& state = services.states[at];
  if (state == State::kDone || state == State::kFailed) return state == State::kDone;
  state = State::kStarted;
  Value& service = services.map->members[at].value;
  const bool fine = service.find("extends") == nullptr || extend_service(services, at, scope, depth);
  services.states[at] = fine ? State::kDone : State::kFailed;
  return fine;
}

bool ComposeExtends::extend_service(Services& services, size_t at, const ComposeScope& scope, size_t depth) {
  const std::string name = services.map->members[at].name;
  const Value extends = *services.map->members[at].value.find("extends");
  const Value* const base = extends.is_map() ? compose_text(extends, "service") : &extends;
  if (base == nullptr || !base->is_text()) {
    model_.fail(extends.place, "'extends' does not name a service", "write 'service: NAME' below it");
    return false;
  }
  if (model_.has_failed(extends)) return false;
  Services* from = &services;
  if (const Value* const file = compose_text(extends, "file")) from = base_services(*file, scope);
  if (from == nullptr) return false;
  const auto found = from->index.find(base->text);
  if (found == from->index.end()) {
    model_.fail(base->place, fmt::format("there is no service '{}' in {}", base->text, from->file));
    return false;
  }
  if (from->states[found->second] == Services::State::kStarted) {
    model_.fail(extends.place, fmt::format("the service '{}' extends itself", name), "remove one 'extends'");
    return false;
  }
  if (depth > kDeepestComposeExtends) {
    model_.fail(extends.place, "services extend each other too deep");
    return false;
  }
  if (!extend(*from, found->second, scope, depth + 1)) return false;
  return put_on_base(services, at, from->map->members[found->second].value);
}

bool ComposeExtends::put_on_base(Services& services, size_t at, const Value& base) {
  if (!files_.count_copy(base)) return false;
  Member& member = services.map->members[at];
  Value below = base;
  for (const std::vector<std::string>& path : services.resets) {
    if (path.size() > 2 && path[0] == "services" && path[1] == member.name)
      apply_resets(below, {{path.begin() + 2, path.end()}});
  }
  member.value.erase("extends");
  const Place place = member.value.place;
  merge_service(below, std::move(member.value), files_.complain());
  below.erase("extends");
  below.place = place;
  member.value = std::move(below);
  return true;
}

// The services of another file, whose paths start at the scope's folder then. Read once for each scope.
ComposeExtends::Services* ComposeExtends::base_services(const Value& file, const ComposeScope& scope) {
  const std::string path = scope.path_of(file.text);
  auto& known = bases_[{path, scope.number}];
  if (known) return known->services.map == nullptr ? nullptr : &known->services;
  known = std::make_unique<BaseFile>();
  BaseFile& base = *known;
  base.root = {Kind::kMap, file.place, {}, {}, {}, {}};
  ResetPaths resets;
  for (ComposeDocument& document : files_.read(path, &file.place)) {
    files_.replace_variables(document.root, scope.variables);
    keep_service_maps(document.root, files_.complain());
    check_compose_document(document.root, model_);
    apply_resets(base.root, document.resets);
    merge_services(base.root, document.root, files_.complain());
    resets = std::move(document.resets);
  }
  Value* const map = base.root.find("services");
  if (map == nullptr) return nullptr;
  for (Member& member : map->members)
    move_paths(member.value, text::parent_path(file.text), scope.home);
  base.services.map = map;
  base.services.file = path;
  base.services.resets = std::move(resets);
  base.services.number();
  return &base.services;
}

}  // namespace dcache::project
