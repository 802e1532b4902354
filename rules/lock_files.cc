#include "rules/lock_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::rules {
namespace {

constexpr std::string_view kNpm[] = {"package-lock.json", "npm-shrinkwrap.json"};
constexpr std::string_view kYarn[] = {"yarn.lock"};
constexpr std::string_view kPnpm[] = {"pnpm-lock.yaml"};
constexpr std::string_view kBun[] = {"bun.lock", "bun.lockb"};
constexpr std::string_view kCargo[] = {"Cargo.lock"};
constexpr std::string_view kUv[] = {"uv.lock"};
constexpr std::string_view kPipenv[] = {"Pipfile.lock"};
constexpr std::string_view kBundler[] = {"Gemfile.lock"};
constexpr std::string_view kMix[] = {"mix.lock"};
constexpr std::string_view kDotnet[] = {"packages.lock.json"};

constexpr std::string_view kUvVariables[] = {"UV_FROZEN=1", "UV_FROZEN=true", "UV_LOCKED=1",
                                             "UV_LOCKED=true"};
constexpr std::string_view kBundlerVariables[] = {"BUNDLE_FROZEN=1", "BUNDLE_FROZEN=true",
                                                  "BUNDLE_DEPLOYMENT=1", "BUNDLE_DEPLOYMENT=true"};

struct LockedInstall {
  std::string_view manager;
  std::string_view word;  // of the sub-command, or an option
  Words files;
  Words variables = {};  // that mean the same
};
constexpr auto kLocked = std::to_array<LockedInstall>({{"npm", "ci", kNpm},
                                                       {"npm", "clean-install", kNpm},
                                                       {"yarn", "--frozen-lockfile", kYarn},
                                                       {"yarn", "--immutable", kYarn},
                                                       {"pnpm", "--frozen-lockfile", kPnpm},
                                                       {"pnpm", "fetch", kPnpm},
                                                       {"bun", "--frozen-lockfile", kBun},
                                                       {"cargo", "--locked", kCargo},
                                                       {"cargo", "--frozen", kCargo},
                                                       {"uv", "--locked", kUv, kUvVariables},
                                                       {"uv", "--frozen", kUv},
                                                       {"pipenv", "sync", kPipenv},
                                                       {"pipenv", "--deploy", kPipenv},
                                                       {"pipenv", "--ignore-pipfile", kPipenv},
                                                       {"bundler", "--frozen", kBundler, kBundlerVariables},
                                                       {"bundler", "--deployment", kBundler},
                                                       {"mix", "--check-locked", kMix},
                                                       {"dotnet", "--locked-mode", kDotnet}});

// What a manifest asks for: versions by the names of packages.
using Wanted = std::map<std::string, std::string, std::less<>>;
using Json = nlohmann::json;

constexpr const char* kInstalledKinds[] = {"dependencies", "devDependencies", "optionalDependencies"};
constexpr const char* kAllKinds[] = {"dependencies", "devDependencies", "optionalDependencies",
                                     "peerDependencies"};

// The member of an object that is one too; empty for none.
const Json& object_in(const Json& object, const std::string& name) {
  static const Json kNone = Json::object();
  if (!object.is_object()) return kNone;
  const auto found = object.find(name);
  return found == object.end() || !found->is_object() ? kNone : *found;
}

Wanted wanted_by(const Json& package, const char* kind) {
  Wanted wanted;
  for (const auto& [name, version] : object_in(package, kind).items())
    wanted[name] = version.is_string() ? version.get_ref<const std::string&>() : std::string();
  return wanted;
}

// Without those that are only expected to be there.
Wanted all_wanted_by(const Json& package) {
  Wanted wanted;
  for (const char* kind : kInstalledKinds)
    wanted.merge(wanted_by(package, kind));
  return wanted;
}

Wanted wanted_in(const YAML::Node& versions) {
  Wanted wanted;
  if (!versions.IsDefined() || !versions.IsMap()) return wanted;
  for (const auto& one : versions) {
    const YAML::Node version = one.second.IsMap() ? one.second["specifier"] : one.second;
    wanted[one.first.Scalar()] = version.IsDefined() && version.IsScalar() ? version.Scalar() : std::string();
  }
  return wanted;
}

// Whether a package.json replaces what its dependencies ask for: not each lock file tells.
bool replaces_packages(const Json& package) {
  return std::ranges::any_of(std::to_array<const char*>({"overrides", "resolutions", "pnpm"}),
                             [&](const char* name) { return package.contains(name); });
}

bool fits_npm(const std::string& manifest, const std::string& lock) {
  const Json package = text::parse_json(manifest);
  const Json locked = text::parse_json(lock);
  if (!package.is_object() || !locked.is_object() || replaces_packages(package)) return false;
  if (all_wanted_by(package).empty() && wanted_by(package, "peerDependencies").empty()) return true;
  const Json& packages = object_in(locked, "packages");
  const Json& root = object_in(packages, "");
  return std::ranges::all_of(
             kAllKinds,
             [&](const char* kind) { return wanted_by(package, kind) == wanted_by(root, kind); }) &&
         std::ranges::all_of(all_wanted_by(package),
                             [&](const auto& one) { return packages.contains("node_modules/" + one.first); });
}

// The lines of a lock file that begin its entries.
template <typename Function>
void for_each_entry(std::string_view lock, Function function) {
  while (!lock.empty()) {
    const std::string_view line = lock.substr(0, lock.find('\n'));
    lock.remove_prefix(std::min(line.size() + 1, lock.size()));
    if (!line.empty() && line.front() != ' ' && line.front() != '#') function(text::trim(line), lock);
  }
}

// `left-pad@^1.0.0, left-pad@^1.1.0:` and the like, with quotes where a name needs them.
bool fits_yarn_1(const Json& package, const std::string& lock) {
  std::set<std::string, std::less<>> entries;
  for_each_entry(lock, [&](std::string_view line, std::string_view) {
    while (!line.empty()) {
      const size_t comma = line.find(", ");
      std::string_view entry = line.substr(0, comma);
      line.remove_prefix(comma == std::string_view::npos ? line.size() : comma + 2);
      if (entry.ends_with(':')) entry.remove_suffix(1);
      if (entry.size() > 1 && entry.front() == '"') entry = entry.substr(1, entry.size() - 2);
      entries.emplace(entry);
    }
  });
  return std::ranges::all_of(all_wanted_by(package),
                             [&](const auto& one) { return entries.contains(one.first + "@" + one.second); });
}

// Its entry for the project itself lists what the manifest asked for.
bool fits_modern_yarn(const Json& package, const std::string& lock) {
  constexpr std::string_view kEndOfRoot = "@workspace:.\":";
  constexpr std::string_view kFromNpm = "npm:";
  std::optional<Wanted> locked;
  for_each_entry(lock, [&](std::string_view line, std::string_view rest) {
    if (!line.ends_with(kEndOfRoot)) return;
    locked = wanted_in(YAML::Load(std::string(rest.substr(0, rest.find("\n\n"))))["dependencies"]);
  });
  if (!locked) return false;
  for (auto& [name, version] : *locked) {
    if (version.starts_with(kFromNpm)) version.erase(0, kFromNpm.size());
  }
  return *locked == all_wanted_by(package);
}

bool fits_yarn(const std::string& manifest, const std::string& lock) {
  const Json package = text::parse_json(manifest);
  if (!package.is_object() || replaces_packages(package)) return false;
  if (all_wanted_by(package).empty()) return true;
  return lock.find("__metadata:") == std::string::npos ? fits_yarn_1(package, lock)
                                                       : fits_modern_yarn(package, lock);
}

bool fits_pnpm(const std::string& manifest, const std::string& lock) {
  const Json package = text::parse_json(manifest);
  if (!package.is_object() || replaces_packages(package)) return false;
  if (all_wanted_by(package).empty()) return true;
  // What the project asks for comes first.
  const YAML::Node root = YAML::Load(lock.substr(0, lock.find("\npackages:")));
  if (!root.IsMap()) return false;
  const YAML::Node specifiers = root["specifiers"];
  if (specifiers.IsDefined()) return wanted_in(specifiers) == all_wanted_by(package);
  const YAML::Node importers = root["importers"];
  const YAML::Node project = importers.IsDefined() && importers.IsMap() ? importers["."] : root;
  return project.IsDefined() && project.IsMap() &&
         std::ranges::all_of(kInstalledKinds, [&](const char* kind) {
           return wanted_in(project[kind]) == wanted_by(package, kind);
         });
}

bool fits_bun(const std::string& manifest, const std::string& lock) {
  const Json package = text::parse_json(manifest);
  if (!package.is_object() || replaces_packages(package)) return false;
  // It has commas before closing brackets, which YAML allows and JSON does not.
  const size_t packages = lock.find("\n  \"packages\"");
  if (packages == std::string::npos) return all_wanted_by(package).empty() && !lock.empty();
  const YAML::Node project = YAML::Load(lock.substr(0, packages) + "}")["workspaces"][""];
  return project.IsDefined() && project.IsMap() && std::ranges::all_of(kAllKinds, [&](const char* kind) {
           return wanted_in(project[kind]) == wanted_by(package, kind);
         });
}

using Gems = std::map<std::string, std::set<std::string>, std::less<>>;

// "~> 7.1" and "~>7.1" are the same, "1.0" is "= 1.0", and ">= 0" is any.
void add_requirement_of_gem(std::set<std::string>& requirements, std::string_view written) {
  std::string requirement(written);
  std::erase(requirement, ' ');
  if (!requirement.empty() && text::is_ascii_digit(requirement.front())) requirement.insert(0, "=");
  if (!requirement.empty() && requirement != ">=0") requirements.insert(std::move(requirement));
}

// Nothing where a line does more than to name one gem.
std::optional<Gems> gems_of(std::string_view gemfile) {
  static const RE2 kGem(R"re(gem[\s(]+["']([^"'#]+)["'])re");
  static const RE2 kRequirement(R"re(\s*,\s*["']([^"']+)["'])re");
  static const RE2 kNamesGem(R"re(\bgem(?:spec)?\b)re");
  Gems gems;
  while (!gemfile.empty()) {
    const std::string_view line = text::trim(gemfile.substr(0, gemfile.find('\n')));
    gemfile.remove_prefix(std::min(std::min(gemfile.find('\n'), gemfile.size()) + 1, gemfile.size()));
    if (line.starts_with('#')) continue;
    re2::StringPiece rest = text::piece(line);
    std::string name, requirement;
    if (!RE2::Consume(&rest, kGem, &name)) {
      if (RE2::PartialMatch(text::piece(line), kNamesGem)) return std::nullopt;
      continue;
    }
    std::set<std::string>& requirements = gems[name];
    while (RE2::Consume(&rest, kRequirement, &requirement))
      add_requirement_of_gem(requirements, requirement);
  }
  return gems;
}

// The lines of a part of a Gemfile.lock, without the spaces before them.
std::vector<std::string_view> lines_of_part(std::string_view lock, std::string_view part) {
  std::vector<std::string_view> lines;
  const std::string head = "\n" + std::string(part) + "\n";
  const size_t at = lock.find(head);
  if (at == std::string_view::npos) return lines;
  for (lock.remove_prefix(at + head.size()); lock.starts_with("  ");) {
    const std::string_view line = lock.substr(0, lock.find('\n'));
    lock.remove_prefix(std::min(line.size() + 1, lock.size()));
    lines.push_back(text::trim(line));
  }
  return lines;
}

// Installing adds gems that the lock file does not list, and the platform that it runs on.
bool fits_bundler(const std::string& manifest, const std::string& lock) {
  const auto gems = gems_of(manifest);
  if (!gems) return false;
  const auto platforms = lines_of_part(lock, "PLATFORMS");
  const auto has_linux = [&](std::string_view processor, std::string_view other) {
    return std::ranges::any_of(platforms, [&](std::string_view one) {
      return (one.starts_with(processor) || one.starts_with(other)) &&
             one.find("-linux") != std::string_view::npos;
    });
  };
  const bool has_platform = std::ranges::find(platforms, "ruby") != platforms.end() ||
                            (has_linux("x86_64", "amd64") && has_linux("aarch64", "arm64"));
  if (!has_platform) return false;
  Gems locked;
  for (std::string_view line : lines_of_part(lock, "DEPENDENCIES")) {
    if (line.ends_with('!')) line.remove_suffix(1);
    const std::string_view name = line.substr(0, line.find(' '));
    std::set<std::string>& requirements = locked[std::string(name)];
    std::string_view rest = line.substr(name.size());
    if (rest.starts_with(" (") && rest.ends_with(')')) rest = rest.substr(2, rest.size() - 3);
    while (!rest.empty()) {
      const std::string_view one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(one.size() + 1, rest.size()));
      add_requirement_of_gem(requirements, one);
    }
  }
  return *gems == locked;
}

// The modules that a go.mod asks for, each with its version; in place of one that is replaced the other.
std::map<std::string, std::string> modules_of(std::string_view go_mod) {
  std::map<std::string, std::string> modules;
  std::map<std::string, std::pair<std::string, std::string>> replaced;  // by nothing for a folder
  std::string directive;
  while (!go_mod.empty()) {
    std::string_view line = go_mod.substr(0, go_mod.find('\n'));
    go_mod.remove_prefix(std::min(line.size() + 1, go_mod.size()));
    std::vector<std::string> words;
    for (line = text::trim(line.substr(0, line.find("//"))); !line.empty(); line = text::trim_left(line)) {
      const std::string_view word = line.substr(0, line.find_first_of(" \t"));
      words.emplace_back(word);
      line.remove_prefix(word.size());
    }
    if (words.empty()) continue;
    if (words.front() == ")") directive.clear();
    const bool opens = words.size() == 2 && words[1] == "(";
    if (opens) directive = words.front();
    if (opens || words.front() == ")") continue;
    std::string of = directive;
    if (of.empty()) {
      of = words.front();
      words.erase(words.begin());
    }
    if (of == "require" && words.size() >= 2) modules.emplace(words[0], words[1]);
    if (of != "replace" || words.size() < 3) continue;
    const auto arrow = std::ranges::find(words, "=>");
    auto& by = replaced[words[0]];
    if (words.end() - arrow == 3) by = {arrow[1], arrow[2]};
  }
  for (const auto& [path, by] : replaced) {
    if (modules.erase(path) > 0 && !by.first.empty()) modules.insert(by);
  }
  return modules;
}

bool fits_go(const std::string& manifest, const std::string& sums) {
  return std::ranges::all_of(modules_of(manifest), [&](const auto& module) {
    return sums.find(module.first + " " + module.second + " h1:") != std::string::npos;
  });
}

// A package manager that writes its lock file where that does not fit the manifest. Poetry and Composer
// refuse to install then, or say so.
struct LockWriter {
  std::string_view manager;
  Words files;
  std::string_view manifest = {};
  // Of the texts; null where that can't be told.
  bool (*fits)(const std::string& manifest, const std::string& lock) = nullptr;
};
constexpr std::string_view kGo[] = {"go.sum"};
constexpr std::string_view kComposer[] = {"composer.lock"};
constexpr auto kWriters = std::to_array<LockWriter>({{"npm", kNpm, "package.json", fits_npm},
                                                     {"yarn", kYarn, "package.json", fits_yarn},
                                                     {"pnpm", kPnpm, "package.json", fits_pnpm},
                                                     {"bun", kBun, "package.json", fits_bun},
                                                     {"bundler", kBundler, "Gemfile", fits_bundler},
                                                     {"go", kGo, "go.mod", fits_go},
                                                     {"uv", kUv},
                                                     {"pipenv", kPipenv},
                                                     {"mix", kMix},
                                                     {"composer", kComposer}});

}  // namespace

Words needed_locks(const Use& use, const plan::Step* step) {
  // What lists of packages in files say is all there is.
  if (use.action->installs == Action::Installs::kFiles) return {};
  const auto words = shell::invocation(*use.command);
  const auto found = std::ranges::find_if(kLocked, [&](const LockedInstall& one) {
    return one.manager == use.manager->name &&
           (shell::has_word(words, one.word) || (step != nullptr && sets_any(*step, one.variables)));
  });
  return found == kLocked.end() ? Words() : found->files;
}

std::string_view missing_lock(const lint::BuildContext& context, const Use& use, const plan::Step& step,
                              const InstallManifests& manifests) {
  const Words locks = needed_locks(use, &step);
  if (locks.empty()) return {};
  const auto is_lock = [&](const std::string& path) {
    return std::ranges::find(locks, text::base_name(path)) != locks.end();
  };
  const auto is_among = [&](std::string_view path) {
    return std::ranges::find(manifests.paths, path) != manifests.paths.end() ||
           std::ranges::find(manifests.others, path) != manifests.others.end();
  };
  const bool has_one = std::ranges::any_of(manifests.paths, is_lock);
  if (use.manager->name != "dotnet") return has_one ? std::string_view() : locks.front();
  // Each project has its own.
  const bool has_all = std::ranges::all_of(
      context.called(locks.front()), [&](const context::Record* record) { return is_among(record->path); });
  return has_all && (has_one || std::ranges::any_of(manifests.others, is_lock)) ? std::string_view()
                                                                                : locks.front();
}

bool keeps_lock(const lint::BuildContext& context, const Use& use, const plan::Step& step,
                std::string_view folder) {
  const auto writer = std::ranges::find(kWriters, use.manager->name, &LockWriter::manager);
  const bool updates = text::is_one_of("update", use.action->words);
  if (writer == kWriters.end() || use.action->installs == Action::Installs::kFiles) return true;
  if (use.manager->name == "composer" && !updates) return true;
  if (!needed_locks(use, &step).empty()) return true;
  // Its settings may replace packages too.
  if (writer->fits == fits_pnpm && context.files.find(in_folder(folder, "pnpm-workspace.yaml")) != nullptr)
    return context.files.find(in_folder(folder, kPnpm[0])) == nullptr;
  return std::ranges::all_of(writer->files, [&](std::string_view name) {
    const std::string path = in_folder(folder, name);
    if (context.files.find(path) == nullptr) return true;
    if (writer->fits == nullptr) return false;
    const auto manifest = context.read(in_folder(folder, writer->manifest));
    const auto lock = context.read(path);
    try {
      return manifest && lock && writer->fits(*manifest, *lock);
    } catch (const YAML::Exception&) {
      return false;
    }
  });
}

}  // namespace dcache::rules
