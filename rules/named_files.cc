#include "rules/named_files.h"

#include <algorithm>
#include <array>
#include <optional>

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "dcache/text/glob.h"
#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/toml.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/go_module.h"
#include "rules/plain_programs.h"
#include "rules/workspaces.h"

namespace dcache::rules {
namespace {

using context::Type;
using text::piece;

bool is_remote(std::string_view name) {
  return name.find("://") != std::string_view::npos && !name.starts_with("file:");
}

// A path of a URL with the scheme "file": "libs/a" of "file:libs/a", "/app/a" of "file:///app/a".
std::string_view without_scheme(std::string_view name) {
  if (!name.starts_with("file:")) return name;
  name.remove_prefix(5);
  if (name.starts_with("//")) name.remove_prefix(2);
  return name.substr(0, name.find('#'));
}

// Looks names up in the context, and keeps what it finds.
class NameSearch {
 public:
  NameSearch(const NamingInstall& install, NamedFiles& found) : install_(install), found_(found) {}

  // A file, by a name that is relative to `base`, a folder of the context. False for anything else.
  bool add_file(std::string_view base, std::string_view name) {
    const std::string path = path_of(base, name);
    const context::Record* record = path.empty() ? nullptr : install_.context.files.find(path);
    if (record == nullptr || record->type == Type::kFolder) return false;
    keep(found_.files, path);
    return true;
  }

  // The same of a file or a folder. A folder around the install is all of the project, and does not count.
  bool add(std::string_view base, std::string_view name) {
    if (add_file(base, name)) return true;
    const std::string path = path_of(base, name);
    const context::Record* record = path.empty() ? nullptr : install_.context.files.find(path);
    if (record == nullptr || record->type != Type::kFolder) return false;
    if (text::is_within(folder(), path)) return false;
    keep(found_.folders, path);
    return true;
  }

  // All files that a pattern means.
  bool add_matches(std::string_view base, std::string_view pattern) {
    if (!text::has_wildcard(pattern)) return add_file(base, pattern);
    bool any = false;
    for (const context::Record& record : install_.context.files.records()) {
      if (record.type == Type::kFolder || !matches(text::join_path(base, pattern), record.path)) continue;
      keep(found_.files, record.path);
      any = true;
    }
    return any;
  }

  // One that there is no install without.
  void need(std::string_view base, std::string_view name) {
    if (!add(base, name)) lacks(name);
  }
  // The same, of one that was looked up. What the COPY does not bring is there before.
  void lacks(std::string_view name) {
    const bool is_outside =
        name.starts_with('/') && !text::is_within(text::clean_path(name), install_.copy.step->destination);
    found_.missing = found_.missing || !is_outside;
  }

  std::string_view folder() const { return install_.folder.substr(1); }

 private:
  static void keep(std::vector<std::string>& paths, const std::string& path) {
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  }

  // As text::glob_match, folder by folder.
  static bool matches(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
      const std::string_view part = pattern.substr(0, pattern.find('/'));
      const std::string_view name = path.substr(0, path.find('/'));
      if (!text::glob_match(part, name)) return false;
      pattern.remove_prefix(std::min(part.size() + 1, pattern.size()));
      path.remove_prefix(std::min(name.size() + 1, path.size()));
    }
    return pattern.empty() && path.empty();
  }

  std::string path_of(std::string_view base, std::string_view name) const {
    if (name.empty() || name.find_first_of("$*?") != std::string_view::npos) return {};
    std::string path = name.starts_with('/') ? named_file(name, install_.folder, install_.copy)
                                             : text::join_path(base, name);
    return path == "." || path.starts_with("..") ? std::string() : path;
  }

  const NamingInstall& install_;
  NamedFiles& found_;
};

// The folder of a file, as a path in the context: "" for its root.
std::string_view folder_of(std::string_view path) {
  const std::string_view folder = text::parent_path(path);
  return folder == "." ? std::string_view() : folder;
}

// The beginnings of paths that mean the folder of the project.
std::string_view without_root(std::string_view name) {
  constexpr auto kRoots = std::to_array<std::string_view>(
      {"#{__dir__}/", "$rootDir/", "${rootDir}/", "$projectDir/", "${projectDir}/",
       "${rootProject.projectDir}/", "${project.basedir}/", "${basedir}/",
       "${maven.multiModuleProjectDirectory}/", "${session.rootDirectory}/", "$(MSBuildThisFileDirectory)",
       "$(MSBuildProjectDirectory)/"});
  for (const std::string_view root : kRoots) {
    if (name.starts_with(root)) return name.substr(root.size());
  }
  return name;
}

// A program may read what its texts name. One that is known to read something has to name it.
void add_named_by_program(NameSearch& search, std::string_view path, const std::string& text, bool reads,
                          NamedFiles& found) {
  constexpr auto kEndings =
      std::to_array<std::string_view>({"", ".rb", ".js", ".cjs", ".mjs", ".json", ".exs", ".ex"});
  bool any = false;
  for (const std::string& word : quoted_words(text)) {
    const std::string_view name = without_root(word);
    if (name.empty() || is_remote(name)) continue;
    any = std::ranges::any_of(kEndings,
                              [&](std::string_view ending) {
                                return search.add_file(folder_of(path), std::string(name).append(ending));
                              }) ||
          any;
  }
  found.missing = found.missing || (!any && reads);
}

// A line of a program without the texts in it, which may be the names of tasks.
std::string without_texts(std::string_view line) {
  std::string code;
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"' || line[at] == '\'') at = std::min(line.find(line[at], at + 1), line.size());
    if (at < line.size()) code += line[at];
  }
  return code;
}

// A dependency with a `path:` is a folder with a mix.exs, and so is each folder of an umbrella project. Other
// files are read by calls such as File.read!, and by an alias that takes the place of `deps.get`.
void add_named_by_mix(NameSearch& search, std::string_view path, const std::string& text, NamedFiles& found) {
  constexpr std::string_view kName = "mix.exs";
  std::string code, reading;
  std::string_view lines = text;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (text::trim_left(line).starts_with('#')) continue;
    code.append(line).append("\n");
    if (reads_files(without_texts(line)) || line.find("deps.get") != std::string_view::npos)
      reading.append(line).append("\n");
  }
  static const RE2 kPath(R"re(\b(apps_)?path:\s*(?:"([^"\n#]*)"|))re");
  re2::StringPiece rest = piece(code);
  std::string of_apps, place;
  while (RE2::FindAndConsume(&rest, kPath, &of_apps, &place)) {
    const std::string file = text::join_path(place, of_apps.empty() ? kName : "*/mix.exs");
    // What it is only the build knows.
    if (place.empty()) found.missing = true;
    if (!place.empty() && !search.add_matches(folder_of(path), file)) search.lacks(place);
  }
  if (!is_plain_mix_file(text)) add_named_by_program(search, path, reading, reads_files(reading), found);
}

void add_named_by_gradle(NameSearch& search, std::string_view path, const std::string& text,
                         NamedFiles& found) {
  add_named_by_program(search, path, text, false, found);
  static const RE2 kPart(
      R"re(\bincludeBuild\s*\(?\s*["']([^"'\n]+)["']|\bapply\s*\(?\s*from\s*[:=]\s*["']([^"'\n]+)["'])re");
  re2::StringPiece rest = piece(text);
  std::string build, script;
  while (RE2::FindAndConsume(&rest, kPart, &build, &script)) {
    const std::string_view name = build.empty() ? script : build;
    if (!is_remote(name)) search.need(folder_of(path), without_root(name));
  }
}

// The values of settings that are one to a line: `key=value`, `key: value`, `key "value"`.
void add_named_by_lines(NameSearch& search, std::string_view path, std::string_view text, NamedFiles& found) {
  static const RE2 kLine(R"re(\s*"?([\w.:@/-]+?)"?\s*[=:\s]\s*["']?([^"'#\s]+)["']?\s*)re");
  bool patches_found = false;
  bool has_patches = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    has_patches = has_patches || line.find("patchedDependencies") != std::string_view::npos;
    patches_found = patches_found || line.find("patches/") != std::string_view::npos;
    std::string key, value;
    if (!RE2::FullMatch(piece(line), kLine, &key, &value) || is_remote(value)) continue;
    const bool is_mirror = key.ends_with("offline-mirror");
    const bool is_there =
        is_mirror ? search.add(folder_of(path), value) : search.add_file(folder_of(path), value);
    patches_found = patches_found || (is_there && value.ends_with(".patch"));
    if (!is_there && (is_mirror || key == "cafile")) search.lacks(value);
  }
  found.missing = found.missing || (has_patches && !patches_found);
}

using Json = nlohmann::json;

const Json& member(const Json& object, const char* name) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

// What plugins of Composer are told: files in all of it, patterns where those of other manifests are.
void add_texts(NameSearch& search, std::string_view base, const Json& value, bool patterns) {
  if (value.is_string()) {
    const std::string& name = value.get_ref<const std::string&>();
    if (is_remote(name)) return;
    if (patterns) {
      search.add_matches(base, name);
    } else {
      search.add_file(base, name);
    }
  } else if (value.is_structured()) {
    for (const Json& one : value)
      add_texts(search, base, one, patterns);
  }
}

void add_named_by_composer(NameSearch& search, std::string_view path, const std::string& text) {
  const Json root = text::parse_json(text);
  const std::string_view base = folder_of(path);
  const Json& extra = member(root, "extra");
  add_texts(search, base, extra, false);
  add_texts(search, base, member(extra, "merge-plugin"), true);
  add_texts(search, base, member(root, "patches"), false);  // of a file that `extra` names
  const Json& repositories = member(root, "repositories");
  if (!repositories.is_structured()) return;
  for (const Json& one : repositories) {
    const Json& url = member(one, "url");
    if (!url.is_string()) continue;
    const std::string& name = url.get_ref<const std::string&>();
    const Json& type = member(one, "type");
    const bool is_folder = type == "path" || type == "artifact";
    if (is_remote(name) || (!is_folder && name.find('@') != std::string::npos)) continue;
    const size_t wildcard = name.find('*');
    const std::string_view place = without_scheme(name);
    if (wildcard == std::string::npos) {
      search.need(base, place);
    } else {
      search.need(base, std::string_view(name).substr(0, wildcard));
    }
  }
}

class TomlNames {
 public:
  TomlNames(NameSearch& search, std::string_view base) : search_(search), base_(base) {}

  // Packages that are folders or archives, wherever they are in a table.
  void packages(const toml::node* node) {
    if (node == nullptr) return;
    if (const toml::table* table = node->as_table()) {
      for (const auto& [key, value] : *table) {
        const auto text = value.value<std::string>();
        const bool names_file =
            std::string_view(key.str()) == "path" || std::string_view(key.str()) == "file";
        if (text && (names_file || text->starts_with("file:"))) search_.need(base_, without_scheme(*text));
        packages(&value);
      }
    } else if (const toml::array* array = node->as_array()) {
      for (const toml::node& one : *array) {
        const auto text = one.value<std::string>();
        if (text) direct(*text);
        packages(&one);
      }
    }
  }

  // Servers of packages, or folders in their place.
  void places(const toml::node* node) {
    if (node == nullptr) return;
    if (const auto text = node->value<std::string>()) {
      if (!is_remote(*text)) search_.need(base_, without_scheme(*text));
    } else if (const toml::array* array = node->as_array()) {
      for (const toml::node& one : *array) {
        const toml::table* table = one.as_table();
        places(table == nullptr ? &one : table->get("url"));
      }
    }
  }

 private:
  // "a @ file:///app/a"
  void direct(std::string_view requirement) {
    const size_t at = requirement.find("file:");
    if (at != std::string_view::npos) search_.need(base_, without_scheme(requirement.substr(at)));
  }

  NameSearch& search_;
  std::string_view base_;
};

void add_named_by_uv(TomlNames& names, const toml::table* uv) {
  if (uv == nullptr) return;
  names.packages(uv->get("sources"));
  for (const char* key : {"find-links", "index-url", "extra-index-url", "index"})
    names.places(uv->get(key));
  if (const toml::node* pip = uv->get("pip"); pip != nullptr && pip->is_table())
    add_named_by_uv(names, pip->as_table());
}

void add_named_by_python(NameSearch& search, std::string_view path, const std::string& text, const Use& use,
                         NamedFiles& found) {
  const toml::table root = text::parse_toml(text);
  TomlNames names(search, folder_of(path));
  const std::string_view name = text::base_name(path);
  if (name == "uv.toml") return add_named_by_uv(names, &root);
  if (name == "Pipfile") {
    for (const auto& [key, value] : root) {
      if (std::string_view(key.str()) == "source") {
        names.places(&value);
      } else {
        names.packages(&value);
      }
    }
    return;
  }
  const toml::node* tool = root.get("tool");
  const toml::table* tools = tool == nullptr ? nullptr : tool->as_table();
  if (tools != nullptr) {
    const toml::node* uv = tools->get("uv");
    add_named_by_uv(names, uv == nullptr ? nullptr : uv->as_table());
    if (const toml::node* poetry = tools->get("poetry"); poetry != nullptr && poetry->is_table()) {
      const toml::table& table = *poetry->as_table();
      for (const char* key : {"dependencies", "dev-dependencies", "group"})
        names.packages(table.get(key));
      names.places(table.get("source"));
    }
  }
  const toml::node* project = root.get("project");
  if (project != nullptr && project->is_table()) {
    names.packages(project->as_table()->get("dependencies"));
    names.packages(project->as_table()->get("optional-dependencies"));
    // What the dependencies are, its own build says.
    const toml::node* dynamic = project->as_table()->get("dynamic");
    const toml::array* parts = dynamic == nullptr ? nullptr : dynamic->as_array();
    const bool open = parts != nullptr && std::ranges::any_of(*parts, [](const toml::node& one) {
                        return one.value_or(std::string()).ends_with("dependencies");
                      });
    if (open && use.manager->name == "uv" && !shell::has_word(use.arguments, "--frozen"))
      found.missing = true;
  }
  names.packages(root.get("dependency-groups"));
}

// The tables of a Cargo.toml that list packages.
void add_crates(NameSearch& search, std::string_view base, const toml::table& table, NamedFiles& found) {
  for (const char* key : {"dependencies", "dev-dependencies", "build-dependencies"}) {
    const toml::node* node = table.get(key);
    if (node == nullptr || !node->is_table()) continue;
    for (const auto& [name, value] : *node->as_table()) {
      const toml::table* crate = value.as_table();
      const auto place = crate == nullptr ? std::nullopt : (*crate)["path"].value<std::string>();
      if (place && !search.add_file(base, text::join_path(*place, "Cargo.toml"))) found.missing = true;
    }
  }
}

void add_named_by_cargo(NameSearch& search, std::string_view path, const std::string& text,
                        NamedFiles& found) {
  const toml::table root = text::parse_toml(text);
  const std::string_view base = folder_of(path);
  add_crates(search, base, root, found);
  if (const toml::table* workspace = root["workspace"].as_table())
    add_crates(search, base, *workspace, found);
  if (const toml::table* targets = root["target"].as_table()) {
    for (const auto& [name, target] : *targets) {
      if (target.is_table()) add_crates(search, base, *target.as_table(), found);
    }
  }
  // Targets that it names have to be there.
  const auto package = root["package"];
  const auto is_off = [&](const char* key) { return package[key].value_or(true) == false; };
  found.wants_parts =
      found.wants_parts || package["default-run"].is_string() || package["links"].is_string() ||
      package["build"].is_string() || is_off("autolib") ||
      std::ranges::any_of(std::to_array<const char*>({"lib", "bin", "example", "test", "bench"}),
                          [&](const char* key) { return root.contains(key); });
}

// Crates that come from a folder.
void add_named_by_cargo_settings(const std::string& text, NamedFiles& found) {
  static const RE2 kFolder(R"re((?m)^\s*"?(?:directory|local-registry|paths|include)"?\s*=)re");
  found.missing = found.missing || RE2::PartialMatch(text, kFolder);
}

// A section of sources may name a folder in one word. Elsewhere only a slash tells.
void add_named_by_nuget(NameSearch& search, std::string_view path, const std::string& text) {
  static const RE2 kSection(
      R"re((?is)<(?:packageSources|fallbackPackageFolders)\s*>(.*?)</(?:packageSources|fallbackPackageFolders)\s*>)re");
  static const RE2 kSource(R"re((?is)<add\s[^>]*?\bvalue\s*=\s*["']([^"']*)["'])re");
  const auto add_sources = [&](std::string_view part, bool in_section) {
    re2::StringPiece sources = piece(part);
    std::string value;
    while (RE2::FindAndConsume(&sources, kSource, &value)) {
      std::ranges::replace(value, '\\', '/');
      if (value.find(':') == std::string::npos && (in_section || value.find('/') != std::string::npos))
        search.need(folder_of(path), value);
    }
  };
  re2::StringPiece rest = piece(text);
  std::string section;
  while (RE2::FindAndConsume(&rest, kSection, &section))
    add_sources(section, true);
  add_sources(text, false);
}

void add_named_by_msbuild(NameSearch& search, std::string_view path, const std::string& text,
                          NamedFiles& found) {
  static const RE2 kImport(R"re((?is)<Import\s([^>]*)>)re");
  static const RE2 kProject(R"re((?i)\bProject\s*=\s*["']([^"']*)["'])re");
  static const RE2 kSource(R"re((?i)<Restore(?:AdditionalProject)?Sources>|<RestoreConfigFile>)re");
  re2::StringPiece rest = piece(text);
  std::string attributes, project;
  while (RE2::FindAndConsume(&rest, kImport, &attributes)) {
    // Those of an SDK are there.
    if (!RE2::PartialMatch(attributes, kProject, &project) || attributes.find("Sdk=") != std::string::npos)
      continue;
    std::ranges::replace(project, '\\', '/');
    if (!search.add_file(folder_of(path), without_root(project))) found.missing = true;
  }
  found.missing = found.missing || RE2::PartialMatch(text, kSource);
}

void add_named_by_pom(NameSearch& search, std::string_view path, const std::string& text, NamedFiles& found) {
  static const RE2 kParent(R"re(<relativePath>\s*(?:[^<\s]*[^<\s/.])\s*</relativePath>)re");
  static const RE2 kFile(R"re(<systemPath>\s*([^<\s]+)\s*<|<url>\s*file:/*([^<\s]+)\s*<)re");
  if (RE2::PartialMatch(text, kParent) && text.find("../pom.xml</relativePath>") == std::string::npos)
    found.missing = true;
  re2::StringPiece rest = piece(text);
  std::string archive, folder;
  while (RE2::FindAndConsume(&rest, kFile, &archive, &folder))
    search.need(folder_of(path), without_root(archive.empty() ? folder : archive));
}

// The words of .mvn/maven.config and .mvn/jvm.config, from the folder around .mvn.
void add_named_by_maven_options(NameSearch& search, std::string_view path, std::string_view text) {
  const std::string_view base = folder_of(folder_of(path));
  while (!(text = text::trim_left(text)).empty()) {
    std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
    text.remove_prefix(word.size());
    search.add_file(base, without_root(word));
    search.add_file(base, without_root(word.substr(std::min(word.find_first_of("=:") + 1, word.size()))));
  }
}

// Options after which is a file that is made, or a folder for it.
constexpr auto kMakes =
    std::to_array<std::string_view>({"-t", "--target", "--prefix", "--root", "--src", "-w", "--wheel-dir",
                                     "-d", "--dest", "--log", "--report", "--cache-dir", "--python", "-p",
                                     "--cache-folder", "--modules-folder", "--store-dir", "--packages"});
// Options after which is a folder or a server to read packages from, or a project.
constexpr auto kReadsFrom =
    std::to_array<std::string_view>({"-f", "--find-links", "-i", "--index-url", "--extra-index-url", "-e",
                                     "--editable", "--index", "--default-index"});

}  // namespace

void add_named_by(const NamingInstall& install, const std::string& path, const std::string& text,
                  NamedFiles& found) {
  NameSearch search(install, found);
  const std::string_view name = text::base_name(path);
  const auto is_any = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  try {
    if (is_any({".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"}))
      add_named_by_lines(search, path, text, found);
    if (install.use.manager->name == "composer" && name.ends_with(".json"))
      add_named_by_composer(search, path, text);
    if (is_any({"pyproject.toml", "Pipfile", "uv.toml"}))
      add_named_by_python(search, path, text, install.use, found);
    if (name == "Cargo.toml") add_named_by_cargo(search, path, text, found);
    if (text::base_name(folder_of(path)) == ".cargo") add_named_by_cargo_settings(text, found);
  } catch (const toml::parse_error&) {
    found.missing = true;
  }
  if (text::equals_ignoring_case(name, "nuget.config")) add_named_by_nuget(search, path, text);
  if (name.ends_with("proj") || name.ends_with(".props") || name.ends_with(".targets"))
    add_named_by_msbuild(search, path, text, found);
  if (name == "pom.xml") add_named_by_pom(search, path, text, found);
  if (is_any({"maven.config", "jvm.config"})) add_named_by_maven_options(search, path, text);
  if (is_any({".pnpmfile.cjs", ".pnpmfile.mjs", "pnpmfile.js"})) {
    static const RE2 kReads(R"re(\brequire\s*\(\s*["'`][./]|\bfs\b|__dirname|\bimport\b)re");
    add_named_by_program(search, path, text, RE2::PartialMatch(text, kReads), found);
  }
  if (name.ends_with(".gradle") || name.ends_with(".gradle.kts"))
    add_named_by_gradle(search, path, text, found);
  const bool is_gemfile = name == "Gemfile" || (name.starts_with("Gemfile.") && name != "Gemfile.lock");
  if (is_gemfile && !is_plain_gemfile(text))
    add_named_by_program(search, path, text, reads_files(text), found);
  if (name == "mix.exs") add_named_by_mix(search, path, text, found);
}

bool add_place(const NamingInstall& install, std::string_view base, std::string_view name,
               NamedFiles& found) {
  return NameSearch(install, found).add(base, without_scheme(name));
}

void add_named_by_command(const NamingInstall& install, NamedFiles& found) {
  using Installs = Action::Installs;
  if (install.use.action->installs == Installs::kImplied) return;
  NameSearch search(install, found);
  const std::span<const shell::Word> words = install.use.arguments;
  const bool lists = install.use.action->installs == Installs::kFiles;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].literal) continue;
    const std::string_view word = words[i].text;
    const std::string_view option = word.substr(0, word.find('='));
    std::string_view value = word;
    if (word.starts_with('-')) {
      value = word.substr(std::min(option.size() + 1, word.size()));
      const bool has_value = option.size() < word.size();
      if (text::is_one_of(option, kMakes)) {
        if (!has_value) ++i;
        continue;
      }
      if (lists && text::is_one_of(option, kReadsFrom)) {
        if (!has_value && ++i < words.size()) value = words[i].text;
        value = without_scheme(value.substr(0, value.find('[')));
        if (value == ".") found.missing = true;
        if (!is_remote(value)) search.add(search.folder(), value);
        continue;
      }
      search.add_file(search.folder(), value);
      continue;
    }
    if (is_remote(word)) continue;
    if (lists && (word == "." || word.starts_with(".["))) found.missing = true;
    const std::string_view place = without_scheme(word.substr(0, word.find('[')));
    if (lists &&
        (word.find('/') != std::string_view::npos || is_package_archive(word.substr(0, word.find('['))))) {
      search.add(search.folder(), place);
    } else if (i > 0 && words[i - 1].text.starts_with('-')) {
      search.add_file(search.folder(), place);
    }
  }
}

void add_named_by_variables(const NamingInstall& install, NamedFiles& found) {
  const plan::Step* step = install.use.step;
  if (step == nullptr || !step->environment) return;
  NameSearch search(install, found);
  for (const plan::Variable* variable : step->environment->variables()) {
    if (!is_about_installs(variable->name) || variable->name == "NODE_ENV") continue;
    const bool names_folders = variable->name.ends_with("FIND_LINKS");
    std::string_view value = variable->value;
    while (!(value = text::trim_left(value)).empty()) {
      std::string_view word = value.substr(0, value.find(' '));
      value.remove_prefix(word.size());
      if (is_remote(word)) continue;
      if (names_folders) {
        search.add(search.folder(), word);
      } else if (!search.add_file(search.folder(), word)) {
        search.add_file(search.folder(), word.substr(std::min(word.find('=') + 1, word.size())));
      }
    }
  }
}

void add_settings(const NamingInstall& install, NamedFiles& found) {
  constexpr auto kOfAll =
      std::to_array<std::string_view>({"~/.netrc", "~/.gitconfig", "~/.config/git", "~/.git-credentials",
                                       "~/.ssh", "/etc/gitconfig", "/etc/ssh/ssh_config"});
  const plan::Step* step = install.use.step;
  if (step == nullptr) return;
  const std::string& destination = install.copy.step->destination;
  std::vector<std::string> homes;
  if (auto home = path_in("~", *step)) homes.push_back(std::move(*home));
  // Only the image knows where another user is at home.
  const bool is_known = step->environment && step->environment->get("HOME");
  if (!is_known && !owner_of(*step).is_root()) homes.push_back(destination);
  const auto add = [&](std::string_view name) {
    for (const std::string& home : name.starts_with('~') ? homes : std::vector<std::string>{""}) {
      const std::string path = named_file(home + std::string(name.substr(name.starts_with('~') ? 1 : 0)),
                                          install.folder, install.copy);
      if (path.empty()) continue;
      for (const context::Record& record : install.context.files.below(path)) {
        if (record.type != Type::kFolder && std::ranges::find(found.files, record.path) == found.files.end())
          found.files.push_back(record.path);
      }
      if (const context::Record* record = install.context.files.find(path);
          record != nullptr && record->type != Type::kFolder)
        found.files.push_back(path);
    }
  };
  std::ranges::for_each(install.use.manager->settings, add);
  std::ranges::for_each(kOfAll, add);
}

bool is_about_installs(std::string_view variable) {
  constexpr auto kParts = std::to_array<std::string_view>(
      {"PIP_",    "UV_",           "POETRY_", "PIPENV_",   "NPM_",       "npm_",    "YARN_",
       "NODE_",   "BUNDLE_",       "GEM_",    "COMPOSER",  "CARGO_",     "GOFLAGS", "GOPROXY",
       "MIX_",    "HEX_",          "CERT",    "CA_BUNDLE", "APT_",       "PNPM_",   "XDG_CONFIG",
       "NETRC",   "GIT_",          "CONDA",   "NUGET_",    "MAVEN_",     "GRADLE_", "RUBYOPT",
       "RUBYLIB", "PYTHONSTARTUP", "GOENV",   "ERL_",      "PYTHONPATH", "BASH_ENV"});
  return std::ranges::any_of(
      kParts, [&](std::string_view part) { return variable.find(part) != std::string_view::npos; });
}

std::string named_file(std::string_view name, std::string_view folder, const BroadCopy& copy) {
  name = without_scheme(name);
  if (!name.starts_with('/')) return text::clean_path(in_folder(folder, name));
  const std::string place = text::clean_path(name);
  const std::string& destination = copy.step->destination;
  if (!text::is_within(place, destination) || copy.source->wildcard) return {};
  const std::string below(
      place.substr(destination == "/" ? 1 : std::min(destination.size() + 1, place.size())));
  return text::join_path(copy.source->path, below).substr(1);
}

}  // namespace dcache::rules
