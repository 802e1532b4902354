#include "dcache/project/compose_model.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/compose_checks.h"
#include "dcache/project/compose_extends.h"
#include "dcache/project/compose_files.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Place;
using yaml::Value;

// Files that include each other.
constexpr size_t kDeepestComposeInclude = 50;

// Texts of a value that is a text or a list of them.
std::vector<const Value*> text_values_of(const Value& value) {
  std::vector<const Value*> texts;
  if (value.is_text()) texts.push_back(&value);
  for (const Value& item : value.items) {
    if (item.is_text()) texts.push_back(&item);
  }
  return texts;
}

// Whether a member of a file is one that Compose knows.
// Source: https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json
bool is_of_compose(const Member& member) {
  constexpr std::array<std::string_view, 9> kNames = {"version",  "name",    "include", "services", "models",
                                                      "networks", "volumes", "secrets", "configs"};
  return member.name.starts_with("x-") || std::ranges::find(kNames, member.name) != kNames.end();
}

// The name of a project after its folder.
// Source: NormalizeProjectName in https://github.com/compose-spec/compose-go/blob/main/loader/loader.go
std::string project_name_of(std::string_view folder) {
  std::string name;
  for (const char c : text::to_lower(text::base_name(folder))) {
    const bool leads = name.empty() && (c == '-' || c == '_');
    if (!leads &&
        std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-_").find(c) != std::string_view::npos)
      name += c;
  }
  return name;
}

class Loader {
 public:
  Loader(ComposeModel& model, const ReadOptions& options)
      : model_(model), files_(model, options), extends_(model, files_) {}

  void read_env(const std::string& path, Variables& variables) { files_.read_env(path, variables); }

  // The services of files that override each other, with paths from the folder `outside` of the scope.
  // `from` is the `include` of them.
  Value load(const std::vector<std::string>& paths, ComposeScope& scope, const std::string& outside,
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
  // COMPOSE_PROJECT_NAME is a variable too. Bake does not name a project after its folder, and prefers the
  // name in a file to the variable; Compose prefers the variable.
  void name_project(std::vector<std::pair<std::string, std::vector<ComposeDocument>>>& read,
                    ComposeScope& scope) {
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
    model_.name = variable.empty() ? name : variable;
    if (!name.empty()) variable = std::move(name);
    if (variable.empty()) variable = "bake";
  }

  void add_document(Value& project, ComposeDocument document, const std::string& path, ComposeScope& scope) {
    Value& root = document.root;
    const bool is_compose = !root.members.empty() && std::ranges::all_of(root.members, is_of_compose);
    model_.is_compose = model_.is_compose || is_compose;
    files_.replace_variables(root, scope.variables);
    keep_service_maps(root, files_.complain());
    check_compose_document(root, model_);
    if (const Value* const secrets = root.find("secrets")) {
      for (const Member& secret : secrets->members)
        model_.secrets.insert(secret.name);
    }
    // What is included can't be extended.
    extends_.apply(root, document.resets, path, scope);
    if (const Value* const include = root.find("include")) {
      const Value entries = *include;
      root.erase("include");
      add_included(root, entries, scope);
    }
    apply_resets(project, document.resets);
    merge_services(project, root, files_.complain());
  }

  // Default values, variables in lists of `environment`, and paths.
  void finish(Value& services, const ComposeScope& scope, const std::string& outside) {
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
      move_paths(service, outside, scope.home);
    }
  }

  void add_included(Value& root, const Value& entries, const ComposeScope& scope) {
    if (entries.is_null()) return;
    if (!entries.is_list()) {
      model_.fail(entries.place, "'include' is not a list", "write '- FILE' below it");
      return;
    }
    for (const Value& entry : entries.items) {
      const Value* const path = entry.is_map() ? entry.find("path") : &entry;
      if (path == nullptr || text_values_of(*path).empty()) {
        model_.fail(entry.place, "'include' does not name a file", "write '- FILE' or 'path: FILE'");
      } else {
        include(root, entry, text_values_of(*path), scope);
      }
    }
  }

  void include(Value& root, const Value& entry, const std::vector<const Value*>& paths,
               const ComposeScope& scope) {
    std::vector<std::string> files;
    for (const Value* const path : paths)
      files.push_back(scope.path_of(path->text));
    const std::string& first = files.front();
    if (std::ranges::find(scope.chain, first) != scope.chain.end()) {
      model_.fail(paths.front()->place, fmt::format("{} includes itself", first), "remove the include");
      return;
    }
    if (scope.chain.size() > kDeepestComposeInclude) {
      model_.fail(paths.front()->place, "files include each other too deep");
      return;
    }
    if (first.find("://") != std::string::npos || first.starts_with("git@")) {
      model_.fail(paths.front()->place, "a file of another repository is included, and not read");
      return;
    }
    // The folder as it is written, which is where the paths of the included files lead from here.
    std::string outside(text::parent_path(paths.front()->text));
    const Value* const folder = compose_text(entry, "project_directory");
    if (folder != nullptr) outside = folder->text;
    ComposeScope inner{++scopes_, scope.path_of(outside), scope.home, scope.variables, scope.chain};
    // Compose takes the folder above of what is not a folder.
    if (folder != nullptr && !files_.is_folder(inner.folder)) outside = text::parent_path(outside);
    read_env_of(entry, inner, scope);
    const Place place = paths.front()->place;
    add_resources(root, load(files, inner, outside, &place), place);
  }

  void read_env_of(const Value& entry, ComposeScope& inner, const ComposeScope& scope) {
    const Value* const files = entry.find("env_file");
    if (files == nullptr || text_values_of(*files).empty()) {
      files_.read_env(text::join_path(inner.folder, ".env"), inner.variables);
      return;
    }
    // A later file wins over an earlier one, but not over what is set outside.
    const auto texts = text_values_of(*files);
    for (const auto& file : std::views::reverse(texts)) {
      if (!files_.read_env(scope.path_of(file->text), inner.variables))
        model_.fail(file->place, fmt::format("{} is not there", file->text));
    }
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

  ComposeModel& model_;
  ComposeFiles files_;
  ComposeExtends extends_;
  size_t scopes_ = 0;
};

}  // namespace

void ComposeModel::fail(Place place, std::string message, std::string remedy) {
  constexpr size_t kMost = 1000;
  // One fault is told where it is found first.
  const auto is_here = [&](const text::Failure& failure) {
    return failure.line == place.line && failure.column == place.column && failure.path == path_of(place);
  };
  if (failures.size() < kMost && std::ranges::none_of(failures, is_here))
    failures.push_back(yaml::failure_at(path_of(place), place, std::move(message), std::move(remedy)));
}

bool ComposeModel::has_failed(const Value& value) {
  if (failed.empty() && required.empty()) return false;
  if (const auto found = required.find(value.place); found != required.end() && value.is_text()) {
    fail(value.place, found->second);
    failed.insert(value.place);
    required.erase(found);
  }
  bool has = failed.contains(value.place);
  for (const Value& item : value.items)
    has = has_failed(item) || has;
  for (const Member& member : value.members)
    has = has_failed(member.value) || has;
  return has;
}

ComposeModel read_compose_model(const std::vector<std::string>& paths, const std::string& folder,
                                const ReadOptions& options) {
  ComposeModel model;
  Loader loader(model, options);
  const auto home = options.environment.find("HOME");
  ComposeScope scope{
      0, folder, home == options.environment.end() ? "" : home->second, options.environment, {}};
  for (const std::string& file : options.env_files.value_or(std::vector{text::join_path(folder, ".env")}))
    loader.read_env(file, scope.variables);
  model.services = loader.load(paths, scope, ".", nullptr);
  model.variables = std::move(scope.variables);
  if (model.name.empty()) model.name = project_name_of(options.files->real_path(folder));
  return model;
}

}  // namespace dcache::project
