#include "dcache/project/skaffold_config.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Member;
using yaml::Value;

constexpr std::string_view kPrefix = "skaffold/";

// The lines of versions, in their order, and how many there are of each.
struct Line {
  std::string_view name;
  int versions;  // 0 for the one without a number
};
constexpr std::array<Line, 8> kSchemaLines = {{{"v1alpha", 5},
                                               {"v1beta", 17},
                                               {"v1", 0},
                                               {"v2alpha", 4},
                                               {"v2beta", 29},
                                               {"v3alpha", 1},
                                               {"v3", 0},
                                               {"v4beta", 14}}};

// A number that orders versions; nothing for an unknown one.
std::optional<int> order_of(std::string_view version) {
  int order = 0;
  for (const Line& line : kSchemaLines) {
    for (int number = 1; number <= std::max(line.versions, 1); ++number, ++order) {
      const std::string name =
          line.versions == 0 ? std::string(line.name) : fmt::format("{}{}", line.name, number);
      if (version == name) return order;
    }
  }
  return std::nullopt;
}

void rename(Value& map, std::string_view from, const char* to) {
  for (Member& member : map.members) {
    if (member.name == from) member.name = to;
  }
}

// Moves a member of an artifact into its `docker`.
void move_into_docker(Value& artifact, std::string_view name) {
  const auto found = std::ranges::find(artifact.members, name, &Member::name);
  if (found == artifact.members.end()) return;
  Member moved = std::move(*found);
  artifact.members.erase(found);
  if (artifact.find("docker") == nullptr) {
    Value docker{Kind::kMap, moved.place, {}, {}, {}, {}};
    artifact.members.push_back({"docker", Kind::kText, moved.place, std::move(docker)});
  }
  artifact.find("docker")->members.push_back(std::move(moved));
}

// `plugin: {name: docker, properties: …}` was another way to write `docker: …`.
void replace_plugin(Value& artifact) {
  const Value* const plugin = artifact.find("plugin");
  const Value* const name = plugin == nullptr ? nullptr : plugin->find("name");
  if (name == nullptr || !name->is_text()) return;
  const Value* const properties = plugin->find("properties");
  Value value = properties != nullptr ? *properties : Value{Kind::kMap, plugin->place, {}, {}, {}, {}};
  Member replaced{name->text, Kind::kText, plugin->place, std::move(value)};
  artifact.erase("plugin");
  artifact.members.push_back(std::move(replaced));
}

void renew_artifact(Value& artifact, int order) {
  if (order <= *order_of("v1alpha3")) {
    rename(artifact, "imageName", "image");
    rename(artifact, "workspace", "context");
    if (order == *order_of("v1alpha1")) {
      move_into_docker(artifact, "dockerfilePath");
      move_into_docker(artifact, "buildArgs");
    }
    if (Value* const docker = artifact.find("docker")) rename(*docker, "dockerfilePath", "dockerfile");
  }
  if (order < *order_of("v1beta14")) {
    rename(artifact, "jibMaven", "jib");
    rename(artifact, "jibGradle", "jib");
  }
  if (order < *order_of("v1beta9")) replace_plugin(artifact);
  if (order < *order_of("v3")) rename(artifact, "buildpack", "buildpacks");
}

// Brings `build` of a configuration or a profile to the newest schema.
void renew_build(Value* build, int order) {
  if (build == nullptr) return;
  Value* const artifacts = build->find("artifacts");
  const Value* const kaniko = build->find("kaniko");
  const bool all_by_kaniko = kaniko != nullptr && !kaniko->is_null() && order < *order_of("v1beta9");
  if (artifacts != nullptr) {
    for (Value& artifact : artifacts->items) {
      renew_artifact(artifact, order);
      if (all_by_kaniko && artifact.is_map() && artifact.find("kaniko") == nullptr)
        artifact.members.push_back(
            {"kaniko", Kind::kText, kaniko->place, {Kind::kMap, kaniko->place, {}, {}, {}, {}}});
    }
  }
  if (all_by_kaniko) rename(*build, "kaniko", "cluster");
}

void renew(Value& root, int order) {
  renew_build(root.find("build"), order);
  const Value* const profiles = root.find("profiles");
  if (profiles == nullptr) return;
  for (Value& profile : root.find("profiles")->items)
    renew_build(profile.find("build"), order);
}

void read_document(Value root, SkaffoldModel& model, std::vector<SkaffoldConfig>& configs) {
  const Value* const version = root.find("apiVersion");
  if (version == nullptr || !version->is_text()) {
    model.fail(root.place, "'apiVersion' is missing", "write 'apiVersion: skaffold/v4beta13'");
    return;
  }
  const std::string_view text = version->text;
  const auto order = text.starts_with(kPrefix) ? order_of(text.substr(kPrefix.size())) : std::nullopt;
  if (!order) {
    model.fail(version->place, fmt::format("unknown version '{}' of skaffold.yaml", text),
               "see https://skaffold.dev/docs/references/yaml/");
    if (!text.starts_with(kPrefix)) return;
  }
  SkaffoldConfig config;
  if (const Value* const metadata = root.find("metadata")) {
    const Value* const name = metadata->find("name");
    if (name != nullptr && name->is_scalar()) config.name = yaml::printed(*name);
  }
  const bool taken =
      !config.name.empty() && std::ranges::find(configs, config.name, &SkaffoldConfig::name) != configs.end();
  if (taken)
    model.fail(root.place, fmt::format("two configurations are called '{}'", config.name), "rename one");
  renew(root, order.value_or(*order_of("v4beta14")));
  config.root = std::move(root);
  configs.push_back(std::move(config));
}

}  // namespace

void SkaffoldModel::fail(yaml::Place place, std::string message, std::string remedy) {
  constexpr size_t kMost = 1000;
  if (failures.size() < kMost)
    failures.push_back(yaml::failure_at(path_of(place), place, std::move(message), std::move(remedy)));
}

std::vector<SkaffoldConfig> read_skaffold_file(const std::string& path, const ReadOptions& options,
                                               SkaffoldModel& model) {
  constexpr size_t kMost = 1000;
  std::vector<SkaffoldConfig> configs;
  const auto text = options.files->read(path);
  if (!text || text->size() > options.largest_file) {
    model.failures.push_back({path, 0, 0, text ? fmt::format("{} is too large", path) : text.error(), {}});
    return configs;
  }
  const auto file = static_cast<uint32_t>(model.files.size());
  model.files.push_back(path);
  yaml::Documents documents = yaml::parse(*text, path, file);
  std::ranges::move(documents.failures, std::back_inserter(model.failures));
  for (Value& root : documents.values) {
    if (root.is_null()) continue;
    if (configs.size() >= kMost) {
      model.fail(root.place, "the file has too many configurations");
      break;
    }
    if (root.is_map()) {
      read_document(std::move(root), model, configs);
    } else {
      model.fail(root.place, "this is not a configuration of Skaffold",
                 "write 'apiVersion: skaffold/v4beta13'");
    }
  }
  return configs;
}

std::string skaffold_text(const Value& map, std::string_view name) {
  const Value* const found = map.find(name);
  return found != nullptr && found->is_scalar() ? yaml::printed(*found) : std::string();
}

std::vector<std::string> skaffold_texts(const Value* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  for (const Value& item : list->items) {
    if (item.is_scalar()) texts.push_back(yaml::printed(item));
  }
  return texts;
}

}  // namespace dcache::project
