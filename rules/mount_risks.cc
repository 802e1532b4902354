#include "rules/mount_risks.h"

#include <algorithm>
#include <optional>

#include <re2/re2.h>

#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/known_facts.h"
#include "rules/likely_context.h"

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;

// An archive that ADD unpacks.
bool is_archive(std::string_view path) {
  constexpr std::string_view kEndings[] = {".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".txz", ".tbz2"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

// Build tools and shells may call any package manager, and so may a program that is named by its path.
bool may_call_any(std::span<const shell::Word> words) {
  return text::is_one_of(shell::program_of(words), script_programs()) ||
         words.front().text.find('/') != std::string_view::npos;
}

// Of a package with headers: `libpq-dev`, `libpq-dev=15.1`, `libpq-dev:arm64`.
bool is_headers(std::string_view package) {
  const std::string_view name = package.substr(0, package.find_first_of("=:~<>"));
  return name.ends_with("-dev") || name.ends_with("-devel");
}

bool is_compiler(std::string_view package) {
  constexpr std::string_view kNames[] = {
      "build-essential", "build-base", "base-devel", "gcc",   "g++",       "gcc-c++",          "gfortran",
      "clang",           "llvm",       "rustc",      "cargo", "compilers", "Development Tools"};
  const std::string_view name = package.substr(0, package.find_first_of("=:~<>"));
  return text::is_one_of(name, kNames) || name.starts_with("gcc-") || name.starts_with("g++-") ||
         name.starts_with("clang-");
}

template <typename Is>
bool installs_any(const shell::Command& command, const Is& is) {
  const auto words = shell::invocation(command);
  return text::is_one_of(shell::program_of(words), system_package_managers()) &&
         std::ranges::any_of(words, [&](const shell::Word& word) { return is(word.text); });
}

bool installs_headers(const shell::Command& command) {
  return installs_any(command, is_headers);
}

// Packages that a variable names may be any.
bool installs_compiler(const shell::Command& command) {
  return installs_any(command, [](std::string_view word) {
    return is_headers(word) || is_compiler(word) || word.starts_with('$') || word.starts_with("@development");
  });
}

// Whether a step puts files where the package manager looks for what it needs: a copy of the context with one
// of its manifests, or of a folder.
bool copies_manifests(const Step& step, const Use& use) {
  if (step.kind != Step::Kind::kCopy) return false;
  return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
    if (read.origin != plan::Read::Origin::kContext && read.origin != plan::Read::Origin::kNamedContext)
      return false;
    return read.selectors.empty() || std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
             if (selector.unpack && is_archive(selector.path)) return false;
             const std::string_view name = text::base_name(selector.path);
             const bool is_folder = name.find('.') == std::string_view::npos;
             return selector.takes_everything() || selector.wildcard || is_folder ||
                    is_manifest_of(*use.manager, selector.path) ||
                    std::ranges::any_of(
                        use.files, [&](const std::string& file) { return text::base_name(file) == name; });
           });
  });
}

// Whether a command brings a project from elsewhere: a clone, or an archive that is unpacked.
bool brings_project(const shell::Command& command) {
  const auto words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  constexpr std::string_view kClients[] = {"git", "hg", "svn", "gh", "bzr"};
  constexpr std::string_view kVerbs[] = {"clone", "fetch", "checkout", "co", "export", "pull"};
  constexpr std::string_view kUnpackers[] = {"tar", "unzip", "bsdtar", "7z", "degit"};
  if (text::is_one_of(program, kUnpackers)) return true;
  return text::is_one_of(program, kClients) && std::ranges::any_of(words, [&](const shell::Word& word) {
           return text::is_one_of(word.text, kVerbs);
         });
}

bool is_brought_by(lint::Dockerfile& dockerfile, size_t index) {
  const Step& step = dockerfile.graph().steps[index];
  if (!step.remote.empty()) return true;
  if (step.kind == Step::Kind::kRun)
    return std::ranges::any_of(dockerfile.run_of(index).commands,
                               [](const shell::Command& command) { return brings_project(command); });
  return std::ranges::any_of(step.reads, [](const plan::Read& read) {
    return std::ranges::any_of(read.selectors, [](const plan::Selector& selector) {
      return selector.unpack && is_archive(selector.path);
    });
  });
}

// For each step whether it, or one below it, brings a project from elsewhere.
struct BroughtProjects {
  std::vector<bool> after;
};

const std::vector<bool>& brought_projects(lint::Dockerfile& dockerfile) {
  return dockerfile
      .shared<BroughtProjects>([&] {
        const auto brings = [&](size_t index) { return is_brought_by(dockerfile, index); };
        return BroughtProjects{holds_up_to(dockerfile.graph(), brings)};
      })
      .after;
}

// Whether the use installs what a file or folder of the project says: its manifests, or a path among its
// arguments.
bool reads_project(const Use& use) {
  return use.installs_dependencies || use.action->installs == Action::Installs::kImplied ||
         std::ranges::any_of(use.arguments, [](const shell::Word& word) {
           return word.text == "." || word.text.starts_with("./") || word.text.starts_with('/') ||
                  word.text.starts_with(".[");
         });
}

// Whether the word is before a command of the RUN or among its words.
bool says(const Run& run, std::string_view wanted) {
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return shell::has_word(command.assignments, wanted) || shell::has_word(command.words, wanted);
  });
}

bool is_of_java(const Use& use) {
  constexpr std::string_view kManagers[] = {"maven", "gradle", "sbt"};
  return text::is_one_of(use.manager->name, kManagers);
}

}  // namespace

bool has_credentials(const Run& run) {
  const bool mounts = std::ranges::any_of(run.mounts, [](const dockerfile::Mount& mount) {
    return mount.type == dockerfile::Mount::Type::kSecret || mount.type == dockerfile::Mount::Type::kSsh;
  });
  const auto leads_elsewhere = [](const shell::Word& word) {
    constexpr std::string_view kParts[] = {"PROXY", "TOKEN", "AUTH",   "PRIVATE", "PAT",   "KEY",
                                           "PASS",  "CRED",  "SECRET", "NETRC",   "SUMDB", "URL"};
    const std::string_view name = word.text.substr(0, word.text.find('='));
    return name.size() < word.text.size() && std::ranges::any_of(kParts, [&](std::string_view part) {
             return name.find(part) != std::string_view::npos;
           });
  };
  return mounts || std::ranges::any_of(run.commands, [&](const shell::Command& command) {
           return std::ranges::any_of(command.assignments, leads_elsewhere) ||
                  std::ranges::any_of(command.words, leads_elsewhere);
         });
}

bool keeps_own_packages(const Use& use) {
  constexpr std::string_view kWords[] = {"install", "deploy", "publishToMavenLocal", "publishLocal"};
  return is_of_java(use) && std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           return text::is_one_of(word.text, kWords) || word.text.starts_with("install:");
         });
}

bool has_own_settings(const Use& use) {
  constexpr std::string_view kOptions[] = {"-s", "--settings", "-gs"};
  return is_of_java(use) && std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           return text::is_one_of(word.text, kOptions);
         });
}

bool may_keep_old(const Use& use) {
  return use.manager->name == "uv" && std::ranges::any_of(use.command->words, [](const shell::Word& word) {
           return word.text == "--no-editable" || word.text == "." || word.text.starts_with("./") ||
                  word.text.starts_with('/');
         });
}

bool links_into_store(const Use& use) {
  constexpr std::string_view kWords[] = {"-g", "--global", "dlx"};
  return use.manager->name == "pnpm" && std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           return text::is_one_of(word.text, kWords);
         });
}

namespace {

// Which files of a context tell package managers to install links, in words; empty for none.
struct LinkSettings {
  std::string uv;
  std::string bun;
};

std::string find_link_setting(const lint::BuildContext& context, std::string_view file) {
  static const RE2 kSymlink(R"((?m)^\s*(?:link-mode|backend)\s*=\s*["']symlink["'])");
  for (const context::Record* const record : context.called(file)) {
    const auto text = context.read(record->path);
    if (text && RE2::PartialMatch(*text, kSymlink)) return "the setting symlink in " + record->path;
  }
  return {};
}

LinkSettings find_link_settings(const lint::BuildContext& context) {
  LinkSettings found{find_link_setting(context, "uv.toml"), find_link_setting(context, "bunfig.toml")};
  if (found.uv.empty()) found.uv = find_link_setting(context, "pyproject.toml");
  return found;
}

}  // namespace

std::string links_by(lint::Dockerfile& dockerfile, const Run& run, const Use& use) {
  const std::string_view name = use.manager->name;
  if (name != "uv" && name != "bun") return {};
  for (const std::string_view pair : use.manager->no_fix_env) {
    const std::string_view single[] = {pair};
    if (says(run, pair) || sets_any(dockerfile.graph().steps[*run.step], single)) return std::string(pair);
  }
  const std::span<const shell::Word> words = use.command->words;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    if (word == "--link-mode=symlink" || word == "--backend=symlink") return std::string(word);
    const bool option = word == "--link-mode" || word == "--backend";
    if (option && i + 1 < words.size() && words[i + 1].text == "symlink")
      return std::string(word) + " symlink";
  }
  const lint::BuildContext* const context = dockerfile.build_context();
  if (context == nullptr) return {};
  const LinkSettings& settings = context->shared<LinkSettings>([&] { return find_link_settings(*context); });
  return name == "uv" ? settings.uv : settings.bun;
}

bool only_stores(const Use& use) {
  return use.manager->name == "maven" && std::ranges::any_of(use.command->words, [](const shell::Word& word) {
           return word.text == "install:install-file" || word.text.ends_with(":install-file");
         });
}

bool has_downloaded_manifests(lint::Dockerfile& dockerfile, const Run& run, const Use& use) {
  if (!reads_project(use)) return false;
  const plan::Graph& graph = dockerfile.graph();
  const bool in_run = std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return command.spelling.data() < use.command->spelling.data() && brings_project(command);
  });
  const std::optional<size_t> below = graph.steps[*run.step].below;
  if (!in_run && (!below || !brought_projects(dockerfile)[*below])) return false;
  const bool bound = std::ranges::any_of(run.mounts, [](const dockerfile::Mount& mount) {
    return mount.type == dockerfile::Mount::Type::kBind;
  });
  const auto copies = [&](size_t index) { return copies_manifests(graph.steps[index], use); };
  return !bound && !(below && holds_up_to(graph, copies)[*below]);
}

namespace {

bool moves_cache_by(const PackageManager& manager, std::string_view variable) {
  return std::ranges::any_of(manager.caches, [&](const Cache& cache) {
    return std::ranges::any_of(
        cache.env, [&](const Pair& mover) { return mover.name == variable && mover.value.empty(); });
  });
}

// Whether the value of a variable is the folder of a cache: of the package manager, which may be one of the
// settings, or of another.
bool is_cache_variable(const PackageManager& manager, std::string_view name) {
  return moves_cache_by(manager, name) ||
         std::ranges::any_of(package_managers(),
                             [&](const PackageManager& other) { return moves_cache_by(other, name); });
}

// Whether a text can be a path at or below the folder: it has the folder's name, or variables. Most have not,
// and need not be looked at as paths.
bool may_name(std::string_view text, std::string_view folder) {
  return text.find('$') != std::string_view::npos ||
         text.find(text::base_name(folder)) != std::string_view::npos;
}

// Whether one of the paths in a value, which colons separate, is at the folder or below it.
bool leads_into(std::string_view value, std::string_view folder, const Step& step) {
  if (!may_name(value, folder)) return false;
  while (!value.empty()) {
    const size_t end = std::min(value.find(':'), value.size());
    const auto path = path_in(value.substr(0, end), step);
    if (path && text::is_within(*path, folder)) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

bool is_in_variable(const plan::Environment& environment, const PackageManager& manager,
                    std::string_view folder, const Step& step) {
  return std::ranges::any_of(environment.variables(), [&](const plan::Variable* variable) {
    return leads_into(variable->value, folder, step) && !is_cache_variable(manager, variable->name);
  });
}

bool assigns_into(const shell::Word& word, const PackageManager& manager, std::string_view folder,
                  const Step& step) {
  const size_t equals = word.text.find('=');
  return equals != std::string_view::npos && leads_into(word.text.substr(equals + 1), folder, step) &&
         !is_cache_variable(manager, word.text.substr(0, equals));
}

// Whether the word is the option that moves a cache of the manager, with its value or before it.
bool moves_cache(const PackageManager& manager, std::string_view word) {
  return std::ranges::any_of(manager.caches, [&](const Cache& cache) {
    return std::ranges::any_of(
        cache.options, [&](const Pair& option) { return word.substr(0, word.find('=')) == option.name; });
  });
}

// Whether a word of the command names something in the folder: what it installs to, or a program there.
bool names_into(const shell::Command& command, const PackageManager& manager, std::string_view folder,
                const Step& step) {
  bool is_value = false;
  for (const shell::Word& word : command.words) {
    const bool moves = moves_cache(manager, word.text);
    const bool skipped = moves || is_value;
    is_value = moves && word.text.find('=') == std::string_view::npos;
    if (skipped || (word.text.find('=') != std::string_view::npos &&
                    is_cache_variable(manager, word.text.substr(0, word.text.find('=')))))
      continue;
    std::string_view text = word.text;
    if (text.starts_with('-')) text.remove_prefix(std::min(text.find_first_of("/~$."), text.size()));
    text.remove_prefix(text.find('=') == std::string_view::npos ? 0 : text.find('=') + 1);
    const bool climbs = text.find("..") != std::string_view::npos && !text.starts_with('/');
    if (leads_into(climbs ? text::join_path(step.workdir(), text) : text, folder, step)) return true;
  }
  return false;
}

// Whether a command of the RUN sets a variable to a path in the folder, goes there or installs to it.
bool is_in_commands(const Run& run, const PackageManager& manager, std::string_view folder,
                    const Step& step) {
  const auto assigns = [&](const shell::Word& word) { return assigns_into(word, manager, folder, step); };
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    if (std::ranges::any_of(command.assignments, assigns)) return true;
    if (command.program() == "export") return std::ranges::any_of(command.words, assigns);
    return (command.program() == "cd" || calls(manager, command)) &&
           names_into(command, manager, folder, step);
  });
}

// Whether the folder's name is in what sets variables: what they are at each step takes long to find out.
bool may_be_in_variables(lint::Dockerfile& dockerfile, std::string_view folder) {
  struct Texts {
    std::string all;
  };
  const Texts& texts = dockerfile.shared<Texts>([&] {
    Texts made;
    for (const dockerfile::Instruction& one : dockerfile.file().instructions()) {
      if (one.keyword == dockerfile::Keyword::kEnv || one.keyword == dockerfile::Keyword::kArg)
        made.all.append(one.joined).append("\n");
    }
    const project::Image* const image = dockerfile.image();
    if (image == nullptr) return made;
    for (const auto& [name, value] : image->build.plan.build_args)
      made.all.append(value).append("\n");
    return made;
  });
  return texts.all.find(text::base_name(folder)) != std::string::npos;
}

}  // namespace

bool has_other_files(lint::Dockerfile& dockerfile, const Run& run, const PackageManager& manager,
                     std::string_view folder) {
  const plan::Graph& graph = dockerfile.graph();
  const Step& step = graph.steps[*run.step];
  if (text::is_within(step.workdir(), folder)) return true;
  if (!may_be_in_variables(dockerfile, folder)) return is_in_commands(run, manager, folder, step);
  if (step.environment && is_in_variable(*step.environment, manager, folder, step)) return true;
  // A later PATH says where the programs are.
  const bool later = std::ranges::any_of(graph.stages, [&](const plan::Stage& stage) {
    return graph.starts_from(stage.index, step.stage) &&
           is_in_variable(stage.environment, manager, folder, step);
  });
  return later || is_in_commands(run, manager, folder, step);
}

bool is_shared_folder(const Step& step, const Cache& cache, std::string_view folder) {
  constexpr std::string_view kFolders[] = {"/tmp", "/var/tmp", "/var/cache", "/opt", "/usr/local", "/var"};
  const auto home = path_in("~", step);
  const std::optional<std::string_view> xdg =
      step.environment ? step.environment->get("XDG_CACHE_HOME") : std::nullopt;
  if (text::is_one_of(folder, kFolders) || folder == home || folder == xdg ||
      text::base_name(folder) == ".cache" || folder == "/")
    return true;
  return std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
    return std::ranges::any_of(manager.caches, [&](const Cache& other) {
      const auto usual = may_name(other.path, folder) ? path_in(other.path, step) : std::nullopt;
      return other.path != cache.path && usual && *usual != folder && text::is_within(*usual, folder);
    });
  });
}

bool MountRisks::may_be_filled(const Run& run, const PackageManager& manager) {
  auto known = filled_.find(&manager);
  if (known == filled_.end()) {
    const plan::Graph& graph = dockerfile_.graph();
    const auto fills = [&](size_t step) {
      return graph.steps[step].kind == Step::Kind::kRun && may_fill(dockerfile_.run_of(step), manager);
    };
    known = filled_.emplace(&manager, holds_up_to(graph, fills)).first;
  }
  const std::optional<size_t> below = dockerfile_.graph().steps[*run.step].below;
  return below && known->second[*below];
}

bool MountRisks::may_fill(const Run& run, const PackageManager& manager) {
  if (is_any_mounted(dockerfile_, run, manager, nullptr) || gets_mount_(run, manager)) return false;
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    if (words.empty() || use_by(dockerfile_, run, command) != nullptr) return false;
    if (!calls(manager, command)) return may_call_any(words);
    // NuGet's own feeds of the project, and what else fetches.
    constexpr std::string_view kFetching[] = {"mod",   "get",     "tidy", "restore",
                                              "fetch", "resolve", "pack", "source"};
    return std::ranges::any_of(
        words, [&](const shell::Word& word) { return text::is_one_of(word.text, kFetching); });
  });
}

namespace {

// Whether a command puts files into the cache by their names.
bool stores_files(const PackageManager& manager, const shell::Command& command) {
  constexpr std::string_view kStores[] = {"cache", "store"};
  const auto words = shell::invocation(command);
  if (!calls(manager, command)) return false;
  if (manager.name == "npm" || manager.name == "pnpm")
    return words.size() > 2 && text::is_one_of(words[1].text, kStores) && words[2].text == "add";
  return manager.name == "maven" && std::ranges::any_of(words, [](const shell::Word& word) {
           return word.text.ends_with(":install-file");
         });
}

}  // namespace

const shell::Command* MountRisks::stored_before(const Run& run, const PackageManager& manager) {
  const plan::Graph& graph = dockerfile_.graph();
  auto [known, is_new] = stored_.try_emplace(&manager);
  std::vector<const shell::Command*>& stored = known->second;
  for (size_t i = 0; is_new && i < graph.steps.size(); ++i) {
    const Step& step = graph.steps[i];
    stored.push_back(step.below ? stored[*step.below] : nullptr);
    if (step.kind != Step::Kind::kRun) continue;
    const Run& earlier = dockerfile_.run_of(i);
    const auto storing = std::ranges::find_if(
        earlier.commands, [&](const shell::Command& command) { return stores_files(manager, command); });
    if (storing != earlier.commands.end() && !is_any_mounted(dockerfile_, earlier, manager, nullptr))
      stored.back() = &*storing;
  }
  const std::optional<size_t> below = graph.steps[*run.step].below;
  return below ? stored[*below] : nullptr;
}

bool MountRisks::has_compiler(const Run& run) {
  if (compilers_.empty()) {
    const plan::Graph& graph = dockerfile_.graph();
    compilers_ = holds_up_to(graph, [&](size_t index) {
      return graph.steps[index].kind == Step::Kind::kRun &&
             std::ranges::any_of(dockerfile_.run_of(index).commands, installs_compiler);
    });
  }
  return compilers_[*run.step];
}

bool MountRisks::may_compile(const Run& run, const Use& use) {
  constexpr std::string_view kOnly[] = {"--only-binary", "--ignore-scripts", "--no-build"};
  constexpr std::string_view kTold[] = {"--no-binary", "--no-binary-package"};
  const auto has_option = [&](const auto& options) {
    return std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
      return text::is_one_of(word.text.substr(0, word.text.find('=')), options);
    });
  };
  if (has_option(kTold)) return true;
  return !has_option(kOnly) && has_compiler(run);
}

bool MountRisks::may_compile_c(const Run& run) {
  constexpr std::string_view kOn[] = {"CGO_ENABLED=1"}, kOff[] = {"CGO_ENABLED=0"};
  const Step& step = dockerfile_.graph().steps[*run.step];
  if (says(run, kOff[0]) || sets_any(step, kOff)) return false;
  if (says(run, kOn[0]) || sets_any(step, kOn)) return true;
  if (headers_.empty()) {
    const plan::Graph& graph = dockerfile_.graph();
    headers_ = holds_up_to(graph, [&](size_t index) {
      return graph.steps[index].kind == Step::Kind::kRun &&
             std::ranges::any_of(dockerfile_.run_of(index).commands, installs_headers);
    });
  }
  return headers_[*run.step];
}

}  // namespace dcache::rules
