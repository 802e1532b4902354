#include "rules/old_builders.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/text/path.h"

namespace dcache::rules {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The builder that a file of a CI service or of Skaffold uses, if it is an old one.
// Source: https://cloud.google.com/build/docs/build-config-file-schema, https://skaffold.dev/docs/builders/
std::string_view builder_in(std::string_view name, std::string_view text) {
  const bool is_cloud_build = name.starts_with("cloudbuild");
  const bool is_skaffold = name.starts_with("skaffold");
  if (has(text, "kaniko")) return "kaniko";
  const bool uses_docker =
      is_cloud_build ? has(text, "cloud-builders/docker") : is_skaffold && has(text, "googleCloudBuild");
  return uses_docker && !has(text, "DOCKER_BUILDKIT=1") && !has(text, "buildx") ? "Docker's classic builder"
                                                                                : std::string_view();
}

bool may_name_builder(std::string_view name) {
  constexpr std::string_view kNames[] = {".gitlab-ci.yml",     ".gitlab-ci.yaml", "Jenkinsfile",
                                         ".drone.yml",         ".woodpecker.yml", "bitbucket-pipelines.yml",
                                         "azure-pipelines.yml"};
  const bool is_yaml = name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
  return std::ranges::find(kNames, name) != std::end(kNames) ||
         (is_yaml && (name.starts_with("cloudbuild") || name.starts_with("skaffold")));
}

// In a folder; empty for none.
std::string old_builder_in(const context::FileSystem& files, const std::string& folder) {
  for (const context::FolderEntry& listed : files.list(folder)) {
    if (listed.is_folder || !may_name_builder(listed.name)) continue;
    const auto text = files.read(text::join_path(folder, listed.name));
    const std::string_view builder = text ? builder_in(listed.name, *text) : std::string_view();
    if (!builder.empty()) return fmt::format("{} ({})", builder, listed.name);
  }
  return {};
}

std::string find_old_builder(const lint::BuildContext& context) {
  constexpr int kMostLevels = 8;
  const context::FileSystem& files = *context.file_system;
  std::string folder = files.real_path(context.folder);
  for (int level = 0; level < kMostLevels; ++level) {
    if (std::string found = old_builder_in(files, folder); !found.empty()) return found;
    if (folder.size() <= 1 || files.exists(text::join_path(folder, ".git"))) break;
    folder = std::string(text::parent_path(folder));
  }
  return {};
}

// Whether a step has what only BuildKit builds.
bool needs_buildkit(lint::Dockerfile& dockerfile) {
  return std::ranges::any_of(dockerfile.file().instructions(), [](const dockerfile::Instruction& one) {
    return one.find_flag("mount") != nullptr || one.find_flag("link") != nullptr;
  });
}

}  // namespace

std::string old_builder_of(lint::Dockerfile& dockerfile) {
  const lint::BuildContext* const context = dockerfile.build_context();
  if (context == nullptr) return {};
  struct NeedsBuildkit {
    bool value;
  };
  const auto needs = [&] { return NeedsBuildkit{needs_buildkit(dockerfile)}; };
  if (dockerfile.shared<NeedsBuildkit>(needs).value) return {};
  struct OldBuilder {
    std::string builder;
  };
  return context->shared<OldBuilder>([&] { return OldBuilder{find_old_builder(*context)}; }).builder;
}

}  // namespace dcache::rules
