#include "rules/old_builders.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/project/build_script.h"
#include "dcache/project/skaffold_config.h"
#include "dcache/project/yaml.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/words.h"
#include "rules/comments.h"
#include "rules/known_facts.h"
#include "rules/patterns.h"
#include "rules/project_files.h"
#include "rules/script_builds.h"
#include "rules/script_text.h"

namespace dcache::rules {
namespace {

using project::BuildField;
using project::CiBuild;
using project::CiPair;
using project::CiText;
using project::yaml::Value;

// What builds images and knows less than BuildKit.
enum class OldBuilder : uint8_t {
  kNone,
  kClassic,    // Docker's own of before BuildKit, by whatever it is started
  kKaniko,     // ignores what it does not know
  kPodman,     // with buildah, which refuses --link before 1.41
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

// `docker build`; not `docker buildx build`.
const RE2& docker_build() {
  static const RE2 kBuild(R"(\bdocker(?:\s+image)?\s+build\b)");
  return kBuild;
}

// The same, and Compose, which may build.
bool builds_with_docker(std::string_view text) {
  static const RE2 kCompose(R"(\bdocker(?:-|\s+)compose(?:\s+-[^\n]*?)?\s+(?:build|up)\b)");
  return matches(text, docker_build()) || matches(text, kCompose);
}

using Paths = std::vector<std::string>;

// `docker build` with the builder that DOCKER_BUILDKIT chooses.
std::optional<CiBuild> read_docker_build(const std::vector<CiText>& words, const project::CiInput& input) {
  auto build = project::read_build_command(words, input);
  return build && build->asks_environment ? std::move(build) : std::nullopt;
}

// What the commands `docker build` of a file name, if none of them can build another thing.
std::vector<Paths> docker_paths(const ProjectFile& file) {
  constexpr std::string_view kProgram = "docker";
  const std::string_view text = file.text;
  std::vector<size_t> places;
  for (const size_t at : line_places(text, kProgram, builds_with_docker)) {
    const std::string_view from = text.substr(at, line_at(text, at).size());
    static const RE2 kStart(R"(^docker(?:-compose)?\s)");
    if (!matches(from, kStart)) continue;
    const std::string_view command = command_at(text, at);
    if (has(command, "compose")) return {{}};
    if (matches(command, docker_build())) places.push_back(at);
  }
  if (places.empty()) return {{}};
  return built_paths(file, places, {.part = kProgram, .reader = read_docker_build});
}

// What commands with DOCKER_BUILDKIT=0 build. Where it is set for others too, that may be anything.
std::vector<Paths> paths_without_buildkit(const ProjectFile& file) {
  const std::string_view text = file.text;
  std::vector<Paths> all;
  std::vector<size_t> places;
  for (const size_t at : buildkit_off_places(text)) {
    const std::string_view command = command_at(text, at);
    if (matches(command, docker_build()) && !has(command, "compose")) {
      places.push_back(at);
    } else {
      all.emplace_back();
    }
  }
  const WantedBuilds wanted{
      .part = "DOCKER_BUILDKIT", .reader = read_docker_build, .is_wanted = [](const CiBuild& build) {
        return build.builder == plan::Builder::kClassic;
      }};
  std::vector<Paths> found = built_paths(file, places, wanted);
  std::ranges::move(found, std::back_inserter(all));
  return all;
}

// Whether a text names an image of Docker before 23.0 other than the daemon next to a job: the job's own
// Docker decides what builds.
bool names_old_image(std::string_view text) {
  static const RE2 kImage(R"((?m)^(.*?[\s"'/\[]|)docker:(?:1\d|2[0-2])((?:[.\-][\w.\-]*)?)(?:["'\s\],}]|$))");
  static const RE2 kKey(R"(\bimage["']?\s*[:=]\s*["']?(?:[\w.\-]+/)*$)");
  re2::StringPiece rest = text::piece(text), before, version;
  while (RE2::FindAndConsume(&rest, kImage, &before, &version)) {
    const std::string_view line(before.data(), before.size()), ending(version.data(), version.size());
    if (ends_in_comment(line)) continue;
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

// The words of the command of a step of Cloud Build.
std::vector<CiText> step_words(const Value& step, std::string_view program) {
  std::vector<CiText> words{{std::string(program)}};
  for (const std::string_view word : texts_of(step.find("args")))
    words.push_back(project::expand_shell(word, [](std::string_view) { return std::nullopt; }));
  return words;
}

// The contexts and Dockerfiles that the build of a step names.
Paths paths_of_step(const Value& step, CiBuild build) {
  const Value* const dir = step.find("dir");
  if (dir != nullptr) build.folder = {dir->text};
  return paths_of(build);
}

// Of each step that builds with an old Docker what it names.
std::vector<Paths> classic_steps(const ProjectFile& file) {
  if (!has(file.text, "cloud-builders/docker")) return {};
  const project::yaml::Documents& documents = file.documents();
  // A template is not YAML.
  if (documents.values.empty() || !documents.failures.empty())
    return std::vector<Paths>(switches_buildkit_on(file.text) || has(file.text, "buildx") ? 0 : 1);
  std::vector<Paths> found;
  for (const Value& root : documents.values) {
    const Value* const steps = root.find("steps");
    const Value* const options = root.find("options");
    const bool on = options != nullptr && any_has(texts_of(options->find("env")), "DOCKER_BUILDKIT=1");
    if (steps == nullptr) continue;
    for (const Value& step : steps->items) {
      if (!is_classic_step(step, on)) continue;
      auto build = project::read_build_command(step_words(step, "docker"));
      found.push_back(build ? paths_of_step(step, *std::move(build)) : Paths());
    }
  }
  return found;
}

// Reads one of the commands of cloud services that build with Docker's classic builder.
std::optional<CiBuild> read_cloud_command(const BuilderCommand& command, std::span<const CiText> words) {
  if (words.empty() || text::base_name(words.front().text) != command.words.front()) return std::nullopt;
  auto at = words.begin() + 1;
  for (const std::string_view wanted : command.words.subspan(1)) {
    at = std::find_if(at, words.end(), [&](const CiText& word) { return word.text == wanted; });
    if (at++ == words.end()) return std::nullopt;
  }
  CiBuild build;
  bool is_one = command.only_with.empty();
  for (; at != words.end(); ++at) {
    CiPair option = project::split_pair(*at);
    if (!option.name.starts_with('-')) {
      if (command.context_options.empty()) build.values.emplace_back(BuildField::kContext, *at);
      continue;
    }
    is_one = is_one || text::is_one_of(option.name, command.only_with);
    if (text::is_one_of(option.name, command.flags)) continue;
    if (!option.value && at + 1 != words.end()) option.value = *++at;
    if (!option.value) continue;
    if (text::is_one_of(option.name, command.file_options))
      build.values.emplace_back(BuildField::kFile, *option.value);
    if (text::is_one_of(option.name, command.context_options))
      build.values.emplace_back(BuildField::kContext, *option.value);
  }
  return is_one ? std::optional(std::move(build)) : std::nullopt;
}

// Whether a line may have the command.
bool may_have(std::string_view line, const BuilderCommand& command) {
  const auto is_in = [&](std::string_view word) { return has(line, word); };
  return std::ranges::all_of(command.words, is_in) &&
         (command.only_with.empty() || std::ranges::any_of(command.only_with, is_in));
}

// The commands that steps of Cloud Build run without a shell, with the program as the entry point or in the
// name of the image.
void add_step_commands(const ProjectFile& file, std::vector<NamedBuilder>& found) {
  if (!has(file.text, "gcloud") || !text::base_name(file.name).starts_with("cloudbuild")) return;
  for (const Value& root : file.documents().values) {
    const Value* const steps = root.find("steps");
    if (steps == nullptr) continue;
    for (const Value& step : steps->items) {
      const Value* const name = step.find("name");
      const Value* const entry = step.find("entrypoint");
      if (name == nullptr || name->text.empty()) continue;
      std::vector<CiText> words =
          step_words(step, text::base_name(entry == nullptr ? name->text : entry->text));
      for (const BuilderCommand& command : builder_commands()) {
        if (auto build = read_cloud_command(command, words)) {
          found.push_back({OldBuilder::kClassic, command.name});
          found.back().paths = paths_of_step(step, *std::move(build));
        }
      }
    }
  }
}

std::vector<NamedBuilder> cloud_commands_in(const ProjectFile& file) {
  std::vector<NamedBuilder> found;
  add_step_commands(file, found);
  for (const BuilderCommand& command : builder_commands()) {
    if (!has(file.text, command.part)) continue;
    const auto holds = [&](std::string_view lines) { return may_have(lines, command); };
    const WantedBuilds wanted{.part = command.part,
                              .reader = [&](const std::vector<CiText>& words, const project::CiInput&) {
                                return read_cloud_command(command, words);
                              }};
    for (Paths& paths : built_paths(file, line_places(file.text, command.part, holds), wanted)) {
      found.push_back({OldBuilder::kClassic, command.name});
      found.back().paths = std::move(paths);
    }
  }
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

// Whether a program of Python builds with Docker's own interface, which has the classic builder.
// Source: https://github.com/docker/docker-py/issues/2230
bool builds_with_docker_py(const ProjectFile& file) {
  if (!file.name.ends_with(".py")) return false;
  static const RE2 kImport(R"((?m)^\s*(?:import|from)\s+docker\b)");
  return matches(file.text, kImport) && calls_build(file);
}

OldBuilder kind_of(const BuilderFile& row) {
  if (row.builder == "kaniko") return OldBuilder::kKaniko;
  if (row.builder == "podman") return OldBuilder::kPodman;
  return row.builder == "own mounts" ? OldBuilder::kOwnMounts : OldBuilder::kClassic;
}

// Whether the file says what the row is about.
bool is_said_in(const BuilderFile& row, const ProjectFile& file) {
  const std::string_view text = file.text, name = text::base_name(file.name);
  const auto is_name = [&](std::string_view pattern) { return text::glob_match(pattern, name); };
  const auto is_in = [&](std::string_view part) { return has(text, part); };
  if (std::ranges::none_of(row.files, is_name) || !std::ranges::all_of(row.has, is_in)) return false;
  const auto holds = [&](std::string_view part) {
    return row.pattern.empty() || matches(part, known_pattern(row.pattern));
  };
  if (!row.line.empty()) return has(text, row.line) && !line_places(text, row.line, holds).empty();
  const std::string without_comments =
      name.ends_with(".xml") ? without_xml_comments(file.text) : std::string();
  if (!holds(without_comments.empty() ? text : without_comments)) return false;
  return row.unless.empty() || !matches(text, known_pattern(row.unless));
}

// What the commands of kaniko in a file build, if all of it is known.
std::vector<Paths> kaniko_paths(const ProjectFile& file) {
  static const RE2 kCommand(R"(\bexecutor\s+-)");
  constexpr std::string_view kProgram = "/executor";
  const auto is_command = [](std::string_view lines) { return matches(lines, kCommand); };
  const std::vector<size_t> places = line_places(file.text, kProgram, is_command);
  const auto reader = [](const std::vector<CiText>& words, const project::CiInput& input) {
    const bool is_kaniko = !words.empty() && text::base_name(words.front().text) == "executor";
    return is_kaniko ? project::read_build_command(words, input) : std::nullopt;
  };
  return places.empty() ? std::vector<Paths>{{}}
                        : built_paths(file, places, {.part = kProgram, .reader = reader});
}

bool is_skaffold(const ProjectFile& file) {
  return file.is_yaml && has(file.text, "apiVersion: skaffold/");
}

// What the files of builder-files.json say.
std::vector<NamedBuilder> builders_said_in(const ProjectFile& file) {
  std::vector<NamedBuilder> found;
  for (const BuilderFile& row : builder_files()) {
    if (!is_said_in(row, file)) continue;
    const OldBuilder kind = kind_of(row);
    if (kind == OldBuilder::kKaniko && is_skaffold(file)) continue;
    std::vector<Paths> all{{}};
    if (row.scope == "scripts") {
      if (!builds_with_docker(file.text)) continue;
      all = docker_paths(file);
    } else if (kind == OldBuilder::kKaniko) {
      all = kaniko_paths(file);
    }
    for (Paths& paths : all) {
      found.push_back({kind, row.name, row.scope == "folder" ? Scope::kFolder : Scope::kProject});
      found.back().paths = std::move(paths);
    }
  }
  return found;
}

// Actions that give the folder of an input to Cloud Build.
// Source: https://github.com/google-github-actions/deploy-cloudrun#inputs
void add_actions(const Value& value, std::vector<NamedBuilder>& found) {
  const Value* const uses = value.find("uses");
  const Value* const with = value.find("with");
  const Value* const source = with == nullptr ? nullptr : with->find("source");
  if (uses != nullptr && source != nullptr &&
      uses->text.starts_with("google-github-actions/deploy-cloudrun@")) {
    found.push_back({OldBuilder::kClassic, "google-github-actions/deploy-cloudrun"});
    CiBuild build;
    build.values.emplace_back(BuildField::kContext, project::text_with_expressions(source->text));
    found.back().paths = paths_of(build);
  }
  for (const project::yaml::Member& member : value.members)
    add_actions(member.value, found);
  for (const Value& item : value.items)
    add_actions(item, found);
}

std::vector<NamedBuilder> actions_in(const ProjectFile& file) {
  std::vector<NamedBuilder> found;
  if (!file.is_yaml || !has(file.text, "google-github-actions/deploy-cloudrun")) return found;
  for (const Value& root : file.documents().values)
    add_actions(root, found);
  return found;
}

// Builds with Podman or buildah, by their names or by a variable that is one of them.
std::vector<NamedBuilder> podman_builds_in(const ProjectFile& file) {
  if (!has(file.text, "podman") && !has(file.text, "buildah")) return {};
  static const RE2 kBuild(
      R"(\b(?:podman(?:\s+(?:image|buildx))?\s+build|buildah\s+(?:build|bud)\b|podman[- ]compose\b.*\b(?:build|up))\b)");
  static const RE2 kVariable(R"((?m)^\s*(?:export\s+)?\w+\s*[?:]*=\s*["']?(?:podman|buildah)["']?\s*$)");
  static const RE2 kByVariable(R"(\$[({]?\w+[)}]?["']?\s+(?:image\s+)?(?:build|bud)\b)");
  std::vector<NamedBuilder> found;
  const auto builds = [](std::string_view lines) { return matches(lines, kBuild); };
  for (const std::string_view program : {"podman", "buildah"}) {
    std::vector<size_t> places = line_places(file.text, program, builds);
    std::erase_if(places, [&](size_t at) { return !matches(command_at(file.text, at), kBuild); });
    const auto reader = [&](const std::vector<CiText>& words, const project::CiInput& input) {
      const bool is_program = !words.empty() && text::base_name(words.front().text) == program;
      return is_program ? project::read_build_command(words, input) : std::nullopt;
    };
    for (Paths& paths : built_paths(file, places, {.part = program, .reader = reader})) {
      found.push_back({OldBuilder::kPodman, program == "podman" ? "Podman" : "buildah"});
      found.back().paths = std::move(paths);
    }
  }
  if (found.empty() && matches(file.text, kVariable) && matches(file.text, kByVariable))
    found.push_back({OldBuilder::kPodman, "Podman"});
  return found;
}

// The text in the braces that open at a place.
std::string_view block_at(std::string_view text, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return text.substr(open, i - open);
  }
  return text.substr(open);
}

// Images that Terraform builds without the name of a builder.
// Source: https://registry.terraform.io/providers/kreuzwerker/docker/latest/docs/resources/image (`builder`),
// https://github.com/kreuzwerker/terraform-provider-docker/issues/728
std::vector<NamedBuilder> terraform_builds_in(const ProjectFile& file) {
  static const RE2 kResource(R"re(\bresource\s+"docker_(?:registry_)?image"\s+"[^"]*"\s*\{)re");
  static const RE2 kBuild(R"(\bbuild\s*\{)"), kBuilder(R"(\bbuilder\s*=)");
  static const RE2 kContext(
      R"re(\b(?:context|path)\s*=\s*"(?:\$\{path\.(?:module|root|cwd)\}/*)?([^"$]*)")re");
  std::vector<NamedBuilder> found;
  if (!has(file.text, "docker_")) return found;
  const std::string text = without_code_comments(file.text);
  re2::StringPiece rest = text, head, opened;
  while (RE2::FindAndConsume(&rest, kResource)) {
    const std::string_view resource = block_at(text, static_cast<size_t>(rest.data() - text.data()) - 1);
    re2::StringPiece inside = text::piece(resource);
    if (!RE2::FindAndConsume(&inside, kBuild)) continue;
    const std::string_view build =
        block_at(resource, static_cast<size_t>(inside.data() - resource.data()) - 1);
    if (matches(build, kBuilder)) continue;
    found.push_back({OldBuilder::kClassic, "Terraform's docker_image"});
    std::string context;
    if (RE2::PartialMatch(text::piece(build), kContext, &context) && !context.empty() && context != ".")
      found.back().paths = {context};
  }
  return found;
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
  const auto add_classic = [&](std::vector<Paths> all) {
    for (Paths& paths : all) {
      found.all.push_back({OldBuilder::kClassic, kClassicName});
      found.all.back().paths = std::move(paths);
      // Compose and others read it for what is next to it.
      if (name == ".env") found.all.back().scope = Scope::kFolder;
    }
  };
  const auto add_all = [&](std::vector<NamedBuilder> builders) {
    std::ranges::move(builders, std::back_inserter(found.all));
  };
  add_classic(paths_without_buildkit(file));
  add_classic(classic_steps(file));
  if (file.kind != ProjectFile::Kind::kCompose && has_old_docker(text)) add_classic(docker_paths(file));
  add_all(builders_said_in(file));
  add_all(cloud_commands_in(file));
  add_all(actions_in(file));
  add_all(podman_builds_in(file));
  if (builds_with_docker_py(file)) found.all.push_back({OldBuilder::kClassic, "docker-py"});
  if (name.ends_with(".tf")) add_all(terraform_builds_in(file));
  if (is_skaffold(file)) add_all(skaffold_builders(file, files));
  return found;
}

const NamedBuilders& builders_in(const ProjectFile& file, const lint::BuildContext& context) {
  return file.shared<NamedBuilders>([&] { return find_builders(file, context.file_system); });
}

// What the Dockerfile has that its builders have to know.
struct KnownSyntax {
  bool links = false;
  bool flags = false;   // mounts and links, which kaniko would ignore
  bool syntax = false;  // what Docker's classic builder refuses, or a line that asks for BuildKit
};

KnownSyntax known_syntax(lint::Dockerfile& dockerfile) {
  return dockerfile.shared<KnownSyntax>([&] {
    KnownSyntax known;
    for (const dockerfile::Instruction& one : dockerfile.file().instructions()) {
      known.links = known.links || one.find_flag("link") != nullptr;
      known.flags = known.flags || known.links || one.find_flag("mount") != nullptr;
      known.syntax = known.syntax || !one.heredocs.empty();
    }
    known.syntax = known.syntax || known.flags || dockerfile.file().directive("syntax").has_value();
    return known;
  });
}

std::string clause(const NamedBuilder& builder, const ProjectFile& file, BuildkitFeature feature) {
  const std::string who = fmt::format("{} ({})", builder.name, file.name);
  if (builder.kind == OldBuilder::kPodman) return who + " refuses --link before Podman 5.6 and buildah 1.41";
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
    if (builder.kind == OldBuilder::kPodman) return feature == BuildkitFeature::kLink && !known_.links;
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
