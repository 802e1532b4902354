#include "rules/install_manifests.h"

#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "dcache/cache/selection.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
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
constexpr std::array<FolderOptions, 15> kFolderOptions = {{{"npm", {"--prefix", "-C"}},
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
                                                           {"mix", {}}}};

bool names_folder(const Use& use) {
  const auto known = std::ranges::find(kFolderOptions, use.manager->name, &FolderOptions::manager);
  return known != kFolderOptions.end() &&
         std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           const std::string_view option = word.text.substr(0, word.text.find('='));
           return !option.empty() && std::ranges::find(known->options, option) != known->options.end();
         });
}

// How many modules a go.mod takes from folders.
size_t local_replacements(std::string_view go_mod) {
  size_t count = 0;
  for (size_t at = go_mod.find("=> ."); at != std::string_view::npos; at = go_mod.find("=> .", at + 1))
    ++count;
  return count;
}

// Other modules of the project that a go.mod takes from folders: their go.mod files.
std::vector<std::string> local_modules(const lint::BuildContext& context, std::string_view folder,
                                       std::string_view go_mod) {
  std::vector<std::string> found;
  while (!go_mod.empty()) {
    const std::string_view line = go_mod.substr(0, go_mod.find('\n'));
    go_mod.remove_prefix(std::min(line.size() + 1, go_mod.size()));
    const size_t arrow = line.find("=> .");
    if (arrow == std::string_view::npos) continue;
    const std::string_view place = text::trim(line.substr(arrow + 3));
    std::string path =
        text::clean_path(in_folder(folder, std::string(place.substr(0, place.find(' '))) + "/go.mod"));
    if (context.files.find(path) != nullptr) found.push_back(std::move(path));
  }
  return found;
}

// The path in the context of a file that an install names; empty if it is none of what the COPY brings.
std::string named_file(std::string_view name, std::string_view folder, const BroadCopy& copy) {
  if (!name.starts_with('/')) return text::clean_path(in_folder(folder, name));
  const std::string& destination = copy.step->destination;
  if (!text::is_within(name, destination) || copy.source->wildcard) return {};
  const std::string below(
      name.substr(destination == "/" ? 1 : std::min(destination.size() + 1, name.size())));
  return text::join_path(copy.source->path, below).substr(1);
}

// What the lists of an install say of other files.
void follow_lists(const lint::BuildContext& context, std::string_view folder, const BroadCopy& copy,
                  const Use& use, InstallManifests& found) {
  for (const std::string& name : use.files) {
    const std::string path = named_file(name, folder, copy);
    if (context.files.find(path) == nullptr) continue;
    if (std::ranges::find(found.paths, path) == found.paths.end()) found.paths.push_back(path);
    const Included included = included_by(context, path);
    found.separable = found.separable && !included.missing;
    found.others.insert(found.others.end(), included.files.begin(), included.files.end());
    found.refers = found.refers || included.local;
    found.needs_sources = found.needs_sources || included.project;
  }
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

// Whether a manifest or a file of settings names files that are not known here, so that the install fails or
// gives something else without them.
bool names_other_files(std::string_view path, const std::string& text) {
  const std::string_view name = text::base_name(path);
  const auto holds = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (name == "package.json")
    return has_local_dependency(text) || (holds("patchedDependencies") && !holds("patches/"));
  if (name == "pnpm-workspace.yaml")
    return holds("link:") || holds("file:") || (holds("patchedDependencies") && !holds("patches/"));
  if (name == "package-lock.json" || name == "npm-shrinkwrap.json") return has_local_archive(text);
  if (name == ".yarnrc" || name == ".npmrc") return holds("offline-mirror") || holds("cafile");
  if (name == "pyproject.toml" || name == "Pipfile") {
    static const RE2 kPath(R"re(\bpath\s*=)re");
    return RE2::PartialMatch(text, kPath);
  }
  if (name == "pom.xml") {
    static const RE2 kParent(R"re(<relativePath>\s*(?:[^<\s]*[^<\s/.])\s*</relativePath>)re");
    return RE2::PartialMatch(text, kParent) && !holds("../pom.xml</relativePath>");
  }
  if (name.ends_with("proj") || name.ends_with(".props") || name.ends_with(".targets"))
    return holds("<Import ");
  if (!text::equals_ignoring_case(name, "nuget.config")) return false;
  static const RE2 kFolder(R"re((?i)<add\s[^>]*value="[^":]*[/\\])re");
  return RE2::PartialMatch(text, kFolder);
}

// Whether installing a member of a workspace runs scripts of it, or links programs of it.
bool uses_sources_of_member(std::string_view path, const std::string& text, const PackageManager& manager) {
  return text::base_name(path) == "package.json" &&
         (text.find("\"bin\"") != std::string::npos ||
          std::ranges::any_of(manager.scripts, [&](std::string_view script) {
            return text.find(script) != std::string::npos;
          }));
}

// What the texts of all that is found say of more files.
void look_for_other_files(const lint::BuildContext& context, const Use& use, InstallManifests& found) {
  for (const std::string& path : found.paths) {
    const auto text = context.read(path);
    if (text && names_other_files(path, *text)) found.refers = true;
    if (text::base_name(path) == "package.json" &&
        context.files.find(text::join_path(text::parent_path(path), "binding.gyp")) != nullptr)
      found.refers = true;
  }
  for (const std::string& path : found.others) {
    const auto text = context.read(path);
    if (text && (names_other_files(path, *text) || uses_sources_of_member(path, *text, *use.manager)))
      found.refers = true;
  }
  found.separable = found.separable && !found.refers;
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
void read_manifest(const lint::BuildContext& context, std::string_view folder, std::string_view name,
                   const Use& use, InstallManifests& found) {
  const PackageManager& manager = *use.manager;
  const auto text = context.read(found.paths.back());
  if (!text) {
    found.separable = false;
    return;
  }
  const auto holds = [&](std::string_view word) { return text->find(word) != std::string::npos; };
  const bool ignores_scripts = shell::has_word(use.arguments, "--ignore-scripts");
  found.runs_scripts =
      found.runs_scripts || (!ignores_scripts && std::ranges::any_of(manager.scripts, holds));
  found.needs_sources = found.needs_sources || (found.runs_scripts && name == "package.json" &&
                                                has_script_with_sources(context, folder.substr(1), *text));
  // Of a list that includes others, and of a workspace, these are known.
  if (use.action->installs == Action::Installs::kFiles) return;
  if (name == "go.mod") {
    const size_t replaced = local_replacements(*text);
    found.others = local_modules(context, folder, *text);
    found.separable = found.separable && found.others.size() == replaced;
    return;
  }
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

std::optional<std::string> install_folder(const plan::Graph& graph, const BroadCopy& copy, const Run& run,
                                          const Use& use) {
  std::string folder = work_folder(graph, copy, run);
  for (const shell::Command& command : run.commands) {
    if (&command == use.command) break;
    if (command.program() != "cd") continue;
    if (command.words.size() != 2 || !command.words[1].literal) return std::nullopt;
    const std::string_view to = command.words[1].text;
    folder = text::clean_path(to.starts_with('/') ? std::string(to) : text::join_path(folder, to));
  }
  if (names_folder(use) || !text::is_within(folder, copy.step->destination)) return std::nullopt;
  std::string_view inside = std::string_view(folder).substr(
      copy.step->destination == "/" ? 1 : std::min(copy.step->destination.size() + 1, folder.size()));
  if (copy.source->path == "/*") return inside.empty() ? std::optional<std::string>("/") : std::nullopt;
  return inside.empty() ? copy.source->path : text::join_path(copy.source->path, inside);
}

InstallManifests find_manifests(const lint::BuildContext& context, const std::vector<const Step*>& copies,
                                std::string_view folder, const BroadCopy& copy, const Use& use) {
  InstallManifests found;
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
    read_manifest(context, folder, name, use, found);
  }
  if (use.action->installs == Action::Installs::kFiles) {
    follow_lists(context, folder, copy, use, found);
    found.separable = found.separable && !found.refers;
    return found;
  }
  add_optional(context, folder, *use.manager, found);
  if (use.manager->name == "yarn") add_yarn_itself(context, folder, found);
  add_members(context, folder, copies, use, found);
  look_for_other_files(context, use, found);
  return found;
}

}  // namespace dcache::rules
