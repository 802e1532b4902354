#include "dcache/project/skaffold_artifact.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/cache_entry.h"
#include "dcache/project/go_template.h"
#include "dcache/project/once.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

// An artifact has one of them; without any it is built by docker.
constexpr std::array<std::string_view, 7> kBuilders = {"docker", "bazel",      "ko",    "jib",
                                                       "kaniko", "buildpacks", "custom"};
constexpr std::array<std::string_view, 7> kArtifactKeys = {"image", "context",   "sync",       "requires",
                                                           "hooks", "platforms", "runtimeType"};
constexpr std::array<std::string_view, 14> kDockerKeys = {
    "dockerfile", "target",  "buildArgs", "network", "addHost", "cacheFrom", "cliFlags",
    "pullParent", "noCache", "squash",    "secrets", "ssh",     "secret",    "dependencies"};

// Of a name that others are compared with.
constexpr size_t kLongestArtifactKey = 40;

// "A=1" as a pair.
std::pair<std::string, std::optional<std::string>> pair_of(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {text, std::nullopt};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

class ArtifactReader {
 public:
  ArtifactReader(const Value& artifact, const SkaffoldPlace& place, const ReadOptions& options,
                 SkaffoldModel& model)
      : artifact_(artifact), place_(place), options_(options), model_(model) {}

  SkaffoldArtifact read() {
    if (!artifact_.is_map() || skaffold_text(artifact_, "image").empty()) {
      model_.fail(artifact_.place, "the artifact has no 'image'", "write the name of its image");
      return {};
    }
    check_keys(
        artifact_,
        [](std::string_view key) {
          return std::ranges::find(kBuilders, key) != kBuilders.end() ||
                 std::ranges::find(kArtifactKeys, key) != kArtifactKeys.end();
        },
        kArtifactKeys);
    Origin origin{DefinitionKind::kSkaffold, model_.path_of(artifact_.place), artifact_.place.line};
    const std::string_view builder = builder_of();
    SkaffoldArtifact read;
    if (builder != "docker") {
      read.skipped = SkippedBuild{skaffold_text(artifact_, "image"), fmt::format("built by {}", builder),
                                  std::move(origin)};
      return read;
    }
    target_.defined.push_back(std::move(origin));
    read_target();
    read.target = std::move(target_);
    return read;
  }

 private:
  // An empty `docker:` is the same as none.
  std::string_view builder_of() const {
    for (const std::string_view builder : kBuilders) {
      const Value* const found = artifact_.find(builder);
      if (found != nullptr && !found->is_null()) return builder;
    }
    return place_.in_cluster ? "kaniko" : "docker";
  }

  template <typename Known>
  void check_keys(const Value& map, const Known& is_known, std::span<const std::string_view> names) {
    for (const Member& member : map.members) {
      if (!is_known(member.name))
        model_.fail(member.place, fmt::format("unknown key '{}'", member.name),
                    text::did_you_mean(std::string_view(member.name).substr(0, kLongestArtifactKey), names,
                                       "remove it"));
    }
  }

  void read_target() {
    target_.name = skaffold_text(artifact_, "image");
    target_.references = {target_.name};
    target_.folder = place_.folder;
    const std::string context = skaffold_text(artifact_, "context");
    target_.context =
        text::is_absolute(context) ? text::clean_path(context) : text::join_path(place_.outside, context);
    const Value empty{Kind::kMap, artifact_.place, {}, {}, {}, {}};
    const Value* const docker = artifact_.find("docker");
    read_docker(docker != nullptr && docker->is_map() ? *docker : empty);
    if (docker != nullptr && !docker->is_map() && !docker->is_null())
      model_.fail(docker->place, "'docker' is not a map", "write 'dockerfile' and others below it");
    target_.platforms = skaffold_texts(artifact_.find("platforms"));
    if (target_.platforms.empty()) target_.platforms = place_.platforms;
    if (target_.platforms.empty() && !flag_platform_.empty()) target_.platforms = {flag_platform_};
    read_requires();
    for (auto* const list : {&target_.cache_from, &target_.cache_to, &target_.no_cache_filter})
      each_once(*list);
  }

  void read_docker(const Value& docker) {
    check_keys(
        docker, [](std::string_view key) { return std::ranges::find(kDockerKeys, key) != kDockerKeys.end(); },
        kDockerKeys);
    if (std::string file = skaffold_text(docker, "dockerfile"); !file.empty())
      target_.dockerfile = std::move(file);
    find_dockerfile();
    read_args(docker.find("buildArgs"));
    for (const std::string& host : skaffold_texts(docker.find("addHost")))
      target_.run.add_hosts.push_back(host);
    if (const Value* const caches = docker.find("cacheFrom")) {
      for (const Value& cache : caches->items)
        add_cache(yaml::printed(cache), cache.place, target_.cache_from);
    }
    read_flags(docker.find("cliFlags"));
    // Docker is given these after the flags, and takes the last of each.
    if (std::string stage = skaffold_text(docker, "target"); !stage.empty())
      target_.target = std::move(stage);
    if (const std::string network = skaffold_text(docker, "network"); !network.empty()) set_network(network);
    if (const Value* const no_cache = docker.find("noCache"); no_cache != nullptr && yaml::is_true(*no_cache))
      target_.no_cache = true;
  }

  // A Dockerfile that is not in the context is looked for from the project's folder.
  void find_dockerfile() {
    if (text::is_absolute(target_.dockerfile) || text::is_absolute(target_.context)) return;
    const auto exists = [&](const std::string& path) {
      return options_.files->exists(text::join_path(target_.folder, path));
    };
    const std::string outside = text::clean_path(target_.dockerfile);
    if (exists(text::join_path(target_.context, target_.dockerfile)) || !exists(outside)) return;
    const std::string context = text::clean_path(target_.context);
    if (context == "." || context.starts_with("..")) return;
    std::string up = "../";
    for (const char c : context)
      up += c == '/' ? "../" : "";
    target_.dockerfile = text::join_path(up, outside);
  }

  void read_args(const Value* args) {
    if (args == nullptr || args->is_null()) return;
    if (!args->is_map()) {
      model_.fail(args->place, "'buildArgs' is not a map", "write NAME: VALUE below it");
      return;
    }
    for (const Member& arg : args->members) {
      if (arg.value.is_list() || arg.value.is_map()) {
        model_.fail(arg.value.place, fmt::format("the build argument '{}' is not text", arg.name));
      } else {
        set_arg(arg.name, arg.value.is_null() ? std::nullopt : std::optional(printed_arg(arg.value)));
      }
    }
  }

  // Skaffold writes the file again before it reads it: dates get a time.
  static std::string printed_arg(const Value& value) {
    constexpr size_t kDate = std::string_view("2001-12-14").size();
    const bool date = value.kind == Kind::kTime && value.text.size() <= kDate;
    return yaml::printed(value) + (date ? "T00:00:00Z" : "");
  }

  // Without a value it is that of the environment.
  void set_arg(const std::string& name, const std::optional<std::string>& value) {
    target_.args.erase(name);
    if (!value) {
      if (auto outer = variable(name)) target_.args[name] = *std::move(outer);
      return;
    }
    if (auto text = evaluated("args." + name, *value)) target_.args[name] = *std::move(text);
  }

  std::optional<std::string> variable(std::string_view name) const {
    const auto found = model_.variables.find(name);
    return found == model_.variables.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<std::string> evaluated(const std::string& what, const std::string& text) {
    // Skaffold sets these from the tag of the image.
    const Lookup lookup = [this](std::string_view name) -> std::optional<std::string> {
      if (name == "IMAGE_REPO" || name == "IMAGE_NAME" || name == "IMAGE_TAG") return std::nullopt;
      return variable(name);
    };
    auto result = evaluate_go_template(text, lookup);
    // The tag is another one for each commit, and what is in the environment is up to CI.
    if (!result) target_.unknown.push_back({what, "is " + text, what.starts_with("args.")});
    return result;
  }

  void add_cache(const std::string& text, yaml::Place place, std::vector<std::string>& caches) {
    const auto entries = cache_entries_of(text);
    if (!entries) {
      model_.fail(place, entries.error());
      return;
    }
    caches.insert(caches.end(), entries->begin(), entries->end());
  }

  // BuildKit knows none and host; the others mean a network of Docker's own.
  void set_network(const std::string& network) {
    const std::string name = text::to_lower(network);
    target_.run.network = name == "default" || name == "bridge" ? "" : name;
  }

  // Options of `docker build`, each as one text or as two.
  void read_flags(const Value* flags) {
    if (flags == nullptr) return;
    for (size_t i = 0; i < flags->items.size(); ++i) {
      const Value& item = flags->items[i];
      const auto text = evaluated("cliFlags", yaml::printed(item));
      if (!text) continue;
      auto [name, value] = pair_of(*text);
      if (read_switch(name, value)) continue;
      if (!value) {
        if (i + 1 >= flags->items.size()) return;
        value = evaluated("cliFlags", yaml::printed(flags->items[++i]));
      }
      if (value) read_flag(name, *value, item.place);
    }
  }

  // One without a value: what follows is another.
  bool read_switch(const std::string& name, const std::optional<std::string>& value) {
    constexpr std::array<std::string_view, 10> kSwitches = {
        "--no-cache", "--pull",     "--squash",   "--quiet", "-q",
        "--rm",       "--force-rm", "--compress", "--load",  "--push"};
    if (!name.starts_with('-')) return true;
    if (std::ranges::find(kSwitches, name) == kSwitches.end()) return false;
    if (name == "--no-cache") target_.no_cache = value.value_or("true") == "true";
    if (name == "--pull") target_.pull = value.value_or("true") == "true";
    return true;
  }

  void read_flag(const std::string& name, const std::string& value, yaml::Place place) {
    plan::RunOptions& run = target_.run;
    if (name == "--build-arg") {
      const auto [arg, text] = pair_of(value);
      target_.args.erase(arg);
      auto known = text ? text : variable(arg);
      if (known) target_.args[arg] = *std::move(known);
    } else if (name == "--build-context") {
      const auto [context, path] = pair_of(value);
      if (path) target_.contexts[context] = *path;
    } else if (name == "--label") {
      const auto [label, text] = pair_of(value);
      target_.labels[label] = text.value_or("");
    } else if (name == "--annotation") {
      target_.annotations.push_back(value);
    } else if (name == "--target") {
      target_.target = value;
    } else if (name == "--platform") {
      flag_platform_ = value;
    } else if (name == "--network") {
      set_network(value);
    } else if (name == "--add-host") {
      run.add_hosts.push_back(value);
    } else if (name == "--ulimit") {
      run.ulimits.push_back(value);
    } else if (name == "--shm-size") {
      run.shm_size = value;
    } else if (name == "--cgroup-parent") {
      run.cgroup_parent = value;
    } else if (name == "--no-cache-filter") {
      target_.no_cache_filter.push_back(value);
    } else if (name == "--cache-from" || name == "--cache-to") {
      add_cache(value, place, name == "--cache-from" ? target_.cache_from : target_.cache_to);
    } else if (name == "--secret") {
      target_.secrets.push_back(value);
    } else if (name == "--ssh") {
      target_.ssh.push_back(value);
    }
  }

  // The reference of another image is a build argument, called like the image if it has no alias.
  void read_requires() {
    const Value* const list = artifact_.find("requires");
    if (list == nullptr) return;
    for (const Value& item : list->items) {
      const std::string image = skaffold_text(item, "image");
      if (image.empty()) {
        model_.fail(item.place, "'requires' names no image", "write 'image: NAME'");
        continue;
      }
      std::string alias = skaffold_text(item, "alias");
      if (alias.empty()) alias = image;
      target_.needs.push_back(image);
      if (!target_.args.contains(alias)) target_.image_args[alias] = image;
    }
    std::ranges::sort(target_.needs);
    each_once(target_.needs);
  }

  static void each_once(std::vector<std::string>& texts) { add_once(texts, std::exchange(texts, {})); }

  const Value& artifact_;
  const SkaffoldPlace& place_;
  const ReadOptions& options_;
  SkaffoldModel& model_;
  Target target_;
  std::string flag_platform_;
};

}  // namespace

SkaffoldArtifact read_skaffold_artifact(const Value& artifact, const SkaffoldPlace& place,
                                        const ReadOptions& options, SkaffoldModel& model) {
  return ArtifactReader(artifact, place, options, model).read();
}

}  // namespace dcache::project
