#include "dcache/project/compose_model.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ranges>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/compose_files.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Place;
using yaml::Value;

// Extending, and including, one after the other.
constexpr size_t kDeepest = 50;

// Where the paths of a file start, and what its variables are: the project, or what `include` names.
struct Scope {
  size_t number;       // each has its own
  std::string folder;  // from where files are read
  Variables variables;
  std::vector<std::string> chain;  // the files that include each other down to here
};

// The services of one document, while those that extend others are completed.
struct Services {
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
struct BaseFile {
  Value root;
  Services services;
};

// Texts of a value that is a text or a list of them.
std::vector<const Value*> texts_of(const Value& value) {
  std::vector<const Value*> texts;
  if (value.is_text()) texts.push_back(&value);
  for (const Value& item : value.items) {
    if (item.is_text()) texts.push_back(&item);
  }
  return texts;
}

class Loader {
 public:
  Loader(ComposeModel& model, const ReadOptions& options)
      : model_(model),
        files_(model, options),
        complain_([this](Place place, std::string message, std::string remedy) {
          model_.fail(place, std::move(message), std::move(remedy));
        }) {
    const auto home = options.environment.find("HOME");
    if (home != options.environment.end()) home_ = home->second;
  }

  void read_env(const std::string& path, Variables& variables) { files_.read_env(path, variables); }

  // The services of files that override each other, with paths from the folder `outside` of the scope.
  // `from` is the `include` of them.
  Value load(const std::vector<std::string>& paths, Scope& scope, const std::string& outside,
             const Place* from) {
    std::vector<std::pair<std::string, std::vector<ComposeDocument>>> read;
    for (const std::string& path : paths)
      read.emplace_back(path, files_.read(path, from));
    if (from == nullptr) name_project(read, scope);
    Value project{Kind::kMap, {}, {}, {}, {}, {}};
    for (auto& [path, documents] : read) {
      scope.chain.push_back(text::clean_path(path));
      for (ComposeDocument& document : documents)
        add_document(project, std::move(document), path, scope);
    }
    Value* const services = project.find("services");
    if (services == nullptr) return {Kind::kMap, {}, {}, {}, {}, {}};
    finish(*services, scope, outside);
    return std::move(*services);
  }

 private:
  // COMPOSE_PROJECT_NAME is a variable too. Bake does not name a project after its folder.
  void name_project(std::vector<std::pair<std::string, std::vector<ComposeDocument>>>& read, Scope& scope) {
    constexpr const char* kVariable = "COMPOSE_PROJECT_NAME";
    std::string name;
    for (auto& [path, documents] : read) {
      for (const ComposeDocument& document : documents) {
        const Value* const own = document.root.find("name");
        if (own == nullptr || !own->is_text() || own->text.empty()) continue;
        Value text = *own;
        files_.replace_variables(text, scope.variables);
        name = std::move(text.text);
      }
    }
    std::string& variable = scope.variables[kVariable];
    if (!name.empty()) variable = std::move(name);
    if (variable.empty()) variable = "bake";
  }

  void add_document(Value& project, ComposeDocument document, const std::string& path, Scope& scope) {
    Value& root = document.root;
    files_.replace_variables(root, scope.variables);
    keep_maps(root);
    if (const Value* const include = root.find("include")) {
      const Value entries = *include;
      root.erase("include");
      add_included(root, entries, scope);
    }
    if (Value* const map = root.find("services")) {
      Services services{map, path, document.resets};
      services.number();
      extend_all(services, scope);
    }
    apply_resets(project, document.resets);
    merge_services(project, root);
  }

  // Removes services that are not maps, and `services` itself if it is not one.
  void keep_maps(Value& root) {
    Value* const services = root.find("services");
    if (services == nullptr) return;
    if (!services->is_map()) {
      if (!services->is_null())
        model_.fail(services->place, "'services' is not a map", "write each service below it");
      root.erase("services");
      return;
    }
    std::erase_if(services->members, [&](Member& member) {
      if (member.value.is_null()) member.value.kind = Kind::kMap;
      if (member.value.is_map()) return false;
      model_.fail(member.value.place, fmt::format("the service '{}' is not a map", member.name),
                  "write 'image' or 'build' below it");
      return true;
    });
  }

  void merge_services(Value& project, Value& root) {
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
        merge_service(services.members[known->second].value, std::move(member.value), complain_);
      }
      make_canonical(services.members[known->second].value);
    }
  }

  // Default values, variables in lists of `environment`, and paths.
  void finish(Value& services, const Scope& scope, const std::string& outside) {
    for (Member& member : services.members) {
      Value& service = member.value;
      Value* const build = service.find("build");
      if (build != nullptr && build->is_map() && build->find("context") == nullptr)
        build->members.push_back({"context", Kind::kText, build->place, yaml::make_text(".", build->place)});
      if (Value* const environment = service.find("environment")) {
        for (Value& item : environment->items) {
          const auto variable = scope.variables.find(item.text);
          if (item.is_text() && variable != scope.variables.end()) item.text += "=" + variable->second;
        }
      }
      move_paths(service, outside, home_);
    }
  }

  void add_included(Value& root, const Value& entries, const Scope& scope) {
    if (entries.is_null()) return;
    if (!entries.is_list()) {
      model_.fail(entries.place, "'include' is not a list", "write '- FILE' below it");
      return;
    }
    for (const Value& entry : entries.items) {
      const Value* const path = entry.is_map() ? entry.find("path") : &entry;
      if (path == nullptr || texts_of(*path).empty()) {
        model_.fail(entry.place, "'include' does not name a file", "write '- FILE' or 'path: FILE'");
      } else {
        include(root, entry, texts_of(*path), scope);
      }
    }
  }

  static const Value* text_member(const Value& map, std::string_view name) {
    const Value* const found = map.find(name);
    return found != nullptr && found->is_text() && !found->text.empty() ? found : nullptr;
  }

  void include(Value& root, const Value& entry, const std::vector<const Value*>& paths, const Scope& scope) {
    std::vector<std::string> files;
    for (const Value* const path : paths)
      files.push_back(from_folder(scope.folder, path->text));
    const std::string& first = files.front();
    if (std::ranges::find(scope.chain, first) != scope.chain.end()) {
      model_.fail(paths.front()->place, fmt::format("{} includes itself", first), "remove the include");
      return;
    }
    if (scope.chain.size() > kDeepest) {
      model_.fail(paths.front()->place, "files include each other too deep");
      return;
    }
    if (first.find("://") != std::string::npos || first.starts_with("git@")) {
      model_.fail(paths.front()->place, "a file of another repository is included, and not read");
      return;
    }
    // The folder as it is written, which is where the paths of the included files lead from here.
    std::string outside(text::parent_path(paths.front()->text));
    if (const Value* const folder = text_member(entry, "project_directory")) outside = folder->text;
    Scope inner{++scopes_, from_folder(scope.folder, outside), scope.variables, scope.chain};
    read_env_of(entry, inner, scope);
    const Place place = paths.front()->place;
    add_resources(root, load(files, inner, outside, &place), place);
  }

  void read_env_of(const Value& entry, Scope& inner, const Scope& scope) {
    const Value* const files = entry.find("env_file");
    if (files == nullptr || texts_of(*files).empty()) {
      files_.read_env(text::join_path(inner.folder, ".env"), inner.variables);
      return;
    }
    // A later file wins over an earlier one, but not over what is set outside.
    const auto texts = texts_of(*files);
    for (const auto& file : std::views::reverse(texts)) {
      if (!files_.read_env(from_folder(scope.folder, file->text), inner.variables))
        model_.fail(file->place, fmt::format("{} is not there", file->text));
    }
  }

  std::string from_folder(const std::string& folder, std::string_view path) const {
    if (path.starts_with('~') && !home_.empty()) return text::join_path(home_, path.substr(1));
    return path.starts_with('/') ? text::clean_path(path) : text::join_path(folder, path);
  }

  void add_resources(Value& root, Value included, Place from) {
    if (root.find("services") == nullptr)
      root.members.push_back({"services", Kind::kText, from, {Kind::kMap, from, {}, {}, {}, {}}});
    Value& services = *root.find("services");
    std::unordered_map<std::string, size_t> index;
    for (size_t i = 0; i < services.members.size(); ++i)
      index.emplace(services.members[i].name, i);
    for (Member& member : included.members) {
      const auto [known, is_new] = index.emplace(member.name, services.members.size());
      if (is_new) {
        services.members.push_back(std::move(member));
      } else if (!same(services.members[known->second].value, member.value)) {
        model_.fail(from, fmt::format("the service '{}' is in the included file and here", member.name),
                    "rename one of them, or use an override file");
      }
    }
  }

  void extend_all(Services& services, const Scope& scope) {
    for (size_t i = 0; i < services.states.size(); ++i)
      extend(services, i, scope, 0);
    size_t at = 0;
    std::erase_if(services.map->members, [&](const Member& /*member*/) {
      return services.states[at++] == Services::State::kFailed;
    });
  }

  // Completes a service with what it extends. False if that can't be read.
  bool extend(Services& services, size_t at, const Scope& scope, size_t depth) {
    using State = Services::State;
    State& state = services.states[at];
    if (state == State::kDone || state == State::kFailed) return state == State::kDone;
    state = State::kStarted;
    Value& service = services.map->members[at].value;
    const bool fine = service.find("extends") == nullptr || extend_service(services, at, scope, depth);
    services.states[at] = fine ? State::kDone : State::kFailed;
    return fine;
  }

  bool extend_service(Services& services, size_t at, const Scope& scope, size_t depth) {
    const std::string name = services.map->members[at].name;
    const Value extends = *services.map->members[at].value.find("extends");
    const Value* const base = extends.is_map() ? text_member(extends, "service") : &extends;
    if (base == nullptr || !base->is_text()) {
      model_.fail(extends.place, "'extends' does not name a service", "write 'service: NAME' below it");
      return false;
    }
    if (model_.has_failed(extends)) return false;
    Services* from = &services;
    if (const Value* const file = text_member(extends, "file")) from = base_services(*file, scope);
    if (from == nullptr) return false;
    const auto found = from->index.find(base->text);
    if (found == from->index.end()) {
      model_.fail(base->place, fmt::format("there is no service '{}' in {}", base->text, from->file));
      return false;
    }
    if (from->states[found->second] == Services::State::kStarted) {
      model_.fail(extends.place, fmt::format("the service '{}' extends itself", name),
                  "remove one 'extends'");
      return false;
    }
    if (depth > kDeepest) {
      model_.fail(extends.place, "services extend each other too deep");
      return false;
    }
    if (!extend(*from, found->second, scope, depth + 1)) return false;
    return put_on_base(services, at, from->map->members[found->second].value);
  }

  bool put_on_base(Services& services, size_t at, const Value& base) {
    if (!files_.count_copy(base)) return false;
    Member& member = services.map->members[at];
    Value below = base;
    for (const std::vector<std::string>& path : services.resets) {
      if (path.size() > 2 && path[0] == "services" && path[1] == member.name)
        apply_resets(below, {{path.begin() + 2, path.end()}});
    }
    member.value.erase("extends");
    const Place place = member.value.place;
    merge_service(below, std::move(member.value), complain_);
    below.erase("extends");
    below.place = place;
    member.value = std::move(below);
    return true;
  }

  // The services of another file, whose paths start at the scope's folder then. Read once for each scope.
  Services* base_services(const Value& file, const Scope& scope) {
    const std::string path = from_folder(scope.folder, file.text);
    auto& known = bases_[{path, scope.number}];
    if (known) return known->services.map == nullptr ? nullptr : &known->services;
    known = std::make_unique<BaseFile>();
    BaseFile& base = *known;
    base.root = {Kind::kMap, file.place, {}, {}, {}, {}};
    ResetPaths resets;
    for (ComposeDocument& document : files_.read(path, &file.place)) {
      files_.replace_variables(document.root, scope.variables);
      keep_maps(document.root);
      apply_resets(base.root, document.resets);
      merge_services(base.root, document.root);
      resets = std::move(document.resets);
    }
    Value* const map = base.root.find("services");
    if (map == nullptr) return nullptr;
    for (Member& member : map->members)
      move_paths(member.value, text::parent_path(file.text), home_);
    base.services.map = map;
    base.services.file = path;
    base.services.resets = std::move(resets);
    base.services.number();
    return &base.services;
  }

  ComposeModel& model_;
  ComposeFiles files_;
  Complain complain_;
  std::string home_;
  size_t scopes_ = 0;
  std::map<std::pair<std::string, size_t>, std::unique_ptr<BaseFile>> bases_;
};

}  // namespace

void ComposeModel::fail(Place place, std::string message, std::string remedy) {
  constexpr size_t kMost = 1000;
  if (failures.size() < kMost)
    failures.push_back(yaml::failure_at(path_of(place), place, std::move(message), std::move(remedy)));
}

bool ComposeModel::has_failed(const Value& value) const {
  if (failed.empty()) return false;
  return failed.contains(value.place) ||
         std::ranges::any_of(value.items, [&](const Value& item) { return has_failed(item); }) ||
         std::ranges::any_of(value.members, [&](const Member& member) { return has_failed(member.value); });
}

ComposeModel read_compose_model(const std::vector<std::string>& paths, const std::string& folder,
                                const ReadOptions& options) {
  ComposeModel model;
  Loader loader(model, options);
  Scope scope{0, folder, options.environment, {}};
  loader.read_env(text::join_path(folder, ".env"), scope.variables);
  model.services = loader.load(paths, scope, ".", nullptr);
  model.variables = std::move(scope.variables);
  return model;
}

}  // namespace dcache::project
