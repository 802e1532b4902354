#include "rules/project_files.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::rules {
namespace {

using project::DefinitionKind;
using Kind = ProjectFile::Kind;

bool has_yaml_ending(std::string_view name) {
  return name.ends_with(".yml") || name.ends_with(".yaml");
}

bool is_in_hidden_folder(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

bool is_for_ci(std::string_view folder, std::string_view name) {
  constexpr std::string_view kStarts[] = {"azure-pipelines", "bitbucket-pipelines", ".drone",     ".travis",
                                          "appveyor",        "cloudbuild",          ".gitlab-ci", "action",
                                          "buildspec",       ".woodpecker",         "Taskfile"};
  return is_in_hidden_folder(folder) ||
         std::ranges::any_of(kStarts, [&](std::string_view start) { return name.starts_with(start); });
}

// A file without an ending may be anything, and large: one that is a script has a usual name, or is where
// scripts are.
bool is_plain_script(std::string_view folder, std::string_view name) {
  constexpr std::string_view kNames[] = {"Makefile",  "makefile",    "GNUmakefile", "justfile", "Justfile",
                                         "Earthfile", "Jenkinsfile", "Rakefile",    "Tiltfile", "Vagrantfile",
                                         "Procfile",  "run",         "dev",         "build",    "test"};
  constexpr std::string_view kFolders[] = {"bin",   "ci",   "deploy", "dev",     "docker",    "e2e",
                                           "hack",  "make", "ops",    "release", "scripts",   "script",
                                           "tests", "test", "tools",  ".ci",     ".buildkite"};
  return text::is_one_of(name, kNames) || folder.empty() ||
         text::is_one_of(text::base_name(folder), kFolders) ||
         text::is_one_of(text::base_name(text::parent_path(folder)), kFolders);
}

bool is_script(std::string_view folder, std::string_view name) {
  constexpr std::string_view kNames[] = {"package.json",   "pyproject.toml",  "README.md", "CONTRIBUTING.md",
                                         "DEVELOPMENT.md", "magefile.go",     ".env",      "pom.xml",
                                         "build.gradle",   "build.gradle.kts"};
  constexpr std::string_view kEndings[] = {".sh",  ".bash", ".mk", ".ps1",  ".just",
                                           ".bat", ".cmd",  ".py", ".rake", ".groovy"};
  const bool is_plain = name.find('.') == std::string_view::npos && !name.starts_with("LICENSE") &&
                        !name.starts_with("Dockerfile");
  return (is_plain && is_plain_script(folder, name)) || name.starts_with("Jenkinsfile") ||
         text::is_one_of(name, kNames) ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

std::optional<Kind> kind_of(std::string_view folder, std::string_view name) {
  if (name == "devcontainer.json" || name == ".devcontainer.json") return Kind::kDevcontainer;
  const auto defined = project::definition_kind(name);
  if (defined == DefinitionKind::kCompose) return Kind::kCompose;
  if (defined || name.ends_with(".hcl") || name == project::kSettingsName) return Kind::kDefinition;
  if (has_yaml_ending(name)) return is_for_ci(folder, name) ? Kind::kDefinition : Kind::kManifest;
  if (name.starts_with("cloudbuild") && name.ends_with(".json")) return Kind::kDefinition;
  constexpr std::string_view kManifests[] = {".tf", ".nomad", ".container"};
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  constexpr std::string_view kPlatforms[] = {"fly.toml", "railway.toml", "railway.json",
                                             "captain-definition"};
  if (text::is_one_of(name, kPlatforms) || std::ranges::any_of(kManifests, ends)) return Kind::kManifest;
  return is_script(folder, name) ? std::optional(Kind::kScript) : std::nullopt;
}

// Whether a text may build images with a cloud service.
bool says_cloud(std::string_view text) {
  constexpr std::string_view kWords[] = {"az acr", "gcloud ", "kaniko"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// A file of Compose may have any name.
bool has_services(std::string_view text) {
  return text.starts_with("services:") || text.find("\nservices:") != std::string_view::npos;
}

// Whether a backslash at the end of a line continues it; `end` is that of the line.
bool is_continued(std::string_view text, size_t end) {
  return end > 0 && text[end - 1] == '\\';
}

// The end of the line at a place of a text, with the lines that continue it.
size_t line_end(std::string_view text, size_t at) {
  size_t end = std::min(text.find('\n', at), text.size());
  while (end < text.size() && is_continued(text, end))
    end = std::min(text.find('\n', end + 1), text.size());
  return end;
}

void index(ProjectFile& file) {
  const std::string_view text = file.text;
  for (size_t at = text.find(kTarget); at != std::string_view::npos; at = text.find(kTarget, at + 1))
    file.targets.push_back(at);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = line_end(text, begin);
    const std::string_view line = text.substr(begin, end - begin);
    const bool starts =
        line.find(" run ") != std::string_view::npos || line.find(" exec ") != std::string_view::npos;
    const bool tags = line.find("-t") != std::string_view::npos;
    if ((starts || tags) && says_docker(line)) {
      if (starts) file.starts.push_back({begin, line.size()});
      if (tags) file.tags.push_back({begin, line.size()});
    }
    begin = end + 1;
  }
}

// A folder with the files in it that count, and the folders to go on with.
struct ProjectFolder {
  std::vector<std::shared_ptr<const ProjectFile>> files;
  std::vector<std::string> dockerfiles;
  std::vector<std::string> below;
  size_t read_files = 0;
  size_t read_bytes = 0;
};

// The folders of the repositories of a run, each read once.
class ProjectFolders {
 public:
  template <typename Read>
  std::shared_ptr<const ProjectFolder> get(const std::string& root, const std::string& folder,
                                           const Read& read) const {
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<const ProjectFolder>& known = known_[{root, folder}];
    if (known == nullptr) known = std::make_shared<const ProjectFolder>(read());
    return known;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::string, std::string>, std::shared_ptr<const ProjectFolder>> known_;
};
// Values of a run are made by a call: a mutex can't be moved.
struct SharedFolders {
  std::shared_ptr<const ProjectFolders> folders;
};

class Finder {
 public:
  Finder(const context::FileSystem& files, const ProjectFolders& folders, ProjectFiles& found)
      : files_(files), folders_(folders), found_(found) {}

  void look_from(std::string folder) {
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
    root_ = folders.back();
    // The search from the root finds most of what is below those in between.
    for (const std::string& one : folders)
      look_below(one, one == folders.front() || one == root_ ? 3 : 1);
    found_.folders = std::move(folders);
  }

 private:
  // Level by level, so that a large folder can't keep the search from those next to it.
  void look_below(const std::string& top, int levels) {
    std::vector<std::string> level{top};
    for (int depth = 0; depth <= levels; ++depth) {
      std::vector<std::string> next;
      for (const std::string& folder : level) {
        const int left = levels - depth;
        const auto seen = seen_.find(folder);
        if (seen == seen_.end() ? is_full() : seen->second >= left) continue;
        const auto known = folders_.get(root_, folder, [&] { return read(folder); });
        if (seen == seen_.end()) add(*known);
        seen_[folder] = left;
        if (depth > 0 && is_made(text::base_name(folder))) continue;
        next.insert(next.end(), known->below.begin(), known->below.end());
      }
      level = std::move(next);
    }
  }

  bool is_full() const {
    constexpr size_t kMostFolders = 1024;
    constexpr size_t kMostBytes = size_t{1} << 24U;
    return seen_.size() >= kMostFolders || read_files_ >= kMostFiles || read_bytes_ >= kMostBytes;
  }

  void add(const ProjectFolder& known) {
    found_.all.insert(found_.all.end(), known.files.begin(), known.files.end());
    found_.dockerfiles.insert(found_.dockerfiles.end(), known.dockerfiles.begin(), known.dockerfiles.end());
    read_files_ += known.read_files;
    read_bytes_ += known.read_bytes;
  }

  ProjectFolder read(const std::string& folder) const {
    ProjectFolder found;
    const context::FolderEntries entries = files_.list(folder);
    const bool has_dockerfile = std::ranges::any_of(entries, [](const context::FolderEntry& listed) {
      return !listed.is_folder && project::is_dockerfile_name(listed.name);
    });
    for (const context::FolderEntry& listed : entries) {
      std::string path = text::join_path(folder, listed.name);
      if (!listed.is_folder) {
        look_at({folder, listed.name, path, has_dockerfile}, found);
      } else if (!is_left_out(listed.name)) {
        found.below.push_back(std::move(path));
      }
    }
    return found;
  }

  struct Place {
    const std::string& folder;
    const std::string& name;
    const std::string& path;
    bool has_dockerfile = false;  // the folder
  };

  void look_at(const Place& place, ProjectFolder& found) const {
    constexpr size_t kLargest = size_t{1} << 18U;
    const auto& [folder, name, path, has_dockerfile] = place;
    if (project::is_dockerfile_name(name)) {
      found.dockerfiles.push_back(path);
      return;
    }
    const auto kind = kind_of(from_root(folder), name);
    if (!kind || found.read_files >= kMostFiles) return;
    auto text = files_.read(path);
    ++found.read_files;
    if (!text) return;
    found.read_bytes += text->size();
    if (text->size() > kLargest) return;
    if (*kind == Kind::kScript && !says_docker(*text) && !says_cloud(*text)) return;
    auto file = std::make_shared<ProjectFile>();
    file->name = from_root(path);
    file->folder = folder;
    file->kind = *kind;
    file->is_yaml = has_yaml_ending(name);
    file->is_beside_dockerfile = has_dockerfile;
    if (file->is_yaml && *kind == Kind::kManifest && has_services(*text)) file->kind = Kind::kCompose;
    file->text = *std::move(text);
    index(*file);
    found.files.push_back(std::move(file));
  }

  // What others wrote, and what no person did.
  static bool is_left_out(std::string_view name) {
    constexpr std::string_view kMade[] = {".git", ".venv", "venv", "__pycache__", "site-packages"};
    return project::is_vendored_folder(name) || text::is_one_of(name, kMade);
  }

  // Where builds write; scripts may be in such a folder itself.
  static bool is_made(std::string_view name) {
    constexpr std::string_view kNames[] = {"build", "dist", "out", "target", "obj"};
    return text::is_one_of(name, kNames);
  }

  std::string_view from_root(std::string_view path) const {
    if (path == root_) return {};
    const bool is_below = path.starts_with(root_) && path.size() > root_.size();
    return is_below ? path.substr(root_.size() + (root_.ends_with('/') ? 0 : 1)) : path;
  }

  static constexpr size_t kMostFiles = 2048;

  const context::FileSystem& files_;
  const ProjectFolders& folders_;
  ProjectFiles& found_;
  std::string root_;
  std::map<std::string, int> seen_;  // with how many levels below each were looked at
  size_t read_files_ = 0;
  size_t read_bytes_ = 0;
};

}  // namespace

const project::yaml::Documents& ProjectFile::documents() const {
  std::call_once(parsed_->once, [&] { parsed_->documents = project::yaml::parse(text, name); });
  return parsed_->documents;
}

const std::vector<StartedContainer>& ProjectFile::containers() const {
  std::call_once(parsed_->containers_once, [&] {
    for (const project::yaml::Value& document : documents().values) {
      const std::vector<StartedContainer> found = containers_in(document);
      parsed_->containers.insert(parsed_->containers.end(), found.begin(), found.end());
    }
  });
  return parsed_->containers;
}

const ProjectFiles& project_files(const lint::BuildContext& context) {
  return context.shared<ProjectFiles>([&] {
    ProjectFiles found;
    const context::FileSystem& files = *context.file_system;
    const SharedFolders& shared = context.of_run->get<SharedFolders>(
        [] { return SharedFolders{std::make_shared<const ProjectFolders>()}; });
    Finder(files, *shared.folders, found).look_from(files.real_path(context.folder));
    return found;
  });
}

bool says_docker(std::string_view text) {
  constexpr std::string_view kWords[] = {"docker",   "podman", "buildah",  "buildx", "nerdctl",
                                         "executor", "depot",  "buildctl", "compose"};
  const std::string lower = text::to_lower(text);
  return std::ranges::any_of(kWords,
                             [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string_view line_at(std::string_view text, size_t at) {
  size_t begin = at;
  while (begin > 0 && (text[begin - 1] != '\n' || is_continued(text, begin - 1)))
    --begin;
  return text.substr(begin, line_end(text, at) - begin);
}

}  // namespace dcache::rules
