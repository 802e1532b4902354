#include "rules/old_builders.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include "dcache/project/skaffold_config.h"
#include "dcache/project/yaml.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
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
  std::vector<std::string> paths = {};  // contexts and Dockerfiles that its command names; empty: all
};

using Scope = NamedBuilder::Scope;

// The folder of a file up to the first with one of some names; empty for none. `path` counts from the root.
std::string_view folder_called(std::string_view path, std::span<const std::string_view> names) {
  for (size_t begin = 0, end = path.find('/'); end != std::string_view::npos;
       begin = end + 1, end = path.find('/', begin)) {
    if (text::is_one_of(path.substr(begin, end - begin), names)) return path.substr(0, end);
  }
  return {};
}

constexpr std::string_view kClassicName = "Docker's classic builder";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool matches(std::string_view text, const RE2& pattern) {
  return RE2::PartialMatch(text::piece(text), pattern);
}

bool is_comment(std::string_view line) {
  line = text::trim_left(line);
  return line.starts_with('#') || line.starts_with("//") || line.starts_with("REM ");
}

// What precedes a place in its command.
struct Before {
  std::string_view text = {};
  bool in_comment = false;
};

// What precedes the end of a part of a line in its command, as shells read it.
Before command_before(std::string_view part) {
  size_t begin = 0;
  char quote = 0;
  for (size_t i = 0; i < part.size(); ++i) {
    const char c = part[i];
    const bool substitutes = c == '`' || (c == '$' && part.substr(i + 1).starts_with('('));
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (substitutes && quote != '\'') {
      begin = i + (c == '$' ? 2 : 1);
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' ||
               (c == '\'' && (i == 0 || !text::is_letter(static_cast<unsigned char>(part[i - 1]))))) {
      quote = c;
    } else if (c == ';' || c == '&' || c == '|') {
      begin = i + 1;
    } else if (c == '#' && i > 0 && (part[i - 1] == ' ' || part[i - 1] == '\t')) {
      return {part, true};
    }
  }
  return {part.substr(begin), false};
}

// Whether what is at a place of a text is neither in a comment nor only printed, as by `@echo "…"`.
bool is_meant(std::string_view text, size_t at) {
  static const RE2 kPrints(
      R"(^[\s@+\-]*(?:\w+:\s+)?(?:(?:echo|printf|Write-Host|Write-Output)\s|(?:info|warning)\s|print\())");
  const std::string_view line = line_at(text, at);
  const size_t begin = static_cast<size_t>(line.data() - text.data());
  const Before before = command_before(line.substr(0, at - begin));
  if (before.in_comment) return false;
  if (!matches(before.text, kPrints)) return true;
  // What it prints may go to a file of variables or a shell.
  std::string rest(line.substr(at - begin));
  RE2::GlobalReplace(&rest, ">&2", "");
  return has(line, "##vso") || has(rest, ">") || has(rest, "|");
}

// The line at a place of a text and the one after it.
std::string_view two_lines_at(std::string_view text, size_t at) {
  const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::string_view from = text.substr(begin);
  const size_t end = from.find('\n');
  return end == std::string_view::npos ? from : from.substr(0, from.find('\n', end + 1));
}

// The places of `part` in lines that are not comments where `holds` is true of the line, with all lines that
// a backslash continues, or with the next one.
template <typename Holds>
std::vector<size_t> line_places(std::string_view text, std::string_view part, const Holds& holds) {
  std::vector<size_t> places;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) {
    const std::string_view continued = line_at(text, at), two = two_lines_at(text, at);
    if (is_comment(two) || !is_meant(text, at)) continue;
    if (holds(continued.size() > two.size() ? continued : two)) places.push_back(at);
  }
  return places;
}

template <typename Holds>
bool any_line(std::string_view text, std::string_view part, const Holds& holds) {
  return !line_places(text, part, holds).empty();
}

// The command at a place of a text, with the lines that a backslash continues.
std::string_view command_at(std::string_view text, size_t at) {
  const std::string_view line = line_at(text, at);
  const size_t place = at - static_cast<size_t>(line.data() - text.data());
  const size_t begin = place - command_before(line.substr(0, place)).text.size();
  return line.substr(begin, line.find_first_of(";&|", place) - begin);
}

// The contexts and Dockerfiles that a command names, which runs in `folder`; empty if it may build any.
// Sources: https://docs.docker.com/reference/cli/docker/buildx/build/,
// https://learn.microsoft.com/cli/azure/acr#az-acr-build,
// https://cloud.google.com/sdk/gcloud/reference/builds/submit
std::vector<std::string> named_paths(std::string_view command, std::string_view folder) {
  static const RE2 kVerb(R"((?:^|\s)(build|submit|deploy)(?:\s|$))");
  static const RE2 kWord(R"re(\s*["']*([^\s"']+)["']*)re");
  constexpr std::string_view kFlags[] = {"--no-cache", "--pull", "-q",    "--quiet",
                                         "--async",    "--push", "--load"};
  constexpr std::string_view kFile[] = {"-f", "--file"};
  re2::StringPiece rest = text::piece(command), verb;
  if (has(command, "compose") || !RE2::FindAndConsume(&rest, kVerb, &verb)) return {};
  const bool deploys = verb == "deploy";
  std::vector<std::string> contexts, files;
  for (std::string word; RE2::Consume(&rest, kWord, &word);) {
    if (word == "\\") continue;
    if (!word.starts_with('-')) {
      if (!deploys) contexts.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string option = word.substr(0, equals);
    std::string value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
    if (equals == std::string::npos && !text::is_one_of(option, kFlags)) RE2::Consume(&rest, kWord, &value);
    if (text::is_one_of(option, kFile)) files.push_back(value);
    if (option == "--source") contexts.push_back(value);
  }
  const auto is_unknown = [](const std::string& path) { return has(path, "$"); };
  if (contexts.size() != 1 || std::ranges::any_of(contexts, is_unknown) ||
      std::ranges::any_of(files, is_unknown))
    return {};
  const std::string context = text::join_path(folder, contexts.front());
  // A file counts from the context for some.
  if (!files.empty()) return {text::join_path(folder, files.back()), text::join_path(context, files.back())};
  return context == "." ? std::vector<std::string>() : std::vector{context};
}

// `DOCKER_BUILDKIT: "0"`, `export DOCKER_BUILDKIT := 0`, `${DOCKER_BUILDKIT:-0}`; Azure has `name` and
// `value`.
std::vector<size_t> buildkit_off_places(std::string_view text) {
  static const RE2 kOff(
      R"(^DOCKER_BUILDKIT(?:["'\]]{0,2}\s*[:?]?[:=-]\s*["']?|["']?\s*\n\s*value:\s*["']?)(?i:0|false)\b)");
  std::vector<size_t> places = line_places(text, "DOCKER_BUILDKIT", [](std::string_view) { return true; });
  std::erase_if(places, [&](size_t at) { return !matches(text.substr(at), kOff); });
  return places;
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

// Whether a text names an image of Docker before 23.0 other than the daemon next to a job: the job's own
// Docker decides what builds.
bool names_old_image(std::string_view text) {
  static const RE2 kImage(R"((?m)^(.*?[\s"'/\[]|)docker:(?:1\d|2[0-2])((?:[.\-][\w.\-]*)?)(?:["'\s\],}]|$))");
  static const RE2 kKey(R"(\bimage["']?\s*[:=]\s*["']?(?:[\w.\-]+/)*$)");
  re2::StringPiece rest = text::piece(text), before, version;
  while (RE2::FindAndConsume(&rest, kImage, &before, &version)) {
    const std::string_view line(before.data(), before.size()), ending(version.data(), version.size());
    if (is_comment(line) || command_before(line).in_comment) continue;
    if (!has(ending, "dind") || matches(line, kKey)) return true;
  }
  return false;
}

// A job in an image of Docker before 23.0, or on such a daemon of CircleCI.
bool has_old_docker(std::string_view text) {
  static const RE2 kRemote(R"(setup_remote_docker:\s*\n\s*version:\s*["']?(?:docker)?(?:1\d|2[0-2])\b)");
  return (names_old_image(text) || matches(text, kRemote)) && builds_with_docker(text) &&
         !switches_buildkit_on(text);
}

// An image, an action, a task or a program of kaniko; not a name that somebody gave to something else.
bool runs_kaniko(std::string_view name, std::string_view text) {
  static const RE2 kRuns(
      R"re(kaniko[\w./\-]*executor\b)re"
      R"re(|\b(?:image|uses|component|template|remote|file|buildMode)["']?\s*[:=]\s*["']?[\w.\-:/$@{}]*kaniko)re"
      R"re(|\btaskRef["']?:\s*\{?\s*["']?name["']?:\s*["']?kaniko)re"
      R"re(|\bname["']?:\s*["']?[\w.\-:]+/[\w.\-/]*kaniko)re"
      R"re(|\b(?:docker|podman|nerdctl)\s+run\b(?s:.*)\bkaniko)re");
  static const RE2 kKey(R"(kaniko:\s*(?:\{|\n|$))");
  const bool of_devspace = name.starts_with("devspace");
  const auto runs = [&](std::string_view lines) {
    return matches(lines, kRuns) || (of_devspace && matches(lines, kKey));
  };
  return any_line(text, "kaniko", runs) ||
         any_line(text, "taskRef", [](std::string_view lines) { return matches(lines, kRuns); });
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

// The contexts and Dockerfiles that a step of Cloud Build names.
std::vector<std::string> step_paths(const Value& step) {
  const std::vector<std::string_view> words = texts_of(step.find("args"));
  const Value* const dir = step.find("dir");
  if (words.empty() || words.front() != "build") return {};
  return named_paths(fmt::format("{}", fmt::join(words, " ")),
                     dir == nullptr ? std::string_view() : dir->text);
}

// Of each step that builds with an old Docker what it names.
std::vector<std::vector<std::string>> classic_steps(const ProjectFile& file) {
  if (!has(file.text, "cloud-builders/docker")) return {};
  const project::yaml::Documents& documents = file.documents();
  // A template is not YAML.
  if (documents.values.empty() || !documents.failures.empty())
    return std::vector<std::vector<std::string>>(
        switches_buildkit_on(file.text) || has(file.text, "buildx") ? 0 : 1);
  std::vector<std::vector<std::string>> found;
  for (const Value& root : documents.values) {
    const Value* const steps = root.find("steps");
    const Value* const options = root.find("options");
    const bool on = options != nullptr && any_has(texts_of(options->find("env")), "DOCKER_BUILDKIT=1");
    if (steps == nullptr) continue;
    for (const Value& step : steps->items) {
      if (is_classic_step(step, on)) found.push_back(step_paths(step));
    }
  }
  return found;
}

// Commands of cloud services that build with Docker's classic builder, if they are not given a file that says
// more.
// Source: https://github.com/Azure/acr/issues/721,
// https://cloud.google.com/sdk/gcloud/reference/builds/submit
// (`--tag` builds with gcr.io/cloud-builders/docker), https://cloud.google.com/run/docs/deploying-source-code
std::vector<NamedBuilder> cloud_commands_in(std::string_view text) {
  static const RE2 kAcr(R"(\baz\s+acr\s+(?:build\b|task\s+create\b))");
  static const RE2 kSubmit(R"(\bgcloud\s+(?:\w+\s+)?builds\s+submit\b(?s:.*)\s(?:--tag|-t)[\s=])");
  static const RE2 kRun(R"(\bgcloud\s+(?:\w+\s+)?run\s+deploy\b(?s:.*)\s--source[\s=])");
  std::vector<NamedBuilder> found;
  const auto look_for = [&](std::string_view part, const RE2& pattern, std::string_view name) {
    const auto holds = [&](std::string_view lines) { return matches(lines, pattern); };
    for (const size_t at : line_places(text, part, holds)) {
      found.push_back({OldBuilder::kClassic, name});
      found.back().paths = named_paths(command_at(text, at), {});
    }
  };
  look_for(" acr ", kAcr, "az acr build");
  look_for("gcloud ", kSubmit, "gcloud builds submit");
  look_for("gcloud ", kRun, "gcloud run deploy");
  return found;
}

// Whether a program calls docker-py's build, except for what a test writes for itself.
bool calls_build(const ProjectFile& file) {
  static const RE2 kClient(R"(([\w.]+)\s*=\s*(?:docker\.)?(?:api\.)?APIClient\()");
  static const RE2 kAtOnce(R"(\bAPIClient\([^\n]*\)\.build\()");
  static const RE2 kTemporary(
      R"(^\s*(?:\w+\s*=\s*[^,()]+,\s*)*(?:path\s*=\s*)?(?:str\(|f?["'{]+)*\w*(?i:tmp|temp))");
  constexpr std::string_view kTests[] = {"test", "tests"};
  const std::string_view text = file.text;
  const bool in_tests = !folder_called(file.name, kTests).empty();
  const auto calls = [&](std::string_view call) {
    for (size_t at = text.find(call); at != std::string_view::npos; at = text.find(call, at + 1)) {
      if (!in_tests || !matches(text.substr(at + call.size()), kTemporary)) return true;
    }
    return false;
  };
  if (calls(".images.build(") || calls(".api.build(") || matches(text, kAtOnce)) return true;
  re2::StringPiece rest = text::piece(text);
  for (std::string name; RE2::FindAndConsume(&rest, kClient, &name);) {
    if (calls(name + ".build(")) return true;
  }
  return false;
}

// Libraries that call Docker's own interface, which builds with the classic builder.
// Source: https://github.com/docker/docker-py/issues/2230,
// https://github.com/ansible-collections/community.general/issues/514
std::string_view library_in(const ProjectFile& file) {
  static const RE2 kImport(R"((?m)^\s*(?:import|from)\s+docker\b)");
  static const RE2 kTask(R"((?m)^\s*(?:-\s*)?(?:community\.docker\.)?docker_image:\s*$)");
  if (file.name.ends_with(".py"))
    return matches(file.text, kImport) && calls_build(file) ? "docker-py" : std::string_view();
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
  if (!is_skaffold(file) && runs_kaniko(name, text)) add(OldBuilder::kKaniko, "kaniko");
  const auto add_classic = [&](std::vector<std::string> paths) {
    add(OldBuilder::kClassic, kClassicName);
    found.all.back().paths = std::move(paths);
    // Compose and others read it for what is next to it.
    if (name == ".env") found.all.back().scope = Scope::kFolder;
  };
  for (const size_t at : buildkit_off_places(text))
    add_classic(named_paths(command_at(text, at), {}));
  for (std::vector<std::string>& paths : classic_steps(file))
    add_classic(std::move(paths));
  if (file.kind != ProjectFile::Kind::kCompose && has_old_docker(text))
    add(OldBuilder::kClassic, kClassicName);
  for (NamedBuilder& command : cloud_commands_in(text))
    found.all.push_back(std::move(command));
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
    if (is_of_another_project(file) || names_another(builder, file)) return false;
    const bool around =
        text::is_within(folder_, file.folder) || (!path_.empty() && text::is_within(path_, file.folder));
    return around || (builder.scope == Scope::kProject && !file.is_beside_dockerfile);
  }

  // Whether a command names another Dockerfile or its context.
  bool names_another(const NamedBuilder& builder, const ProjectFile& file) const {
    const ProjectFiles& files = project_files(context_);
    bool found = false;
    for (const std::string& one : builder.paths) {
      for (const std::string& base : {file.folder, files.folders.back()}) {
        const std::string path = text::join_path(base, one);
        if (path == folder_ || path == path_ || path == text::parent_path(path_)) return false;
        found = found || std::ranges::any_of(files.dockerfiles, [&](const std::string& other) {
                  return other == path || text::parent_path(other) == path;
                });
      }
    }
    return found;
  }

  // An example or what tests read, which is not about the Dockerfiles outside of it.
  bool is_of_another_project(const ProjectFile& file) const {
    constexpr std::string_view kNames[] = {"example", "examples", "sample",
                                           "samples", "fixtures", "testdata"};
    const std::string_view top = folder_called(file.name, kNames);
    if (top.empty()) return false;
    const std::string path = text::join_path(project_files(context_).folders.back(), top);
    return !text::is_within(folder_, path) && (path_.empty() || !text::is_within(path_, path));
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
