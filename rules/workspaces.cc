#include "rules/workspaces.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "dcache/shell/script.h"
#include "dcache/text/glob.h"
#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/text/toml.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/go_module.h"

namespace dcache::rules {
namespace {

using lint::BuildContext;
using Texts = std::vector<std::string>;

constexpr size_t kMostIncluded = 32;

// The lines of a text without what surrounds them.
std::vector<std::string_view> trimmed_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text::trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// As text::glob_match, and `**` for any number of folders.
bool path_matches(std::string_view pattern, std::string_view path) {
  const size_t end = std::min(pattern.find('/'), pattern.size());
  const std::string_view part = pattern.substr(0, end);
  const std::string_view rest = pattern.substr(std::min(end + 1, pattern.size()));
  if (part == "**") {
    if (path_matches(rest, path)) return true;
    const size_t slash = path.find('/');
    return !path.empty() && path_matches(pattern, slash == std::string_view::npos ? std::string_view()
                                                                                  : path.substr(slash + 1));
  }
  if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
  const size_t slash = std::min(path.find('/'), path.size());
  return text::glob_match(part, path.substr(0, slash)) &&
         path_matches(rest, path.substr(std::min(slash + 1, path.size())));
}

// The members that patterns such as "packages/*" and "!packages/old" mean.
Workspace find_members(const BuildContext& context, std::string_view folder, std::string_view manifest,
                       const Texts& patterns) {
  Workspace workspace;
  for (const context::Record* record : context.called(manifest)) {
    if (!folder.empty() && !text::is_within(record->path, folder)) continue;
    const std::string_view below =
        std::string_view(record->path).substr(folder.empty() ? 0 : folder.size() + 1);
    const size_t slash = below.rfind('/');
    if (slash == std::string_view::npos) continue;  // the root's own
    if (below.find("node_modules/") != std::string_view::npos) continue;
    bool member = false;
    for (const std::string& pattern : patterns) {
      const bool exception = pattern.starts_with('!');
      if (path_matches(text::clean_path(pattern.substr(exception ? 1 : 0)), below.substr(0, slash)))
        member = !exception;
    }
    if (!member) continue;
    workspace.manifests.push_back(record->path);
    // The checksums of what a module of Go needs, and settings of a member.
    const std::string_view beside = manifest == "go.mod"         ? "go.sum"
                                    : manifest == "package.json" ? ".npmrc"
                                                                 : std::string_view();
    std::string path = text::join_path(text::parent_path(record->path), beside);
    if (!beside.empty() && context.files.find(path) != nullptr)
      workspace.manifests.push_back(std::move(path));
  }
  std::ranges::sort(workspace.manifests);
  return workspace;
}

// Nothing if the node is not a list.
std::optional<Texts> texts_in(const YAML::Node& list) {
  if (!list.IsDefined() || !list.IsSequence()) return std::nullopt;
  Texts texts;
  for (const YAML::Node& one : list)
    texts.push_back(one.IsScalar() ? one.Scalar() : std::string());
  return texts;
}

std::optional<Texts> listed_in_package_json(const std::string& text) {
  constexpr std::string_view kKey = "workspaces";
  if (text.find(kKey) == std::string::npos) return std::nullopt;
  const YAML::Node root = YAML::Load(text);  // JSON is YAML
  if (!root.IsMap()) return std::nullopt;
  const YAML::Node listed = root[std::string(kKey)];
  return listed.IsDefined() && listed.IsMap() ? texts_in(listed["packages"]) : texts_in(listed);
}

std::optional<Texts> listed_in_pnpm_workspace(const std::string& text) {
  const YAML::Node root = YAML::Load(text);
  return root.IsMap() ? texts_in(root["packages"]) : std::nullopt;
}

std::optional<Texts> listed_in_cargo_toml(const std::string& text) {
  const toml::table root = text::parse_toml(text);
  const toml::array* members = root["workspace"]["members"].as_array();
  if (members == nullptr) return std::nullopt;
  Texts texts;
  for (const toml::node& one : *members)
    texts.push_back(one.value_or(std::string()));
  if (const toml::array* excluded = root["workspace"]["exclude"].as_array()) {
    for (const toml::node& one : *excluded)
      texts.push_back("!" + one.value_or(std::string()));
  }
  return texts;
}

std::optional<Texts> listed_in_pyproject_toml(const std::string& text) {
  const toml::table root = text::parse_toml(text);
  const auto workspace = root["tool"]["uv"]["workspace"];
  const toml::array* members = workspace["members"].as_array();
  if (members == nullptr) return std::nullopt;
  Texts texts;
  for (const toml::node& one : *members)
    texts.push_back(one.value_or(std::string()));
  if (const toml::array* excluded = workspace["exclude"].as_array()) {
    for (const toml::node& one : *excluded)
      texts.push_back("!" + one.value_or(std::string()));
  }
  return texts;
}

// `use ./api`, or several in parentheses.
std::optional<Texts> listed_in_go_work(const std::string& text) {
  Texts texts;
  bool inside = false;
  for (std::string_view line : trimmed_lines(text)) {
    line = text::trim(line.substr(0, line.find("//")));
    if (line.starts_with("use")) {
      line = text::trim(line.substr(3));
      inside = line.starts_with('(');
      if (inside) continue;
      texts.emplace_back(without_go_quotes(line));
    } else if (line.starts_with(')')) {
      inside = false;
    } else if (inside && !line.empty()) {
      texts.emplace_back(without_go_quotes(line));
    }
  }
  return texts;
}

// Where a package manager lists the members, and what each of them has.
struct Source {
  std::string_view manager;
  std::string_view file;
  std::string_view manifest;
  std::optional<Texts> (*read)(const std::string& text);
};
constexpr std::array<Source, 7> kSources = {
    {{"npm", "package.json", "package.json", listed_in_package_json},
     {"yarn", "package.json", "package.json", listed_in_package_json},
     {"bun", "package.json", "package.json", listed_in_package_json},
     {"pnpm", "pnpm-workspace.yaml", "package.json", listed_in_pnpm_workspace},
     {"cargo", "Cargo.toml", "Cargo.toml", listed_in_cargo_toml},
     {"uv", "pyproject.toml", "pyproject.toml", listed_in_pyproject_toml},
     {"go", "go.work", "go.mod", listed_in_go_work}}};

// A package manager whose projects are found by their files.
struct ProjectFiles {
  std::string_view manager;
  std::array<std::string_view, 14> names;
  std::array<std::string_view, 2> not_in;  // folders of sources and results
  std::string_view sources;                // a folder that builds compile before they read the projects
};
constexpr std::array<ProjectFiles, 5> kProjectFiles = {
    {{"maven", {"pom.xml"}, {"src", "target"}, {}},
     {"gradle",
      {"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties",
       "gradle.lockfile", "buildscript-gradle.lockfile"},
      {"src", "build"},
      "buildSrc"},
     {"dotnet",
      {"*.csproj", "*.fsproj", "*.vbproj", "*.esproj", "*.sqlproj", "*.sln", "*.slnx", "Directory.*.props",
       "Directory.*.targets", "packages.lock.json", "nuget.config", "NuGet.config", "NuGet.Config",
       "global.json"},
      {"bin", "obj"},
      {}},
     {"cabal", {"*.cabal", "package.yaml"}, {"dist-newstyle", ".stack-work"}, {}},
     {"stack", {"*.cabal", "package.yaml"}, {"dist-newstyle", ".stack-work"}, {}}}};

constexpr size_t kMostProjectFiles = 200;

bool has_part(std::string_view path, std::string_view part) {
  for (size_t begin = 0; begin < path.size();) {
    const size_t slash = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, slash - begin) == part) return true;
    begin = slash + 1;
  }
  return false;
}

// The files of projects in the folders below one.
Workspace find_projects(const BuildContext& context, std::string_view folder, const ProjectFiles& files) {
  Workspace workspace;
  for (const context::Record& record : context.files.below(folder)) {
    const std::string_view below =
        std::string_view(record.path)
            .substr(folder.empty() ? 0 : std::min(folder.size() + 1, record.path.size()));
    const std::string_view name = text::base_name(record.path);
    if (!files.sources.empty() && name == files.sources) workspace.known = false;
    if (record.type != context::Type::kFile || below.find('/') == std::string_view::npos) continue;
    const bool is_project = std::ranges::any_of(
        files.names, [&](std::string_view one) { return !one.empty() && text::glob_match(one, name); });
    if (!is_project || has_part(below, files.not_in[0]) || has_part(below, files.not_in[1])) continue;
    workspace.manifests.push_back(record.path);
  }
  workspace.known = workspace.known && workspace.manifests.size() <= kMostProjectFiles;
  std::ranges::sort(workspace.manifests);
  return workspace;
}

bool has_modules(const BuildContext& context, std::string_view folder, const Texts& folders) {
  return std::ranges::all_of(folders, [&](const std::string& one) {
    return !one.starts_with('/') &&
           context.files.find(text::join_path(folder, text::join_path(one, "go.mod"))) != nullptr;
  });
}

}  // namespace

std::optional<Workspace> workspace_in(const BuildContext& context, std::string_view folder,
                                      const PackageManager& manager) {
  const auto projects = std::ranges::find(kProjectFiles, manager.name, &ProjectFiles::manager);
  if (projects != kProjectFiles.end()) return find_projects(context, folder, *projects);
  const auto source = std::ranges::find(kSources, manager.name, &Source::manager);
  if (source == kSources.end()) return std::nullopt;
  const std::string path = text::join_path(folder, source->file);
  if (context.files.find(path) == nullptr) return std::nullopt;
  const auto text = context.read(path);
  if (!text) return Workspace{.manifests = {}, .known = false};
  try {
    const auto patterns = source->read(*text);
    if (!patterns) return std::nullopt;
    Workspace workspace = find_members(context, folder, source->manifest, *patterns);
    workspace.known = patterns->empty() || !workspace.manifests.empty();
    // Those of Go are folders, each of them a module.
    if (source->manager == "go") workspace.known = has_modules(context, folder, *patterns);
    return workspace;
  } catch (const YAML::Exception&) {
    return Workspace{.manifests = {}, .known = false};
  } catch (const toml::parse_error&) {
    return Workspace{.manifests = {}, .known = false};
  }
}

namespace {

// Reads the lines of a list, and of those that it includes.
class Requirements {
 public:
  Requirements(const BuildContext& context, RequirementsIncludes& found) : context_(context), found_(found) {}

  void add_list(const std::string& path) {
    const auto text = context_.read(path);
    found_.missing = found_.missing || !text;
    if (!text) return;
    for (const std::string_view line : trimmed_lines(*text))
      add_line(line, path);
  }

 private:
  void add_line(std::string_view line, const std::string& path) {
    if (line.starts_with('#')) return;
    line = line.substr(0, line.find(" #"));
    while (!line.empty()) {
      const std::string_view word = take_word(line);
      if (!word.starts_with('-')) {
        add_requirement(word, line, path);
        continue;
      }
      std::string_view value;
      if (takes(word, {"-r", "--requirement", "-c", "--constraint"}, line, value)) {
        include(value, path);
      } else if (takes(word, {"-e", "--editable"}, line, value)) {
        add_place(value, path, true);
      } else if (takes(word, {"-f", "--find-links", "-i", "--index-url", "--pypi-url", "--extra-index-url"},
                       line, value)) {
        add_place(value, path, true);
      } else if (takes(word,
                       {"--no-binary", "--only-binary", "--trusted-host", "--use-feature",
                        "--config-settings", "--config-setting", "--global-option"},
                       line, value)) {
        continue;
      }
    }
  }

  static std::string_view take_word(std::string_view& line) {
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line = text::trim_left(line.substr(word.size()));
    return word;
  }

  // Whether the word is one of the options; its value is in the word, or the next one.
  static bool takes(std::string_view word, std::initializer_list<std::string_view> options,
                    std::string_view& line, std::string_view& value) {
    for (const std::string_view option : options) {
      if (!word.starts_with(option)) continue;
      std::string_view rest = word.substr(option.size());
      if (option.starts_with("--") && !rest.empty() && rest.front() != '=') continue;
      if (rest.starts_with('=')) rest.remove_prefix(1);
      value = word.size() == option.size() ? take_word(line) : rest;
      return true;
    }
    return false;
  }

  void include(std::string_view file, const std::string& path) {
    std::string included = text::join_path(folder_of(path), file);
    if (found_.files.size() == kMostIncluded || included == path ||
        std::ranges::find(found_.files, included) != found_.files.end())
      return;
    found_.files.push_back(included);
    add_list(included);
  }

  // `rest` is what follows on the line: a condition ends the requirement, `@` comes before its place.
  void add_requirement(std::string_view word, std::string_view& rest, const std::string& path) {
    const size_t at = word.find_first_of("@/:");
    if (rest.starts_with('@')) {
      word = rest = text::trim_left(rest.substr(1));
      word = take_word(rest);
    } else if (at != std::string_view::npos && word[at] == '@') {
      word = word.substr(at + 1);
    }
    const size_t options = rest.find(" -");
    rest =
        options == std::string_view::npos || word.find(';') != std::string_view::npos || rest.starts_with(';')
            ? std::string_view()
            : rest.substr(options + 1);
    word = word.substr(0, word.find(';'));
    const std::string_view bare = word.substr(0, word.find('['));
    if (word.find("://") != std::string_view::npos
            ? word.starts_with("file:")
            : bare.find('/') != std::string_view::npos || bare.starts_with('.') ||
                  bare.starts_with("file:") || is_package_archive(bare))
      add_place(word, path, bare.starts_with('.') || bare.starts_with("file:"));
  }

  void add_place(std::string_view name, const std::string& path, bool certain) {
    if (name.size() > 1 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front())
      name = name.substr(1, name.size() - 2);
    const bool is_remote = name.find("://") != std::string_view::npos && !name.starts_with("file:");
    name = name.substr(0, name.find('['));
    if (name == "." || name == "./") {
      found_.project = true;
    } else if (!is_remote && !name.empty()) {
      found_.places.push_back({.name = std::string(name), .list = path, .certain = certain});
    }
  }

  static std::string_view folder_of(std::string_view path) { return text::parent_path(path); }

  const BuildContext& context_;
  RequirementsIncludes& found_;
};

// Whether a command of a script in a package.json works on files of the project.
bool reads_sources(const BuildContext& context, std::string_view folder, const shell::Command& command) {
  constexpr std::string_view kRunners[] = {"npm", "yarn", "pnpm", "bun"};
  constexpr std::string_view kCompilers[] = {"tsc", "make", "turbo", "lerna", "nx", "rollup", "webpack"};
  const auto words = shell::invocation(command);
  if (words.empty()) return false;
  const std::string_view program = shell::program_of(words);
  if (std::ranges::find(kCompilers, program) != std::end(kCompilers)) return true;
  if (std::ranges::find(kRunners, program) != std::end(kRunners) && words.size() > 1) return true;
  return std::ranges::any_of(words, [&](const shell::Word& word) {
    if (word.text.starts_with('-') || word.text.starts_with('/')) return false;
    const std::string path = text::join_path(folder, word.text);
    return context.files.find(path) != nullptr || context.files.find(path + ".js") != nullptr;
  });
}

}  // namespace

bool is_package_archive(std::string_view name) {
  constexpr auto kEndings =
      std::to_array<std::string_view>({".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"});
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

RequirementsIncludes included_by(const BuildContext& context, const std::string& path) {
  RequirementsIncludes found;
  Requirements(context, found).add_list(path);
  std::erase(found.files, path);
  return found;
}

namespace {

bool has_path(const YAML::Node& versions) {
  if (versions.IsScalar()) {
    const std::string& text = versions.Scalar();
    return !text.empty() && (text[0] == '.' || text[0] == '/' || text[0] == '~') &&
           text.find('/') != std::string::npos;
  }
  return versions.IsMap() && std::any_of(versions.begin(), versions.end(),
                                         [](const auto& entry) { return has_path(entry.second); });
}

}  // namespace

bool has_local_dependency(const std::string& package_json) {
  constexpr auto kPaths = std::to_array<std::string_view>({"\"./", "\"../", "\"/", "\"~/"});
  if (std::ranges::none_of(
          kPaths, [&](std::string_view start) { return package_json.find(start) != std::string::npos; }))
    return false;
  try {
    const YAML::Node root = YAML::Load(package_json);
    if (!root.IsMap()) return false;
    for (const char* name : {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies",
                             "overrides", "resolutions"}) {
      const YAML::Node versions = root[name];
      if (versions.IsDefined() && has_path(versions)) return true;
    }
    return false;
  } catch (const YAML::Exception&) {
    return true;
  }
}

std::optional<std::vector<std::string>> install_scripts(const PackageManager& manager,
                                                        std::string_view package_json) {
  const nlohmann::json root = text::parse_json(package_json);
  if (!root.is_object()) return std::nullopt;
  std::vector<std::string> found;
  const auto scripts = root.find("scripts");
  if (scripts == root.end() || !scripts->is_object()) return found;
  for (const auto& [name, command] : scripts->items()) {
    if (command.is_string() && text::is_one_of(name, manager.scripts))
      found.push_back(command.get_ref<const std::string&>());
  }
  return found;
}

bool read_sources(const BuildContext& context, std::string_view folder,
                  const std::vector<std::string>& scripts) {
  return std::ranges::any_of(scripts, [&](const std::string& script) {
    text::Arena texts;
    return std::ranges::any_of(shell::split(script, texts), [&](const shell::Command& command) {
      return reads_sources(context, folder, command);
    });
  });
}

}  // namespace dcache::rules
