#include "rules/mount_risks.h"

#include <algorithm>
#include <optional>

#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/known_facts.h"

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;

// Build tools and shells may call any package manager, and so may a program that is named by its path.
bool may_call_any(std::span<const shell::Word> words) {
  return text::is_one_of(shell::program_of(words), script_programs()) ||
         words.front().text.find('/') != std::string_view::npos;
}

bool installs_headers(const shell::Command& command) {
  const auto words = shell::invocation(command);
  return text::is_one_of(shell::program_of(words), system_package_managers()) &&
         std::ranges::any_of(words, [](const shell::Word& word) {
           return word.text.ends_with("-dev") || word.text.ends_with("-devel");
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
  return std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
    if (use.manager->name == "uv")
      return word.text == "--no-editable" || word.text == "." || word.text.starts_with("./") ||
             word.text.starts_with('/');
    constexpr std::string_view kOptions[] = {"-s", "--source", "--configfile"};
    return use.manager->name == "dotnet" &&
           text::is_one_of(word.text.substr(0, word.text.find('=')), kOptions);
  });
}

bool links_into_store(const Use& use) {
  constexpr std::string_view kWords[] = {"-g", "--global", "dlx"};
  return use.manager->name == "pnpm" && std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           return text::is_one_of(word.text, kWords);
         });
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
