#include "rules/image_runs.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "dcache/project/file_kinds.h"
#include "dcache/project/yaml.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::rules {
namespace {

using project::DefinitionKind;

// A file of the project that may build images or start containers.
struct ProjectFile {
  enum class Kind : uint8_t { kCompose, kDefinition, kDevcontainer, kScript };
  std::string name;
  Kind kind = Kind::kScript;
  std::string text;
};

// Where such files are, from each folder between the context and the root of the repository.
constexpr std::string_view kFolders[] = {"",
                                         ".github/workflows",
                                         ".gitea/workflows",
                                         ".forgejo/workflows",
                                         ".circleci",
                                         ".gitlab",
                                         ".gitlab/ci",
                                         ".gitlab-ci",
                                         ".buildkite",
                                         ".woodpecker",
                                         ".azure",
                                         ".ci",
                                         ".devcontainer",
                                         ".docker",
                                         "bin",
                                         "build",
                                         "ci",
                                         "compose",
                                         "deploy",
                                         "dev",
                                         "docker",
                                         "e2e",
                                         "hack",
                                         "infra",
                                         "local",
                                         "make",
                                         "ops",
                                         "script",
                                         "scripts",
                                         "test",
                                         "tests",
                                         "tools"};
// Folders of which each contains folders with one such file.
constexpr std::string_view kFoldersOfFolders[] = {".devcontainer", ".github/actions"};

std::optional<ProjectFile::Kind> kind_of_file(std::string_view folder, std::string_view name) {
  using Kind = ProjectFile::Kind;
  if (name == "devcontainer.json" || name == ".devcontainer.json") return Kind::kDevcontainer;
  const auto defined = project::definition_kind(name);
  if (defined == DefinitionKind::kCompose) return Kind::kCompose;
  if (defined) return Kind::kDefinition;
  const bool is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
  const bool is_settings = name.ends_with(".hcl") || name == ".dcache.toml";
  if (is_settings) return Kind::kDefinition;
  constexpr std::string_view kCi[] = {"azure-pipelines", "bitbucket-pipelines", ".drone",     ".travis",
                                      "appveyor",        "cloudbuild",          ".gitlab-ci", "action",
                                      "buildspec",       ".woodpecker",         "Taskfile"};
  if (is_yaml) {
    const bool is_ci = folder.starts_with('.') || std::ranges::any_of(kCi, [&](std::string_view start) {
                         return name.starts_with(start);
                       });
    return is_ci ? std::optional(Kind::kDefinition) : std::nullopt;
  }
  constexpr std::string_view kNames[] = {"package.json",   "pyproject.toml", "tasks.py",  "noxfile.py",
                                         "fabfile.py",     "dodo.py",        "README.md", "CONTRIBUTING.md",
                                         "DEVELOPMENT.md", "magefile.go"};
  constexpr std::string_view kEndings[] = {".sh", ".bash", ".mk", ".ps1", ".just", ".bat", ".cmd"};
  const bool plain = name.find('.') == std::string_view::npos && !name.starts_with("LICENSE") &&
                     !name.starts_with("Dockerfile");
  const bool is_script =
      plain || text::is_one_of(name, kNames) ||
      std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
  return is_script ? std::optional(Kind::kScript) : std::nullopt;
}

struct ProjectFiles {
  std::vector<ProjectFile> all;
};

class Finder {
 public:
  Finder(const context::FileSystem& files, ProjectFiles& found) : files_(files), found_(found) {}

  void look_above(std::string folder) {
    constexpr int kMostLevels = 16;
    std::vector<std::string> folders;
    bool has_root = false;
    for (int level = 0; level < kMostLevels && !has_root; ++level) {
      folders.push_back(folder);
      has_root = files_.exists(text::join_path(folder, ".git"));
      std::string above(text::parent_path(folder));
      if (above.empty() || above == folder) break;
      folder = std::move(above);
    }
    // Outside of a repository nobody knows where the project ends.
    if (!has_root) folders.resize(1);
    for (const std::string& one : folders)
      look_in_all(one);
  }

 private:
  void look_in_all(const std::string& folder) {
    for (const std::string_view below : kFolders)
      look_in(text::join_path(folder, below), below);
    for (const std::string_view below : kFoldersOfFolders) {
      const std::string outer = text::join_path(folder, below);
      for (const context::FolderEntry& listed : files_.list(outer)) {
        if (listed.is_folder) look_in(text::join_path(outer, listed.name), below);
      }
    }
  }

  void look_in(const std::string& folder, std::string_view below) {
    constexpr size_t kLargest = size_t{1} << 18U;
    constexpr size_t kMostFiles = 2048;
    for (const context::FolderEntry& listed : files_.list(folder)) {
      const auto kind = listed.is_folder ? std::nullopt : kind_of_file(below, listed.name);
      if (!kind || found_.all.size() >= kMostFiles) continue;
      auto text = files_.read(text::join_path(folder, listed.name));
      if (text && text->size() <= kLargest)
        found_.all.push_back({text::join_path(below, listed.name), *kind, *std::move(text)});
    }
  }

  const context::FileSystem& files_;
  ProjectFiles& found_;
};

const ProjectFiles& project_files(const lint::BuildContext& context) {
  return context.shared<ProjectFiles>([&] {
    ProjectFiles found;
    const context::FileSystem& files = *context.file_system;
    Finder(files, found).look_above(files.real_path(context.folder));
    return found;
  });
}

bool is_name_character(char c) {
  const char letter = text::ascii_lower(c);
  return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool says_docker(std::string_view text) {
  constexpr std::string_view kWords[] = {"docker",  "podman",   "buildah", "buildx",
                                         "nerdctl", "executor", "depot"};
  const std::string lower = text::to_lower(text);
  return std::ranges::any_of(kWords,
                             [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Whether what is at `at`, the end of the word "target", is the stage: `--target build`, `target: build`,
// `"target": "build"`. A variable may be any stage.
bool names_stage(const ProjectFile& file, size_t at, const plan::Stage& stage) {
  const std::string_view text = file.text;
  const size_t word = at - std::string_view("target").size();
  const bool is_option = word >= 2 && text.substr(word - 2, 2) == "--";
  if (word > 0 && !is_option && (is_name_character(text[word - 1]) || text[word - 1] == ',')) return false;
  const size_t begin = text.find_first_not_of(" \t\"':=,", at);
  if (begin == std::string_view::npos || begin == at) return false;
  std::string_view rest = text.substr(begin);
  if (rest.starts_with('$')) {
    constexpr size_t kNear = 400;
    const bool in_definition = file.kind != ProjectFile::Kind::kScript && !is_option;
    return in_definition || says_docker(text.substr(word - std::min(word, kNear), std::min(word, kNear)));
  }
  const size_t end = std::min(
      static_cast<size_t>(std::ranges::find_if_not(rest, is_name_character) - rest.begin()), rest.size());
  const std::string name = text::to_lower(rest.substr(0, end));
  // A target of a bake file: `target "build" {`.
  const size_t next = rest.find_first_not_of("\" \t", end);
  if (next != std::string_view::npos && rest[next] == '{') return false;
  return !name.empty() && (name == stage.name || name == std::to_string(stage.index));
}

bool builds_stage(const ProjectFile& file, const plan::Stage& stage) {
  constexpr std::string_view kTarget = "target";
  for (size_t at = file.text.find(kTarget); at != std::string::npos; at = file.text.find(kTarget, at + 1)) {
    if (names_stage(file, at + kTarget.size(), stage)) return true;
  }
  return false;
}

// Whether a text has the program as a word of a command.
bool has_program(std::string_view text, std::string_view program) {
  constexpr std::string_view kAround = " \t\n\r\"'`[](),;&|/";
  for (size_t at = text.find(program); at != std::string_view::npos; at = text.find(program, at + 1)) {
    const size_t end = at + program.size();
    const bool starts = at == 0 || kAround.find(text[at - 1]) != std::string_view::npos;
    if (starts &&
        (end == text.size() || (kAround.find(text[end]) != std::string_view::npos && text[end] != '/')))
      return true;
  }
  return false;
}

bool has_program_of(std::string_view text, const PackageManager& manager) {
  return std::ranges::any_of(manager.programs,
                             [&](Words program) { return has_program(text, program.front()); });
}

// Whether a command of a service may start the package manager: by itself, by a shell, or by a tool that
// builds again what is edited.
bool may_start(const project::yaml::Value* command, const PackageManager& manager) {
  if (command == nullptr || command->is_null()) return false;
  std::string words = command->text;
  for (const project::yaml::Value& item : command->items)
    words += " " + project::yaml::printed(item);
  constexpr std::string_view kTools[] = {"sh",      "bash",    "ash",  "make",   "task", "just",
                                         "mage",    "air",     "dlv",  "reflex", "entr", "watchexec",
                                         "nodemon", "gradlew", "mvnw", "tail",   "sleep"};
  return has_program_of(words, manager) || words.find(".sh") != std::string::npos ||
         std::ranges::any_of(kTools, [&](std::string_view tool) { return has_program(words, tool); });
}

// Whether a service that is built, or one that only changes another file's service, has such a command.
bool has_service_that_starts(const ProjectFile& file, const PackageManager& manager) {
  if (file.text.find("command") == std::string::npos && file.text.find("entrypoint") == std::string::npos)
    return false;
  for (const project::yaml::Value& document : project::yaml::parse(file.text, file.name).values) {
    const project::yaml::Value* services = document.find("services");
    if (services == nullptr || !services->is_map()) continue;
    const bool starts = std::ranges::any_of(services->members, [&](const project::yaml::Member& service) {
      const bool is_built = service.value.find("build") != nullptr || service.value.find("image") == nullptr;
      return is_built && (may_start(service.value.find("command"), manager) ||
                          may_start(service.value.find("entrypoint"), manager));
    });
    if (starts) return true;
  }
  return false;
}

// The lines of a text, those that a backslash continues as one.
template <typename Holds>
bool any_line(std::string_view text, const Holds& holds) {
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    while (end > 0 && end < text.size() && text[end - 1] == '\\')
      end = std::min(text.find('\n', end + 1), text.size());
    if (holds(text.substr(0, end))) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

// Whether a line starts the package manager in a container: `docker run app go test ./...`.
bool runs_in_container(std::string_view line, const PackageManager& manager) {
  constexpr std::string_view kHow[] = {" run ", " exec "};
  return std::ranges::any_of(kHow, [&](std::string_view how) {
    const size_t at = line.find(how);
    return at != std::string_view::npos &&
           (says_docker(line.substr(0, at)) ||
            line.substr(0, at).find("compose") != std::string_view::npos) &&
           has_program_of(line.substr(at + how.size()), manager);
  });
}

bool starts_in_container(const ProjectFile& file, const PackageManager& manager) {
  if (file.kind == ProjectFile::Kind::kDevcontainer) {
    const std::string lower = text::to_lower(file.text);
    return lower.find("\"dockerfile\"") != std::string::npos ||
           lower.find("\"dockercomposefile\"") != std::string::npos;
  }
  if (file.kind == ProjectFile::Kind::kCompose && has_service_that_starts(file, manager)) return true;
  return any_line(file.text, [&](std::string_view line) { return runs_in_container(line, manager); });
}

}  // namespace

std::string builder_by_name(lint::Dockerfile& dockerfile, const plan::Stage& stage) {
  if (const project::Image* image = dockerfile.image();
      image != nullptr && !image->target.target.empty() &&
      dockerfile.graph().find_stage(image->target.target) == &stage)
    return image->target.defined.empty() ? image->target.name
                                         : std::string(text::base_name(image->origin().path));
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return {};
  const auto& files = project_files(*context).all;
  const auto found =
      std::ranges::find_if(files, [&](const ProjectFile& file) { return builds_stage(file, stage); });
  return found == files.end() ? std::string() : found->name;
}

std::string starter_in_container(lint::Dockerfile& dockerfile, const PackageManager& manager) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return {};
  const auto& files = project_files(*context).all;
  const auto found = std::ranges::find_if(
      files, [&](const ProjectFile& file) { return starts_in_container(file, manager); });
  return found == files.end() ? std::string() : found->name;
}

}  // namespace dcache::rules
