#include "rules/install_reads.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/context_git.h"
#include "rules/go_module.h"
#include "rules/install_manifests.h"
#include "rules/invocations.h"
#include "rules/known_facts.h"
#include "rules/named_files.h"
#include "rules/plain_programs.h"
#include "rules/workspaces.h"

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;
using text::piece;

// Options of installs that name no file. After some of them is a word that names none either.
bool is_harmless_option(std::string_view word) {
  constexpr std::array<std::string_view, 72> kOptions = {"--frozen-lockfile",
                                                         "--check-locked",
                                                         "--immutable",
                                                         "--production",
                                                         "--prod",
                                                         "--no-audit",
                                                         "--no-fund",
                                                         "--ignore-scripts",
                                                         "--prefer-offline",
                                                         "--quiet",
                                                         "-q",
                                                         "-qq",
                                                         "--silent",
                                                         "-s",
                                                         "--no-progress",
                                                         "--progress",
                                                         "--no-cache-dir",
                                                         "--no-cache",
                                                         "--upgrade",
                                                         "-U",
                                                         "--user",
                                                         "--no-deps",
                                                         "--require-hashes",
                                                         "--disable-pip-version-check",
                                                         "--no-dev",
                                                         "--no-root",
                                                         "--no-interaction",
                                                         "-n",
                                                         "--no-ansi",
                                                         "--no-install-project",
                                                         "--no-install-workspace",
                                                         "--frozen",
                                                         "--locked",
                                                         "--system",
                                                         "--no-scripts",
                                                         "--no-autoloader",
                                                         "--prefer-dist",
                                                         "--ignore-platform-reqs",
                                                         "--no-editable",
                                                         "--compile-bytecode",
                                                         "--no-optional",
                                                         "--non-interactive",
                                                         "--legacy-peer-deps",
                                                         "--break-system-packages",
                                                         "--all-extras",
                                                         "--no-binary",
                                                         "--only-binary",
                                                         "--deploy",
                                                         "--verbose",
                                                         "-v",
                                                         "--no-warn-script-location",
                                                         "--sync",
                                                         "--compile",
                                                         "--jobs",
                                                         "-j",
                                                         "--retry",
                                                         "--retries",
                                                         "--timeout",
                                                         "--omit",
                                                         "--only",
                                                         "--without",
                                                         "--with",
                                                         "--loglevel",
                                                         "--network-timeout",
                                                         "--root-user-action",
                                                         "--include",
                                                         "--group",
                                                         "--extra",
                                                         "--no-group",
                                                         "--no-plugins",
                                                         "--no-suggest",
                                                         "-x"};
  return text::is_one_of(word.substr(0, word.find('=')), kOptions);
}

// A package with or without a version, an extra or a number: nothing that can be a path.
bool is_plain_name(std::string_view word) {
  static LazyRE2 kName = {
      R"(@?[A-Za-z0-9][\w.+-]*(?:/[A-Za-z0-9][\w.-]*)?(?:\[[\w.,-]+\])?(?:[@=<>!~^]+[\w.,*+-]+)?)"};
  static LazyRE2 kFile = {R"(\.(?:whl|zip|gz|tgz|bz2|xz|txt|toml|cfg|deb|rpm|apk|gem|tar|lock|json)$)"};
  const bool scoped = word.starts_with('@');
  if (word.find('/') != std::string_view::npos && !scoped) return false;
  return RE2::FullMatch(piece(word), *kName) && !RE2::PartialMatch(piece(word), *kFile);
}

bool has_harmless_words(const ManifestInstall& install) {
  const Use& use = *install.use;
  const std::span<const shell::Word> words = use.arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const shell::Word& word = words[i];
    if (!word.literal) return false;
    const std::string_view option = word.text.substr(0, word.text.find('='));
    const Words files = use.manager->file_options;
    const bool takes_file = std::ranges::find(files, option) != files.end();
    if (takes_file) {
      if (option.size() == word.text.size()) ++i;
      continue;
    }
    if (word.text.starts_with("-r") && std::ranges::find(files, "-r") != files.end() && word.text.size() > 2)
      continue;
    if (word.text.starts_with('-') ? !is_harmless_option(word.text) : !is_plain_name(word.text)) return false;
  }
  const auto named = [&](const std::string& file) {
    return std::ranges::any_of(*install.manifests, [&](const std::string& path) {
      return text::base_name(path) == text::base_name(file);
    });
  };
  return use.command->redirections.empty() && use.command->assignments.empty() &&
         std::ranges::all_of(use.files, named);
}

// Whether a value may name a file of the sources.
bool may_name_source(std::string_view value, std::string_view destination) {
  static LazyRE2 kFile = {R"(\.(?:txt|toml|conf|ini|cfg|json|pem|crt|js|cjs|mjs|rc|yaml|yml)$)"};
  if (value.find("://") != std::string_view::npos) return false;
  if (value.starts_with('/')) return destination == "/" || text::is_within(value, destination);
  return value.find('/') != std::string_view::npos || RE2::PartialMatch(piece(value), *kFile);
}

// Whether a variable names a file that an install reads.
bool names_file(std::string_view variable) {
  constexpr auto kParts = std::to_array<std::string_view>(
      {"CONSTRAINT", "REQUIREMENT", "FIND_LINKS", "CONFIG", "CERT", "GEMFILE", "NODE_OPTIONS", "_BUNDLE"});
  return is_about_installs(variable) && std::ranges::any_of(kParts, [&](std::string_view part) {
           return text::to_lower(variable).find(text::to_lower(part)) != std::string::npos;
         });
}

// Whether no variable of the stage leads the install to a file of the sources, and its shell is none of them.
bool has_harmless_stage(lint::Dockerfile& dockerfile, const Run& run, std::string_view destination) {
  const Step& step = dockerfile.graph().steps[*run.step];
  if (run.shell != nullptr && !run.shell->arguments.empty()) {
    const std::string_view shell = run.shell->arguments.front().text;
    if (shell.starts_with('/') &&
        (destination == "/" ? !shell.starts_with("/bin/") && !shell.starts_with("/usr/bin/")
                            : text::is_within(shell, destination)))
      return false;
  }
  // Anyone who builds may give arguments a value.
  for (std::optional<size_t> stage = step.stage; stage;
       stage = dockerfile.graph().stages[*stage].base_stage) {
    if (std::ranges::any_of(dockerfile.graph().stages[*stage].declared, names_file)) return false;
  }
  if (!step.environment) return true;
  return std::ranges::none_of(step.environment->variables(), [&](const plan::Variable* variable) {
    return is_about_installs(variable->name) && may_name_source(variable->value, destination);
  });
}

// Whether the COPY brings folders of the system, which hold settings and programs.
bool brings_system_folders(const lint::BuildContext& context, const Step& step,
                           const ManifestInstall& install) {
  if (install.destination != "/") return false;
  // The folder of the context that becomes the root of the image.
  std::string_view root = install.folder;
  if (step.workdir() != "/") {
    if (!root.ends_with(step.workdir())) return true;
    root.remove_suffix(step.workdir().size());
  }
  constexpr auto kFolders = std::to_array<std::string_view>(
      {"bin", "etc", "home", "lib", "lib64", "opt", "root", "sbin", "usr", "var"});
  return std::ranges::any_of(kFolders, [&](std::string_view name) {
    return context.files.find(in_folder(root.empty() ? "/" : root, name)) != nullptr;
  });
}

// Files and folders next to the manifests that installs read by themselves, or that the COPY of the sources
// would put over what was installed.
constexpr std::array<std::string_view, 28> kBeside = {".pnpmfile.cjs",
                                                      ".yarn/cache",
                                                      "pnpmfile.js",
                                                      ".pnpmfile.mjs",
                                                      "binding.gyp",
                                                      "auth.json",
                                                      "poetry.toml",
                                                      ".python-version",
                                                      "uv.toml",
                                                      ".bundle",
                                                      ".yarnrc",
                                                      ".cargo",
                                                      "rust-toolchain",
                                                      "rust-toolchain.toml",
                                                      "pip.conf",
                                                      "patches",
                                                      "node_modules",
                                                      ".venv",
                                                      "venv",
                                                      "vendor",
                                                      ".puppeteerrc",
                                                      ".puppeteerrc.cjs",
                                                      ".puppeteerrc.js",
                                                      ".puppeteerrc.json",
                                                      "puppeteer.config.cjs",
                                                      "puppeteer.config.js",
                                                      ".ruby-version",
                                                      "bower_components"};

bool is_plain_requirement(std::string_view line) {
  static LazyRE2 kRequirement = {
      R"([A-Za-z0-9][\w.-]*(?:\s*\[[\w.,\s-]+\])?\s*(?:[=<>!~]=?=?[^/\\]*?)?(?:;[^\\]*?)?(?:\s*--hash=\S+)*\s*\\?)"};
  static LazyRE2 kFile = {R"(\.(?:whl|zip|gz|tgz|bz2)(?:\s|$))"};
  static LazyRE2 kOption = {
      R"((?:(?:(?:-i|--index-url|--extra-index-url)[=\s]\s*https?://\S+|(?:--trusted-host|--only-binary|--no-binary|--hash)[=\s]\s*\S+|--pre|--require-hashes|--prefer-binary|\\)\s*)+)"};
  line = text::trim(line.substr(0, line.find(" #")));
  if (line.empty() || line.starts_with('#')) return true;
  return RE2::FullMatch(piece(line), *kOption) ||
         (RE2::FullMatch(piece(line), *kRequirement) && !RE2::PartialMatch(piece(line), *kFile));
}

bool has_plain_requirements(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (!is_plain_requirement(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

// Whether a lock file has packages of the project itself, or patches.
bool has_local_packages(std::string_view lock) {
  constexpr auto kLocal = std::to_array<std::string_view>(
      {"\"file:", "@file:", " file:", "@link:", " link:", "portal:", "patch:", "\"link\": true",
       "patchedDependencies", "type = \"file\"", "type = \"directory\"", " path = \"", "\nPATH\n",
       "\"type\": \"path\""});
  return std::ranges::any_of(
      kLocal, [&](std::string_view part) { return lock.find(part) != std::string_view::npos; });
}

// Whether settings may name a file or folder, or keep the package manager from downloading.
bool may_name_files(std::string_view settings) {
  static const RE2 kNaming(
      R"re((?i)mirror|ca-?file|cert|key-?file|cache|prefix|config|shell|node-?options|store|plugin|network)re"
      R"re(|offline|patch|pnpmfile|(?:link|file|portal):)re");
  return RE2::PartialMatch(piece(settings), kNaming);
}

// Plugins of Composer that read nothing of the project while packages are installed.
constexpr auto kHarmlessPlugins = std::to_array<std::string_view>(
    {"dealerdirect/phpcodesniffer-composer-installer", "ergebnis/composer-normalize",
     "infection/extension-installer", "pestphp/pest-plugin", "phpstan/extension-installer",
     "symfony/runtime"});

// Whether a composer.lock has a plugin that may read files of the project.
bool has_plugins(std::string_view lock) {
  static LazyRE2 kPlugin = {R"re("type"\s*:\s*"composer-plugin")re"};
  static LazyRE2 kName = {R"re("name"\s*:\s*"([\w.-]+/[\w.-]+)")re"};
  re2::StringPiece rest = piece(lock);
  std::string_view before = lock;
  while (RE2::FindAndConsume(&rest, *kPlugin)) {
    // Its name is the last one before.
    const std::string_view above = before.substr(0, before.size() - rest.size());
    re2::StringPiece names = piece(above);
    std::string name;
    while (RE2::FindAndConsume(&names, *kName, &name)) {
    }
    if (!text::is_one_of(name, kHarmlessPlugins)) return true;
    before = before.substr(before.size() - rest.size());
  }
  return false;
}

// Whether a composer.json lists packages that are downloaded, and nothing that reads files of the project.
bool is_plain_composer(const std::string& text) {
  static LazyRE2 kOther = {
      R"re("(?:path|artifact)"|"scripts"|"patches|file:|symfony/flex|composer-(?:merge|bin)-plugin)re"
      R"re(|composer-scaffold|composer-patches|composer/installers|installers-extender)re"};
  constexpr auto kExtra = std::to_array<std::string_view>({"branch-alias", "laravel", "symfony", "runtime"});
  if (RE2::PartialMatch(piece(text), *kOther)) return false;
  const nlohmann::json root = text::parse_json(text);
  if (!root.is_object()) return false;
  const nlohmann::json none = nlohmann::json::object();
  const nlohmann::json extra = root.value("extra", none);
  const nlohmann::json config = root.value("config", none);
  if (!extra.is_structured() || !config.is_structured()) return false;
  const nlohmann::json plugins = config.is_object() ? config.value("allow-plugins", none) : none;
  const auto is_harmless = [](const auto& one) {
    return one.value() == false || text::is_one_of(one.key(), kHarmlessPlugins);
  };
  if (plugins.is_boolean() ? plugins == true : !plugins.is_object()) return false;
  for (const auto& one : extra.items()) {
    if (!text::is_one_of(one.key(), kExtra)) return false;
  }
  if (!plugins.is_object()) return true;
  for (const auto& one : plugins.items()) {
    if (!is_harmless(one)) return false;
  }
  return true;
}

// Whether the text of a manifest may refer to files of the project, or to programs that read them.
bool may_refer(std::string_view path, const std::string& text) {
  constexpr auto kInPackageJson = std::to_array<std::string_view>(
      {"\"file:", "\"link:", "\"portal:", "\"workspace:", "\"patch:", "\"workspaces\"",
       "\"patchedDependencies\"", "\"dependenciesMeta\"", "prisma", "\"patch-package\"", "\"husky\"",
       "\"lefthook\"", "\"simple-git-hooks\""});
  static LazyRE2 kToml = {R"re(\bpath\s*=|file:|\bworkspace\b)re"};
  const std::string_view name = text::base_name(path);
  if (name == "package.json") {
    return std::ranges::any_of(kInPackageJson,
                               [&](std::string_view part) { return text.find(part) != std::string::npos; }) ||
           has_local_dependency(text);
  }
  if (name == "pyproject.toml" || name == "Pipfile") return RE2::PartialMatch(piece(text), *kToml);
  if (name == "composer.json") return !is_plain_composer(text);
  if (name == "composer.lock") return has_local_packages(text) || has_plugins(text);
  if (name == "Gemfile") return !is_plain_gemfile(text);
  if (name == "mix.exs") return !is_plain_mix_file(text);
  if (name == "go.mod" || name == "go.work") return !replaced_by_folders(text).empty();
  if (name.ends_with("js")) return true;
  if (name.ends_with(".txt") || name.ends_with(".in")) return !has_plain_requirements(text);
  if (text::is_one_of(name,
                      std::to_array<std::string_view>({".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml",
                                                       "pnpm-workspace.yaml", "uv.toml", "poetry.toml"})))
    return may_name_files(text);
  return has_local_packages(text);
}

// What Yarn makes next to `node_modules`.
// Source: https://yarnpkg.com/getting-started/qa#which-files-should-be-gitignored
using YarnMakes = std::span<const std::string_view>;
YarnMakes made_by_yarn(const lint::BuildContext& context, std::string_view folder) {
  // Where settings do not say otherwise, it installs no packages but a file that says where they are.
  static constexpr auto kMade = std::to_array<std::string_view>(
      {".yarn/install-state.gz", ".pnp.cjs", ".pnp.loader.mjs", ".yarn/unplugged"});
  const auto holds = [&](std::string_view name, std::string_view word) {
    const auto text = context.read(text::join_path(folder, name));
    return text && text->find(word) != std::string::npos;
  };
  const auto exists = [&](std::string_view name) {
    return context.files.find(text::join_path(folder, name)) != nullptr;
  };
  // Yarn 1 has neither of these.
  const bool modern = exists(".yarnrc.yml") || exists(".pnp.cjs") || holds("yarn.lock", "__metadata:") ||
                      (holds("package.json", "\"yarn@") && !holds("package.json", "\"yarn@1"));
  if (!modern) return {};
  const bool in_folder = holds(".yarnrc.yml", "nodeLinker: node-modules");
  return in_folder ? YarnMakes(kMade).first(1) : YarnMakes(kMade);
}

}  // namespace

std::string what_else_is_read(lint::Dockerfile& dockerfile, const lint::BuildContext& context,
                              const ManifestInstall& install) {
  if (!has_harmless_words(install))
    return fmt::format("a word of '{}' may name a file that is copied later",
                       short_form(*install.use->command));
  if (!has_harmless_stage(dockerfile, *install.run, install.destination))
    return "a variable of the stage may name a file that the install reads and that is copied later";
  const std::string folder(install.folder.substr(1));
  const auto is_copied = [&](const std::string& path) {
    return std::ranges::find(*install.manifests, path) != install.manifests->end() ||
           std::ranges::any_of(*install.folders,
                               [&](const std::string& one) { return text::is_within(one, path); });
  };
  if (brings_system_folders(context, dockerfile.graph().steps[*install.run->step], install))
    return "the COPY may bring settings of the system that the install reads";
  for (const std::string& path : *install.folders) {
    // Folders that are not the package manager's own are named by something.
    const bool is_own = std::ranges::any_of(install.use->manager->optional, [&](std::string_view name) {
      return path == in_folder(install.folder, name);
    });
    if (!is_own) return fmt::format("the install reads {}, which may need files that are copied later", path);
  }
  for (const std::string_view name : kBeside) {
    const std::string path = folder.empty() ? std::string(name) : folder + "/" + std::string(name);
    const bool exists = context.files.find(path) != nullptr || !context.files.below(path).empty();
    if (exists && !is_copied(path))
      return fmt::format("the install may read {}, which is copied later, or write to it", path);
  }
  for (const std::string& path : *install.manifests) {
    const auto text = context.read(path);
    if (!text || may_refer(path, *text))
      return fmt::format("{} may refer to files that are copied later", path);
  }
  return {};
}

bool are_in_each_clone(const lint::BuildContext& context, const std::vector<std::string>& paths) {
  // One repository is for one thread at a time.
  struct SharedGit {
    std::unique_ptr<std::mutex> mutex = std::make_unique<std::mutex>();
    ContextGit git;
  };
  const auto& [mutex, git] = context.shared<SharedGit>([&] { return SharedGit{.git = ContextGit(context)}; });
  const std::scoped_lock lock(*mutex);
  return !git.is_in_work_tree() ||
         std::ranges::all_of(paths, [&](const std::string& path) { return git.will_be_cloned(path); });
}

std::string_view overwritten_folder(const lint::BuildContext& context, const Use& use,
                                    std::string_view folder) {
  struct MadeFolder {
    std::string_view manager;
    std::string_view name;
  };
  constexpr std::array<MadeFolder, 10> kMade = {{{"npm", "node_modules"},
                                                 {"yarn", "node_modules"},
                                                 {"pnpm", "node_modules"},
                                                 {"bun", "node_modules"},
                                                 {"composer", "vendor"},
                                                 {"uv", ".venv"},
                                                 {"poetry", ".venv"},
                                                 {"pipenv", ".venv"},
                                                 {"mix", "deps"},
                                                 {"dotnet", "obj"}}};
  const auto made = std::ranges::find(kMade, use.manager->name, &MadeFolder::manager);
  if (made == kMade.end() || use.action->words.size() > 1) return {};
  const auto comes_along = [&](std::string_view name) {
    const std::string path = text::join_path(folder.substr(1), name);
    return !context.ignore || !context.ignore->decide(path).ignored;
  };
  if (comes_along(made->name)) return made->name;
  if (made->manager != "yarn") return {};
  const YarnMakes makes = made_by_yarn(context, folder.substr(1));
  const auto found = std::ranges::find_if(makes, comes_along);
  return found == makes.end() ? std::string_view() : *found;
}

// What a word of `rm` names, or the folder in which it does: that of "/var/lib/apt/lists/*". Nothing if that
// can't be known.
std::optional<std::string> removed_folder(const shell::Word& word, const plan::Step& step) {
  if (word.literal) return path_in(word.text, step);
  if (word.text.find_first_of("$`{") != std::string::npos) return std::nullopt;
  return path_in(text::parent_path(word.text.substr(0, word.text.find_first_of("*?["))), step);
}

bool installs_from_outside(lint::Dockerfile& dockerfile, const Run& run, std::string_view destination) {
  constexpr std::array<std::string_view, 30> kOptions = {"-y",
                                                         "-q",
                                                         "-qq",
                                                         "-yq",
                                                         "-qy",
                                                         "-yqq",
                                                         "-qqy",
                                                         "--yes",
                                                         "--assume-yes",
                                                         "--assumeyes",
                                                         "--no-install-recommends",
                                                         "--no-install-suggests",
                                                         "--no-cache",
                                                         "--update",
                                                         "-U",
                                                         "-u",
                                                         "--virtual",
                                                         "-t",
                                                         "--fix-missing",
                                                         "--allow-unauthenticated",
                                                         "--quiet",
                                                         "--non-interactive",
                                                         "-n",
                                                         "--nodocs",
                                                         "--setopt=install_weak_deps=False",
                                                         "--setopt=tsflags=nodocs",
                                                         "--refresh",
                                                         "--allowerasing",
                                                         "--no-progress",
                                                         "--upgrade"};
  if (!has_harmless_stage(dockerfile, run, destination) || !run.mounts.empty()) return false;
  const Step& step = dockerfile.graph().steps[*run.step];
  return std::ranges::all_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    if (words.empty() || command.depth != 0 || command.quoted || !command.redirections.empty()) return false;
    const std::string_view program = shell::program_of(words);
    if (program == "set") return true;
    if (program == "rm") {
      return std::ranges::all_of(words.subspan(1), [&](const shell::Word& word) {
        const auto path = removed_folder(word, step);
        return word.text.starts_with('-') ||
               (path && destination != "/" && !text::is_within(*path, destination) &&
                !text::is_within(destination, *path));
      });
    }
    const bool plain_assignments = std::ranges::all_of(command.assignments, [](const shell::Word& word) {
      return word.text.starts_with("DEBIAN_FRONTEND=");
    });
    return text::is_one_of(program, system_package_managers()) && plain_assignments &&
           std::ranges::all_of(words.subspan(1), [&](const shell::Word& word) {
             if (!word.literal) return false;
             if (word.text.starts_with('.') && program == "apk") return is_plain_name(word.text.substr(1));
             return word.text.starts_with('-') ? text::is_one_of(word.text, kOptions)
                                               : is_plain_name(word.text);
           });
  });
}

}  // namespace dcache::rules
