#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/readers.h"
#include "dcache/project/skaffold_artifact.h"
#include "dcache/project/skaffold_config.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Value;

// Files that require each other, and configurations that are looked at.
constexpr size_t kDeepestSkaffoldFile = 100;
constexpr size_t kMostVisits = 10'000;

// A file that is to be read, and what of it.
struct Visit {
  std::string path;                     // from where files are read
  std::string outside;                  // its folder, from that of the project's file
  std::vector<std::string> names = {};  // of configurations; all if there are none
  std::vector<std::string> profiles = {};
  size_t depth = 0;
};

class SkaffoldReader {
 public:
  SkaffoldReader(const std::string& path, const ReadOptions& options)
      : folder_(text::parent_path(path)), options_(options) {
    model_.variables = options.environment;
    read_environment();
    visit({path, ".", {}, options.profiles, 0});
    look_for_profiles(path);
    check_needs();
    note_skipped_needs();
    defined_.failures = std::move(model_.failures);
  }

  Definitions take() { return std::move(defined_); }

 private:
  using Configs = std::vector<SkaffoldConfig>;

  // skaffold.env, next to the file: the environment wins.
  void read_environment() {
    const std::string path = text::join_path(folder_, "skaffold.env");
    if (!options_.files->exists(path)) return;
    const auto text = options_.files->read(path);
    if (!text || text->size() > options_.largest_file) return;
    Variables found;
    const Lookup none = [](std::string_view) { return std::nullopt; };
    read_dotenv(*text, path, none, found, model_.failures);
    model_.variables.merge(found);
  }

  const Configs& configs_of(const std::string& path) {
    auto& known = configs_[path];
    if (known) return *known;
    known = std::make_unique<Configs>(read_skaffold_file(path, options_, model_));
    for (const SkaffoldConfig& config : *known)
      add_profile_names(config.root);
    return *known;
  }

  void visit(const Visit& visit) {
    const Configs& configs = configs_of(visit.path);
    for (size_t i = 0; i < configs.size(); ++i) {
      if (++visits_ > kMostVisits) return;
      const bool chosen =
          visit.names.empty() || std::ranges::find(visit.names, configs[i].name) != visit.names.end();
      if (chosen) read_config(configs[i], i, visit);
    }
  }

  void add_profile_names(const Value& root) {
    const Value* const profiles = root.find("profiles");
    if (profiles == nullptr) return;
    for (const Value& profile : profiles->items)
      known_profiles_.insert(skaffold_text(profile, "name"));
  }

  void read_config(const SkaffoldConfig& original, size_t index, const Visit& visit) {
    check_name(original, visit.path);
    const std::vector<std::string> active = active_skaffold_profiles(original, visit.profiles, model_);
    std::vector<std::string> profiles = active;
    std::ranges::sort(profiles);
    const auto [applied, is_first] = applied_.emplace(std::pair(visit.path, index), profiles);
    if (!is_first) {
      if (applied->second != profiles)
        model_.fail(original.root.place,
                    fmt::format("the configuration '{}' is required with different profiles", original.name),
                    "require it with the same ones");
      return;
    }
    SkaffoldConfig config = original;
    apply_skaffold_profiles(config, active, model_);
    if (const Value* const required = config.root.find("requires")) {
      for (const Value& dependency : required->items)
        visit_dependency(dependency, profiles, visit);
    }
    read_artifacts(config.root, visit);
  }

  void check_name(const SkaffoldConfig& config, const std::string& path) {
    if (config.name.empty()) return;
    const auto [known, is_new] = names_.emplace(config.name, path);
    if (!is_new && known->second != path)
      model_.fail(config.root.place,
                  fmt::format("{} has a configuration '{}' too", known->second, config.name), "rename one");
  }

  void visit_dependency(const Value& dependency, const std::vector<std::string>& profiles,
                        const Visit& from) {
    if (skip_remote(dependency)) return;
    Visit next{from.path, from.outside, skaffold_texts(dependency.find("configs")),
               active_profiles(dependency, profiles), from.depth + 1};
    if (next.depth > kDeepestSkaffoldFile) {
      model_.fail(dependency.place, "files require each other too deep");
      return;
    }
    std::string path = skaffold_text(dependency, "path");
    if (path.find("://") != std::string::npos) {
      skip(dependency, path);
      return;
    }
    if (!path.empty()) {
      const std::string here = text::join_path(from.outside, path);
      const auto from_folder = [this](const std::string& to) {
        return text::is_absolute(to) ? to : text::join_path(folder_, to);
      };
      std::string file = text::is_absolute(path) ? text::clean_path(path) : here;
      if (!is_file(from_folder(file))) file = text::join_path(file, "skaffold.yaml");
      next.path = from_folder(file);
      next.outside = text::parent_path(file);
      if (!options_.files->exists(next.path)) {
        model_.fail(dependency.place, fmt::format("{} is not there", next.path),
                    "correct the path of 'requires'");
        return;
      }
    }
    visit(next);
  }

  bool is_file(const std::string& path) const {
    return options_.files->exists(path) && options_.files->list(path).empty() &&
           options_.files->read(path).has_value();
  }

  bool skip_remote(const Value& dependency) {
    for (const char* const kind : {"git", "googleCloudBuildRepoV2", "googleCloudStorage"}) {
      const Value* const remote = dependency.find(kind);
      if (remote == nullptr || remote->is_null()) continue;
      std::string name = skaffold_text(*remote, "repo");
      if (name.empty()) name = skaffold_text(*remote, "source");
      skip(dependency, name.empty() ? kind : std::move(name));
      return true;
    }
    return false;
  }

  void skip(const Value& dependency, std::string name) {
    has_remote_ = true;
    Origin origin{DefinitionKind::kSkaffold, model_.path_of(dependency.place), dependency.place.line};
    defined_.skipped.push_back(
        {std::move(name), "a configuration outside of this repository", std::move(origin)});
  }

  static std::vector<std::string> active_profiles(const Value& dependency,
                                                  const std::vector<std::string>& profiles) {
    std::vector<std::string> active;
    const Value* const list = dependency.find("activeProfiles");
    if (list == nullptr) return active;
    for (const Value& item : list->items) {
      const std::vector<std::string> by = skaffold_texts(item.find("activatedBy"));
      const bool activated = by.empty() || std::ranges::any_of(profiles, [&](const std::string& profile) {
                               return std::ranges::find(by, profile) != by.end();
                             });
      if (activated) active.push_back(skaffold_text(item, "name"));
    }
    return active;
  }

  void read_artifacts(const Value& root, const Visit& visit) {
    const Value* const build = root.find("build");
    if (build == nullptr || build->is_null()) return;
    const Value* const artifacts = build->find("artifacts");
    if (!build->is_map() || (artifacts != nullptr && !artifacts->is_list() && !artifacts->is_null())) {
      model_.fail(build->place, "'build' has no list of 'artifacts'",
                  "write '- image: NAME' below 'artifacts'");
      return;
    }
    if (artifacts == nullptr) return;
    const Value* const cluster = build->find("cluster");
    const SkaffoldPlace place{folder_, visit.outside, cluster != nullptr && !cluster->is_null(),
                              skaffold_texts(build->find("platforms"))};
    for (const Value& item : artifacts->items) {
      SkaffoldArtifact artifact = read_skaffold_artifact(item, place, options_, model_);
      const std::string image = skaffold_text(item, "image");
      if (!image.empty() && !images_.emplace(image, item.place).second) {
        model_.fail(item.place, fmt::format("two artifacts have the image '{}'", image),
                    "rename one of them");
        continue;
      }
      if (artifact.target) defined_.targets.push_back(*std::move(artifact.target));
      if (artifact.skipped) defined_.skipped.push_back(*std::move(artifact.skipped));
    }
  }

  // A configuration that can't be read here may have any.
  void look_for_profiles(const std::string& path) {
    std::set<std::string>& lacked = defined_.lacked_profiles[path];
    for (std::string_view name : options_.profiles) {
      if (name.starts_with('-')) name.remove_prefix(1);
      if (!has_remote_ && !known_profiles_.contains(name)) lacked.emplace(name);
    }
  }

  // What another builder makes may change in ways that nobody here sees.
  void note_skipped_needs() {
    for (Target& target : defined_.targets) {
      for (const auto& [argument, need] : target.image_args) {
        const auto skipped = std::ranges::find(defined_.skipped, need, &SkippedBuild::name);
        if (skipped != defined_.skipped.end())
          target.unknown.push_back({"requires", fmt::format("is {}, which is {}", need, skipped->reason)});
      }
    }
  }

  void add_missing_need(const std::string& target, const std::string& need) {
    const yaml::Place place = images_.find(target)->second;
    defined_.missing_needs.push_back(
        {target,
         yaml::failure_at(model_.path_of(place), place,
                          fmt::format("the image '{}' requires '{}', which is not an artifact", target, need),
                          "add an artifact with this image")});
  }

  // Images that are needed have to be built here, and not need themselves.
  void check_needs() {
    std::map<std::string_view, size_t> open;
    std::map<std::string_view, std::vector<std::string_view>> users;
    for (const Target& target : defined_.targets)
      open[target.name] = 0;
    for (const Target& target : defined_.targets) {
      for (const std::string& need : target.needs) {
        if (!images_.contains(need)) add_missing_need(target.name, need);
        if (!open.contains(need)) continue;
        ++open[target.name];
        users[need].push_back(target.name);
      }
    }
    std::vector<std::string_view> ready;
    for (const auto& [name, count] : open) {
      if (count == 0) ready.push_back(name);
    }
    while (!ready.empty()) {
      const std::string_view name = ready.back();
      ready.pop_back();
      for (const std::string_view user : users[name]) {
        if (--open[user] == 0) ready.push_back(user);
      }
    }
    std::set<std::string, std::less<>> cyclic;
    for (const auto& [name, count] : open) {
      if (count > 0) cyclic.insert(std::string(name));
    }
    std::erase_if(defined_.targets, [&](const Target& target) {
      if (!cyclic.contains(target.name)) return false;
      model_.fail(images_.at(target.name),
                  fmt::format("the image '{}' requires itself, or one that does", target.name),
                  "remove one 'requires'");
      return true;
    });
  }

  std::string folder_;
  const ReadOptions& options_;
  SkaffoldModel model_;
  Definitions defined_;
  std::map<std::string, std::unique_ptr<Configs>> configs_;                     // by path
  std::map<std::pair<std::string, size_t>, std::vector<std::string>> applied_;  // profiles, by configuration
  std::map<std::string, std::string> names_;                                    // paths, by configuration
  std::map<std::string, yaml::Place, std::less<>> images_;
  std::set<std::string, std::less<>> known_profiles_;
  bool has_remote_ = false;  // a configuration of another repository is required
  size_t visits_ = 0;
};

}  // namespace

Definitions read_skaffold(const std::string& path, const ReadOptions& options) {
  return SkaffoldReader(path, options).take();
}

}  // namespace dcache::project
