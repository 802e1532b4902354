#include "rules/old_builders.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/project/skaffold_config.h"
#include "dcache/project/yaml.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "rules/project_files.h"

namespace dcache::rules {
namespace {

using project::yaml::Value;

// What builds images and knows less than BuildKit.
enum class OldBuilder : uint8_t {
  kNone,
  kClassic,    // Docker's own of before BuildKit, by whatever it is started
  kKaniko,     // ignores what it does not know
  kOwnMounts,  // BuildKit, but mounts need an id that only the service knows
};

// One that a file of the project names.
struct NamedBuilder {
  OldBuilder kind = OldBuilder::kNone;
  std::string_view name = {};  // in words
  enum class Scope : uint8_t {
    kProject,      // all of it, except the folders of other Dockerfiles
    kFolder,       // what is in the folder of the file
    kDockerfiles,  // those below
  };
  Scope scope = Scope::kProject;
  std::vector<std::string> dockerfiles = {};
};

using Scope = NamedBuilder::Scope;

constexpr std::string_view kClassicName = "Docker's classic builder";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_comment(std::string_view line) {
  line = text::trim_left(line);
  return line.starts_with('#') || line.starts_with("//") || line.starts_with("REM ");
}

// The line at a place of a text and the one after it.
std::string_view two_lines_at(std::string_view text, size_t at) {
  const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::string_view from = text.substr(begin);
  const size_t end = from.find('\n');
  return end == std::string_view::npos ? from : from.substr(0, from.find('\n', end + 1));
}

// Whether a line that is not a comment contains `part`, and `holds` is true of it from there on, with all
// lines that a backslash continues, or with the next one.
template <typename Holds>
bool any_line(std::string_view text, std::string_view part, const Holds& holds) {
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) {
    const std::string_view continued = line_at(text, at), two = two_lines_at(text, at);
    if (is_comment(two)) continue;
    if (holds(continued.size() > two.size() ? continued : two)) return true;
  }
  return false;
}

bool matches(std::string_view text, const RE2& pattern) {
  return RE2::PartialMatch(text::piece(text), pattern);
}

// `DOCKER_BUILDKIT: "0"`, `export DOCKER_BUILDKIT := 0`, `${DOCKER_BUILDKIT:-0}`; Azure has `name` and
// `value`.
bool switches_buildkit_off(std::string_view text) {
  static const RE2 kOff(
      R"(DOCKER_BUILDKIT(?:["'\]]{0,2}\s*[:?]?[:=-]\s*["']?|["']?\s*\n\s*value:\s*["']?)(?i:0|false)\b)");
  return any_line(text, "DOCKER_BUILDKIT", [](std::string_view lines) { return matches(lines, kOff); });
}

bool switches_buildkit_on(std::string_view text) {
  static const RE2 kOn(R"(DOCKER_BUILDKIT["'\]]{0,2}\s*[:?]?[:=-]\s*["']?(?i:1|true)\b)");
  return matches(text, kOn);
}

// `docker build`, and Compose, which may build; not `docker buildx build`.
bool builds_with_docker(std::string_view text) {
  static const RE2 kBuild(R"(\bdocker(?:-compose)?(?:\s+(?:compose|image))?\s+(?:build|up)\b)");
  return matches(text, kBuild);
}

// A job in an image of Docker before 23.0, or on such a daemon of CircleCI.
bool has_old_docker(std::string_view text) {
  static const RE2 kImage(R"((?:^|[\s"'/\[])docker:(?:1\d|2[0-2])(?:[.\-"'\s\],]|$))");
  static const RE2 kRemote(R"(setup_remote_docker:\s*\n\s*version:\s*["']?(?:docker)?(?:1\d|2[0-2])\b)");
  const bool old =
      any_line(text, "docker:1", [](std::string_view lines) { return matches(lines, kImage); }) ||
      any_line(text, "docker:2", [](std::string_view lines) { return matches(lines, kImage); }) ||
      matches(text, kRemote);
  return old && builds_with_docker(text) && !switches_buildkit_on(text);
}

// Texts of a list, or the only one.
std::vector<std::string_view> texts_of(const Value* value) {
  std::vector<std::string_view> texts;
  if (value == nullptr) return texts;
  if (value->is_scalar()) texts.push_back(value->text);
  for (const Value& item : value->items)
    texts.push_back(item.text);
  return texts;
}

bool any_has(std::span<const std::string_view> texts, std::string_view part) {
  return std::ranges::any_of(texts, [&](std::string_view text) { return has(text, part); });
}

// Whether a step of Cloud Build builds an image with Docker of before 23.0, which its images have.
// Source: https://cloud.google.com/build/docs/build-config-file-schema,
// https://github.com/GoogleCloudPlatform/cloud-builders/tree/master/docker
bool is_classic_step(const Value& step, bool has_buildkit) {
  const Value* const name = step.find("name");
  if (name == nullptr || !has(name->text, "cloud-builders/docker")) return false;
  constexpr std::string_view kOn = "DOCKER_BUILDKIT=1";
  std::vector<std::string_view> words = texts_of(step.find("args"));
  const std::vector<std::string_view> script = texts_of(step.find("script"));
  words.insert(words.end(), script.begin(), script.end());
  if (has_buildkit || any_has(texts_of(step.find("env")), kOn) || any_has(words, kOn)) return false;
  // Without arguments nobody knows.
  return words.empty() || words.front() == "build" || std::ranges::any_of(words, builds_with_docker);
}

bool has_classic_step(const ProjectFile& file) {
  if (!has(file.text, "cloud-builders/docker")) return false;
  const project::yaml::Documents& documents = file.documents();
  // A template is not YAML.
  if (documents.values.empty() || !documents.failures.empty())
    return !switches_buildkit_on(file.text) && !has(file.text, "buildx");
  return std::ranges::any_of(documents.values, [](const Value& root) {
    const Value* const steps = root.find("steps");
    const Value* const options = root.find("options");
    const bool on = options != nullptr && any_has(texts_of(options->find("env")), "DOCKER_BUILDKIT=1");
    return steps != nullptr &&
           std::ranges::any_of(steps->items, [&](const Value& step) { return is_classic_step(step, on); });
  });
}

// Commands of cloud services that build with Docker's classic builder, if they are not given a file that says
// more.
// Source: https://github.com/Azure/acr/issues/721,
// https://cloud.google.com/sdk/gcloud/reference/builds/submit
// (`--tag` builds with gcr.io/cloud-builders/docker), https://cloud.google.com/run/docs/deploying-source-code
std::string_view cloud_command_in(std::string_view text) {
  static const RE2 kAcr(R"(\baz\s+acr\s+(?:build\b|task\s+create\b))");
  static const RE2 kSubmit(R"(\bgcloud\s+(?:\w+\s+)?builds\s+submit\b(?s:.*)\s(?:--tag|-t)[\s=])");
  static const RE2 kRun(R"(\bgcloud\s+(?:\w+\s+)?run\s+deploy\b(?s:.*)\s--source[\s=])");
  const auto with = [](const RE2& pattern) {
    return [&pattern](std::string_view lines) { return matches(lines, pattern); };
  };
  if (any_line(text, " acr ", with(kAcr))) return "az acr build";
  if (any_line(text, "gcloud ", with(kSubmit))) return "gcloud builds submit";
  return any_line(text, "gcloud ", with(kRun)) ? "gcloud run deploy" : std::string_view();
}

// Libraries that call Docker's own interface, which builds with the classic builder.
// Source: https://github.com/docker/docker-py/issues/2230,
// https://github.com/ansible-collections/community.general/issues/514
std::string_view library_in(const ProjectFile& file) {
  static const RE2 kImport(R"((?m)^\s*(?:import|from)\s+docker\b)");
  static const RE2 kTask(R"((?m)^\s*(?:-\s*)?(?:community\.docker\.)?docker_image:\s*$)");
  if (file.name.ends_with(".py"))
    return has(file.text, ".images.build(") && matches(file.text, kImport) ? "docker-py" : std::string_view();
  return file.is_yaml && has(file.text, "docker_image:") && has(file.text, "source: build") &&
                 matches(file.text, kTask)
             ? "Ansible's docker_image"
             : std::string_view();
}

// A file with which a cloud service builds the image.
// Source: App Engine builds a custom runtime with Cloud Build's docker step
// (https://cloud.google.com/appengine/docs/flexible/custom-runtimes/build), Heroku and CapRover without
// BuildKit (https://devcenter.heroku.com/articles/build-docker-images-heroku-yml,
// https://github.com/caprover/caprover/issues/2012), AWS SAM unless it is told `--use-buildkit`
// (https://github.com/aws/aws-sam-cli/pull/8772), azd's remote build with ACR
// (https://learn.microsoft.com/azure/developer/azure-developer-cli/azd-schema), and Railway only with ids of
// its own (https://docs.railway.com/builds/dockerfiles#cache-mounts).
NamedBuilder service_of(std::string_view name, std::string_view text) {
  static const RE2 kCustom(R"((?m)^runtime:\s*["']?custom\b)");
  static const RE2 kRemote(R"((?m)^\s+remoteBuild:\s*true\b)");
  static const RE2 kBuildpack(R"(builder["']?\s*[:=]\s*["'](?i:nixpacks|railpack|heroku|paketo)["'])");
  if (name == "heroku.yml" && has(text, "docker:")) return {OldBuilder::kClassic, "Heroku", Scope::kFolder};
  if (name == "captain-definition") return {OldBuilder::kClassic, "CapRover", Scope::kFolder};
  if (name == "azure.yaml" && matches(text, kRemote)) return {OldBuilder::kClassic, "azd", Scope::kFolder};
  if (name.starts_with("app") && matches(text, kCustom))
    return {OldBuilder::kClassic, "App Engine", Scope::kFolder};
  if (has(text, "AWS::Serverless") && has(text, "PackageType: Image") && has(text, "Dockerfile"))
    return {OldBuilder::kClassic, "AWS SAM", Scope::kFolder};
  const bool railway = name == "railway.toml" || name == "railway.json";
  if (railway && !matches(text, kBuildpack)) return {OldBuilder::kOwnMounts, "Railway", Scope::kFolder};
  return {};
}

// How one configuration of Skaffold builds, with its profiles applied.
class SkaffoldBuild {
 public:
  SkaffoldBuild(const Value& root, std::string folder, const context::FileSystem& files)
      : build_(root.find("build")), folder_(std::move(folder)), files_(files) {}

  std::vector<NamedBuilder> builders() const {
    NamedBuilder classic{OldBuilder::kClassic, kClassicName, Scope::kDockerfiles};
    NamedBuilder kaniko{OldBuilder::kKaniko, "kaniko", Scope::kDockerfiles};
    const Value* const artifacts = build_ == nullptr ? nullptr : build_->find("artifacts");
    if (artifacts == nullptr) return {};
    for (const Value& artifact : artifacts->items) {
      const OldBuilder kind = builder_of(artifact);
      if (kind == OldBuilder::kClassic) classic.dockerfiles.push_back(dockerfile_of(artifact));
      if (kind == OldBuilder::kKaniko) kaniko.dockerfiles.push_back(dockerfile_of(artifact));
    }
    std::vector<NamedBuilder> found{std::move(classic), std::move(kaniko)};
    std::erase_if(found, [](const NamedBuilder& one) { return one.dockerfiles.empty(); });
    return found;
  }

 private:
  static const Value* section_of(const Value& map, std::string_view name) {
    const Value* const section = map.find(name);
    return section == nullptr || section->is_null() ? nullptr : section;
  }

  static bool is_set(const Value* value) { return value != nullptr && project::yaml::is_true(*value); }

  // Local builds go to Docker's own interface, which builds with the classic builder, unless something needs
  // the command `docker`. A platform that is not the host's does, but the host is not known. Cloud Build
  // gets BuildKit with the platforms alone.
  // Source: pkg/skaffold/build/docker/docker.go and pkg/skaffold/build/gcb/docker.go in
  // https://github.com/GoogleContainerTools/skaffold
  OldBuilder builder_of(const Value& artifact) const {
    if (section_of(artifact, "kaniko") != nullptr) return OldBuilder::kKaniko;
    constexpr std::string_view kOthers[] = {"bazel", "ko", "jib", "buildpacks", "custom"};
    const auto builds = [&](std::string_view other) { return section_of(artifact, other) != nullptr; };
    if (std::ranges::any_of(kOthers, builds)) return OldBuilder::kNone;
    if (section_of(*build_, "cluster") != nullptr) return OldBuilder::kKaniko;
    if (section_of(*build_, "googleCloudBuild") != nullptr)
      return has_items(artifact, "platforms") || has_items(*build_, "platforms") ? OldBuilder::kNone
                                                                                 : OldBuilder::kClassic;
    const Value* const local = section_of(*build_, "local");
    const Value* const docker = section_of(artifact, "docker");
    const Value* const buildkit = local == nullptr ? nullptr : section_of(*local, "useBuildkit");
    if (buildkit != nullptr) return is_set(buildkit) ? OldBuilder::kNone : OldBuilder::kClassic;
    const bool by_command = (local != nullptr && is_set(local->find("useDockerCLI"))) ||
                            (docker != nullptr && has_items(*docker, "cliFlags"));
    return by_command ? OldBuilder::kNone : OldBuilder::kClassic;
  }

  static bool has_items(const Value& map, std::string_view name) {
    const Value* const list = map.find(name);
    return list != nullptr && !list->items.empty();
  }

  // The file that an artifact is built from. Its path counts from the context, or from Skaffold's folder.
  std::string dockerfile_of(const Value& artifact) const {
    const std::string context = text::join_path(folder_, project::skaffold_text(artifact, "context"));
    std::string file;
    for (const std::string_view builder : {"docker", "kaniko"}) {
      const Value* const section = section_of(artifact, builder);
      if (section != nullptr && file.empty()) file = project::skaffold_text(*section, "dockerfile");
    }
    if (file.empty()) file = "Dockerfile";
    const std::string in_context = text::join_path(context, file);
    return files_.real_path(files_.exists(in_context) ? in_context : text::join_path(folder_, file));
  }

  const Value* build_;
  std::string folder_;
  const context::FileSystem& files_;
};

// The builders of a skaffold.yaml: of what is active by itself, and with each of its profiles.
std::vector<NamedBuilder> skaffold_builders(const ProjectFile& file,
                                            const std::shared_ptr<const context::FileSystem>& files) {
  constexpr size_t kMostProfiles = 32;
  std::vector<NamedBuilder> found;
  project::SkaffoldModel model;
  project::ReadOptions options;
  options.files = files;
  const std::string path = text::join_path(file.folder, text::base_name(file.name));
  for (const project::SkaffoldConfig& config : project::read_skaffold_file(path, options, model)) {
    std::vector<std::vector<std::string>> choices{{}};
    if (const Value* const profiles = config.root.find("profiles")) {
      for (const Value& profile : profiles->items) {
        if (choices.size() <= kMostProfiles) choices.push_back({project::skaffold_text(profile, "name")});
      }
    }
    for (const std::vector<std::string>& chosen : choices) {
      project::SkaffoldConfig changed = config;
      apply_skaffold_profiles(changed, active_skaffold_profiles(config, chosen, model), model);
      for (NamedBuilder& builder : SkaffoldBuild(changed.root, file.folder, *files).builders())
        found.push_back(std::move(builder));
    }
  }
  return found;
}

bool is_skaffold(const ProjectFile& file) {
  return file.is_yaml && has(file.text, "apiVersion: skaffold/");
}

// The builders that a file names, looked for once for all Dockerfiles.
struct NamedBuilders {
  std::vector<NamedBuilder> all;
};

NamedBuilders find_builders(const ProjectFile& file,
                            const std::shared_ptr<const context::FileSystem>& files) {
  const std::string_view text = file.text, name = text::base_name(file.name);
  // What a text says is for people.
  if (name.ends_with(".md")) return {};
  NamedBuilders found;
  const auto add = [&](OldBuilder kind, std::string_view words) { found.all.push_back({kind, words}); };
  const auto any = [](std::string_view) { return true; };
  if (!is_skaffold(file) && any_line(text, "kaniko", any)) add(OldBuilder::kKaniko, "kaniko");
  if (switches_buildkit_off(text) || has_classic_step(file) ||
      (file.kind != ProjectFile::Kind::kCompose && has_old_docker(text)))
    add(OldBuilder::kClassic, kClassicName);
  if (const std::string_view command = cloud_command_in(text); !command.empty())
    add(OldBuilder::kClassic, command);
  if (const std::string_view library = library_in(file); !library.empty()) add(OldBuilder::kClassic, library);
  if (NamedBuilder service = service_of(name, text); service.kind != OldBuilder::kNone)
    found.all.push_back(std::move(service));
  if (is_skaffold(file)) {
    for (NamedBuilder& builder : skaffold_builders(file, files))
      found.all.push_back(std::move(builder));
  }
  return found;
}

const NamedBuilders& builders_in(const ProjectFile& file, const lint::BuildContext& context) {
  return file.shared<NamedBuilders>([&] { return find_builders(file, context.file_system); });
}

// What the Dockerfile has that its builders have to know.
struct KnownSyntax {
  bool flags = false;   // mounts and links, which kaniko would ignore
  bool syntax = false;  // what Docker's classic builder refuses, or a line that asks for BuildKit
};

KnownSyntax known_syntax(lint::Dockerfile& dockerfile) {
  return dockerfile.shared<KnownSyntax>([&] {
    KnownSyntax known;
    for (const dockerfile::Instruction& one : dockerfile.file().instructions()) {
      known.flags = known.flags || one.find_flag("mount") != nullptr || one.find_flag("link") != nullptr;
      known.syntax = known.syntax || !one.heredocs.empty();
    }
    known.syntax = known.syntax || known.flags || dockerfile.file().directive("syntax").has_value();
    return known;
  });
}

std::string clause(const NamedBuilder& builder, const ProjectFile& file, BuildkitFeature feature) {
  const std::string who = fmt::format("{} ({})", builder.name, file.name);
  if (builder.kind == OldBuilder::kOwnMounts)
    return who + " refuses mounts without an id that has the number of a service";
  return who + (feature == BuildkitFeature::kMount ? " does not support mounts" : " does not know --link");
}

class BuilderSearch {
 public:
  BuilderSearch(lint::Dockerfile& dockerfile, const lint::BuildContext& context)
      : context_(context),
        folder_(context.file_system->real_path(context.folder)),
        path_(dockerfile.path().empty() ? std::string() : context.file_system->real_path(dockerfile.path())),
        known_(known_syntax(dockerfile)) {}

  std::string find(BuildkitFeature feature) const {
    for (const auto& file : project_files(context_).all) {
      const std::vector<NamedBuilder>& builders = builders_in(*file, context_).all;
      for (const NamedBuilder& builder : builders) {
        if (builds_it(builder, *file) && refuses(builder, feature)) return clause(builder, *file, feature);
      }
    }
    return {};
  }

 private:
  bool builds_it(const NamedBuilder& builder, const ProjectFile& file) const {
    if (builder.scope == Scope::kDockerfiles) {
      const std::string path = path_.empty() ? text::join_path(folder_, "Dockerfile") : path_;
      return std::ranges::find(builder.dockerfiles, path) != builder.dockerfiles.end();
    }
    const bool around =
        text::is_within(folder_, file.folder) || (!path_.empty() && text::is_within(path_, file.folder));
    return around || (builder.scope == Scope::kProject && !file.is_beside_dockerfile);
  }

  bool refuses(const NamedBuilder& builder, BuildkitFeature feature) const {
    if (builder.kind == OldBuilder::kOwnMounts) return feature == BuildkitFeature::kMount && !known_.flags;
    return builder.kind == OldBuilder::kKaniko ? !known_.flags : !known_.syntax;
  }

  const lint::BuildContext& context_;
  std::string folder_;  // of the context
  std::string path_;    // of the Dockerfile; empty where it is not known
  KnownSyntax known_;
};

// What one Dockerfile's builders refuse.
struct Refusals {
  std::string mounts;
  std::string links;
};

}  // namespace

std::string refused_by_builder(lint::Dockerfile& dockerfile, BuildkitFeature feature) {
  const Refusals& refusals = dockerfile.shared<Refusals>([&] {
    const lint::BuildContext* const context = dockerfile.build_context();
    if (context == nullptr) return Refusals();
    const BuilderSearch search(dockerfile, *context);
    return Refusals{search.find(BuildkitFeature::kMount), search.find(BuildkitFeature::kLink)};
  });
  return feature == BuildkitFeature::kMount ? refusals.mounts : refusals.links;
}

}  // namespace dcache::rules
