#include "rules/install_manifests.h"

#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "dcache/cache/selection.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/go_module.h"
#include "rules/known_facts.h"
#include "rules/named_files.h"
#include "rules/workspaces.h"

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;

// Options of a package manager that name the folder or the manifest of the install.
struct FolderOptions {
  std::string_view manager;
  std::array<std::string_view, 3> options;
};
constexpr std::array<FolderOptions, 17> kFolderOptions = {{{"npm", {"--prefix", "-C"}},
                                                           {"pnpm", {"--dir", "-C"}},
                                                           {"yarn", {"--cwd"}},
                                                           {"bun", {"--cwd"}},
                                                           {"go", {"-C"}},
                                                           {"uv", {"--directory", "--project"}},
                                                           {"poetry", {"--directory", "--project", "-C"}},
                                                           {"conda", {"-f", "--file"}},
                                                           {"cargo", {"--manifest-path", "-C"}},
                                                           {"maven", {"-f", "--file"}},
                                                           {"gradle", {"-p", "--project-dir"}},
                                                           {"bundler", {"--gemfile"}},
                                                           {"composer", {"-d", "--working-dir"}},
                                                           {"pip", {"--target"}},
                                                           {"cabal", {"--project-dir", "--project-file"}},
                                                           {"stack", {"--stack-yaml"}},
                                                           {"mix", {}}}};

bool names_folder(const Use& use) {
  const auto known = std::ranges::find(kFolderOptions, use.manager->name, &FolderOptions::manager);
  return known != kFolderOptions.end() &&
         std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           const std::string_view option = word.text.substr(0, word.text.find('='));
           return !option.empty() && std::ranges::find(known->options, option) != known->options.end();
         });
}

// Other modules of the project that a go.mod or a go.work takes from folders: their go.mod files. Nothing
// where one of them is not there.
std::optional<std::vector<std::string>> local_modules(const NamingInstall& install, std::string_view text) {
  std::vector<std::string> found;
  for (const std::string& place : replaced_by_folders(text)) {
    std::string path = named_file(place + "/go.mod", install.folder, install.copy);
    if (install.context.files.find(path) == nullptr) return std::nullopt;
    found.push_back(std::move(path));
  }
  return found;
}

void add_once(std::vector<std::string>& paths, std::string path) {
  if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
}

void add_local_modules(const NamingInstall& install, std::string_view text, InstallManifests& found) {
  auto modules = local_modules(install, text);
  found.separable = found.separable && modules;
  if (!modules) return;
  for (std::string& path : *modules)
    add_once(found.others, std::move(path));
}

// The places that a list of packages names. They are relative to the list, or to where the install works. Of
// what may be another thing nothing is needed.
void add_places(const NamingInstall& install, const RequirementsIncludes& included, NamedFiles& named) {
  for (const RequirementsIncludes::Place& place : included.places) {
    const bool beside_list = add_place(install, text::parent_path(place.list), place.name, named);
    const bool is_there = add_place(install, install.folder.substr(1), place.name, named) || beside_list;
    named.missing = named.missing || (place.certain && !is_there);
  }
}

// What the lists of an install say of other files. `lists` are paths in the context.
void follow_lists(const NamingInstall& install, std::span<const std::string> lists, InstallManifests& found,
                  NamedFiles& named) {
  for (const std::string& path : lists) {
    const RequirementsIncludes included = included_by(install.context, path);
    found.separable = found.separable && !included.missing;
    for (const std::string& file : included.files)
      add_once(found.others, file);
    found.needs_sources = found.needs_sources || included.project;
    add_places(install, included, named);
  }
}

bool is_list(std::string_view path) {
  return path.ends_with(".txt") || path.ends_with(".in");
}

// Whether a lock file has a package in an archive of the project.
bool has_local_archive(std::string_view lock) {
  constexpr std::string_view kFile = "\"file:";
  for (size_t at = lock.find(kFile); at != std::string_view::npos; at = lock.find(kFile, at + 1)) {
    const size_t end = lock.find('"', at + kFile.size());
    if (lock.substr(0, end).ends_with("gz")) return true;
  }
  return false;
}

// Whether a manifest of the project's packages names files that are not known here, so that the install fails
// or gives something else without them.
bool names_other_files(std::string_view path, const std::string& text) {
  const std::string_view name = text::base_name(path);
  const auto holds = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (name == "package.json")
    return has_local_dependency(text) || (holds("patchedDependencies") && !holds("patches/"));
  if (name == "pnpm-workspace.yaml") return holds("link:") || holds("file:");
  return (name == "package-lock.json" || name == "npm-shrinkwrap.json") && has_local_archive(text);
}

// Whether installing a member of a workspace runs scripts of it, or links programs of it.
bool uses_sources_of_member(std::string_view path, const std::string& text, const PackageManager& manager) {
  if (text::base_name(path) != "package.json") return false;
  const auto scripts = install_scripts(manager, text);
  return !scripts || !scripts->empty() || text.find("\"bin\"") != std::string::npos;
}

// What the texts of all that is found say of more files.
void look_for_other_files(const NamingInstall& install, InstallManifests& found, NamedFiles& named) {
  const lint::BuildContext& context = install.context;
  std::vector<std::string> paths = found.paths;
  paths.insert(paths.end(), found.others.begin(), found.others.end());
  for (const std::string& folder : found.folders) {
    for (const context::Record& record : context.files.below(folder)) {
      if (record.path.ends_with(".config") || record.path.ends_with(".toml")) paths.push_back(record.path);
    }
  }
  size_t followed = 0;
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string path = paths[i];
    if (const auto text = context.read(path)) {
      const bool is_member = i >= found.paths.size();
      found.refers = found.refers || names_other_files(path, *text) ||
                     (is_member && uses_sources_of_member(path, *text, *install.use.manager));
      add_named_by(install, path, *text, named);
    }
    if (i < found.paths.size() && text::base_name(path) == "package.json" &&
        context.files.find(text::join_path(text::parent_path(path), "binding.gyp")) != nullptr)
      found.refers = true;
    for (; followed < named.files.size(); ++followed)
      add_once(paths, named.files[followed]);
  }
}

// Whether a file has a password or a key: a COPY of its own for it would be worse than one of everything.
bool is_credential(const lint::BuildContext& context, std::string_view path) {
  const std::string_view name = text::base_name(path);
  if (text::is_one_of(name, key_files()) || name.ends_with("_rsa") || name.ends_with(".p12") ||
      name.ends_with(".pfx"))
    return true;
  if (!name.ends_with(".pem") && !name.ends_with(".key")) return false;
  const auto text = context.read(path);
  return text && text->find("PRIVATE KEY") != std::string::npos;
}

// What is named comes along, if it can.
void take_along(const NamingInstall& install, NamedFiles& named, InstallManifests& found) {
  const size_t credentials = std::erase_if(
      named.files, [&](const std::string& path) { return is_credential(install.context, path); });
  named.missing = named.missing || credentials > 0;
  const auto is_in_folder = [&](const std::string& path) {
    return std::ranges::any_of(found.folders,
                               [&](const std::string& one) { return text::is_within(path, one); });
  };
  for (const std::string& path : named.folders) {
    if (!is_in_folder(path)) found.folders.push_back(path);
  }
  for (const std::string& path : named.files) {
    if (std::ranges::find(found.paths, path) == found.paths.end()) add_once(found.others, path);
  }
  std::erase_if(found.others, is_in_folder);
  found.refers = found.refers || named.missing;
  found.separable = found.separable && !found.refers && !named.wants_parts;
}

// The manifests of the members of a workspace, as far as one of the copies brings them.
void add_members(const lint::BuildContext& context, std::string_view folder,
                 const std::vector<const Step*>& copies, const Use& use, InstallManifests& found) {
  const auto workspace = workspace_in(context, folder.substr(1), *use.manager);
  if (!workspace) return;
  found.has_members = !workspace->manifests.empty();
  found.open_workspace = !workspace->known;
  found.separable = found.separable && workspace->known;
  for (const std::string& path : workspace->manifests) {
    if (is_taken(context, copies, context.files.find(path))) {
      found.others.push_back(path);
    } else {
      found.separable = false;
    }
  }
}

// What the text of one of the manifests says.
void read_manifest(const NamingInstall& install, std::string_view name, InstallManifests& found) {
  const auto& [context, copy, use, folder] = install;
  const PackageManager& manager = *use.manager;
  const auto text = context.read(found.paths.back());
  if (!text) {
    found.separable = false;
    return;
  }
  const auto holds = [&](std::string_view word) { return text->find(word) != std::string::npos; };
  const bool ignores_scripts = shell::has_word(use.arguments, "--ignore-scripts");
  if (name == "package.json" && !ignores_scripts) {
    const auto scripts = install_scripts(manager, *text);
    found.runs_scripts = found.runs_scripts || !scripts || !scripts->empty();
    found.needs_sources =
        found.needs_sources || (scripts && read_sources(context, folder.substr(1), *scripts));
  }
  // Of a list that includes others, and of a workspace, these are known.
  if (use.action->installs == Action::Installs::kFiles) return;
  if (name == "go.mod") return add_local_modules(install, *text, found);
  const bool refers = std::ranges::any_of(
      manager.inseparable_if, [&](std::string_view word) { return word != "\"workspaces\"" && holds(word); });
  found.refers = found.refers || refers;
  found.separable = found.separable && !refers;
}

// The files that the package manager reads if they are there.
void add_optional(const lint::BuildContext& context, std::string_view folder, const PackageManager& manager,
                  InstallManifests& found) {
  for (const std::string_view name : manager.inseparable_with) {
    if (context.files.find(in_folder(folder, name)) != nullptr)
      found.paths.push_back(in_folder(folder, name));
  }
  for (const std::string_view name : manager.optional) {
    if (text::has_wildcard(name)) {
      for (const context::Record& record : context.files.records()) {
        if (text::glob_match(in_folder(folder, name), record.path)) found.paths.push_back(record.path);
      }
      continue;
    }
    std::string path = in_folder(folder, name);
    const context::Record* record = context.files.find(path);
    if (record == nullptr) continue;
    (record->type == context::Type::kFolder ? found.folders : found.paths).push_back(std::move(path));
  }
}

// The file of Yarn itself, where its settings name one.
void add_yarn_itself(const lint::BuildContext& context, std::string_view folder, InstallManifests& found) {
  for (const std::string_view settings : {".yarnrc.yml", ".yarnrc"}) {
    const auto text = context.read(in_folder(folder, settings));
    if (!text) continue;
    static const RE2 kPath(R"re((?m)^\s*(?:yarnPath:|yarn-path)\s+["']?([^\s"'#]+))re");
    std::string name;
    if (!RE2::PartialMatch(*text, kPath, &name)) continue;
    std::string path = text::clean_path(in_folder(folder, name));
    const bool is_copied = std::ranges::any_of(
        found.folders, [&](const std::string& one) { return text::is_within(path, one); });
    if (is_copied) continue;
    found.separable = found.separable && context.files.find(path) != nullptr;
    found.others.push_back(std::move(path));
  }
}

// `uv pip` reads its settings from the project too.
void add_settings_of_uv(const NamingInstall& install, InstallManifests& found, NamedFiles& named) {
  for (const std::string_view name : {"uv.toml", "pyproject.toml"}) {
    std::string path = in_folder(install.folder, name);
    const auto text = install.context.read(path);
    if (!text || (name != "uv.toml" && text->find("[tool.uv") == std::string::npos)) continue;
    add_named_by(install, path, *text, named);
    add_once(found.others, std::move(path));
  }
}

}  // namespace

std::vector<std::string_view> needed_files(const Use& use) {
  return use.action->installs == Action::Installs::kFiles ? views_of(use.files)
                                                          : views_of(use.manager->manifests);
}

bool is_taken(const lint::BuildContext& context, const std::vector<const Step*>& copies,
              const context::Record* record) {
  return record != nullptr && std::ranges::any_of(copies, [&](const Step* copy) {
           return std::ranges::any_of(copy->reads, [&](const plan::Read& read) {
             return read.origin == plan::Read::Origin::kContext &&
                    cache::takes(context.files, read.selectors, *record);
           });
         });
}

std::string in_folder(std::string_view folder, std::string_view name) {
  return folder == "/" ? std::string(name) : std::string(folder.substr(1)).append("/").append(name);
}

std::string work_folder(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  const std::string_view folder = graph.steps[*run.step].workdir();
  return std::string(folder == "/" ? copy.step->destination : folder);
}

std::optional<std::string> folder_at(std::string folder, const Run& run, const shell::Command& command) {
  for (const shell::Command& before : run.commands) {
    if (&before == &command) break;
    if (before.program() != "cd") continue;
    if (before.words.size() != 2 || !before.words[1].literal) return std::nullopt;
    const std::string_view to = before.words[1].text;
    folder = text::clean_path(to.starts_with('/') ? std::string(to) : text::join_path(folder, to));
  }
  return folder;
}

std::optional<std::string> install_folder(const plan::Graph& graph, const BroadCopy& copy, const Run& run,
                                          const Use& use) {
  const auto folder = folder_at(work_folder(graph, copy, run), run, *use.command);
  if (!folder || names_folder(use) || !text::is_within(*folder, copy.step->destination)) return std::nullopt;
  std::string_view inside = std::string_view(*folder).substr(
      copy.step->destination == "/" ? 1 : std::min(copy.step->destination.size() + 1, folder->size()));
  if (copy.source->path == "/*") return inside.empty() ? std::optional<std::string>("/") : std::nullopt;
  return inside.empty() ? copy.source->path : text::join_path(copy.source->path, inside);
}

InstallManifests find_manifests(const lint::BuildContext& context, const std::vector<const Step*>& copies,
                                std::string_view folder, const BroadCopy& copy, const Use& use) {
  InstallManifests found;
  NamedFiles named;
  const NamingInstall install{.context = context, .copy = copy, .use = use, .folder = folder};
  for (const std::string_view name : needed_files(use)) {
    std::string path = name.starts_with('/') ? std::string() : text::clean_path(in_folder(folder, name));
    if (context.files.find(path) == nullptr) {
      // The root of a workspace of Go need not be a module itself.
      const bool is_workspace =
          name == "go.mod" && context.files.find(in_folder(folder, "go.work")) != nullptr;
      found.separable = found.separable && is_workspace;
      continue;
    }
    found.paths.push_back(std::move(path));
    read_manifest(install, name, found);
  }
  add_named_by_command(install, named);
  add_named_by_variables(install, named);
  if (use.action->installs == Action::Installs::kFiles) {
    for (const std::string& name : use.files) {
      std::string path = named_file(name, folder, copy);
      if (context.files.find(path) != nullptr) add_once(found.paths, std::move(path));
    }
    follow_lists(install, found.paths, found, named);
    std::vector<std::string> lists = named.files;
    std::erase_if(lists, [](const std::string& path) { return !is_list(path); });
    follow_lists(install, lists, found, named);
    if (use.manager->name == "uv") add_settings_of_uv(install, found, named);
  } else {
    add_optional(context, folder, *use.manager, found);
    if (use.manager->name == "yarn") add_yarn_itself(context, folder, found);
    add_members(context, folder, copies, use, found);
    if (use.manager->name == "go") {
      if (const auto work = context.read(in_folder(folder, "go.work")))
        add_local_modules(install, *work, found);
    }
    look_for_other_files(install, found, named);
  }
  add_settings(install, named);
  take_along(install, named, found);
  return found;
}

}  // namespace dcache::rules
