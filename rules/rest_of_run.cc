#include "rules/rest_of_run.h"

#include <algorithm>
#include <array>
#include <vector>

#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using lint::Dockerfile;
using lint::Run;
using plan::Step;
using shell::Command;
using shell::Connector;
using ArgumentWords = std::span<const shell::Word>;

const Step& step_of_run(Dockerfile& dockerfile, const Run& run) {
  return dockerfile.graph().steps[*run.step];
}

// The first arguments that are not options.
std::pair<std::string_view, std::string_view> sub_commands(ArgumentWords arguments) {
  std::pair<std::string_view, std::string_view> found;
  for (const shell::Word& word : arguments) {
    if (word.text.starts_with('-')) continue;
    if (!found.first.empty()) {
      found.second = word.text;
      break;
    }
    found.first = word.text;
  }
  return found;
}

// A sub-command of a program; an empty second word means any.
struct SubCommand {
  std::string_view program;
  std::string_view first;
  std::string_view second = {};
};

bool is_any(ArgumentWords words, std::span<const SubCommand> commands) {
  std::string_view program = shell::program_of(words);
  if (program == "pip3" || program == "pip2") program = "pip";
  if (words.empty()) return false;
  const auto [first, second] = sub_commands(words.subspan(1));
  return std::ranges::any_of(commands, [&](const SubCommand& one) {
    return one.program == program && one.first == first && (one.second.empty() || one.second == second);
  });
}

// Looks at manifests and at what is installed, and changes nothing.
bool only_looks(const Command& command) {
  constexpr auto kLooking =
      std::to_array<SubCommand>({{"go", "mod", "verify"},  {"go", "version"},
                                 {"npm", "audit"},         {"npm", "ls"},
                                 {"npm", "list"},          {"npm", "outdated"},
                                 {"yarn", "audit"},        {"yarn", "list"},
                                 {"pnpm", "audit"},        {"pnpm", "ls"},
                                 {"pnpm", "list"},         {"bun", "audit"},
                                 {"pip", "check"},         {"pip", "list"},
                                 {"pip", "freeze"},        {"pip", "show"},
                                 {"uv", "pip", "check"},   {"uv", "pip", "list"},
                                 {"poetry", "check"},      {"poetry", "show"},
                                 {"pipenv", "graph"},      {"pipenv", "verify"},
                                 {"composer", "audit"},    {"composer", "show"},
                                 {"composer", "licenses"}, {"composer", "check-platform-reqs"},
                                 {"bundle", "check"},      {"bundle", "list"},
                                 {"bundle", "audit"}});
  const auto words = shell::invocation(command);
  if (!std::ranges::all_of(words, &shell::Word::literal)) return false;
  if (shell::program_of(words) == "go" && shell::has_word(words, "list")) return shell::has_word(words, "-m");
  return is_any(words, kLooking) && !shell::has_word(words, "fix") && !shell::has_word(words, "--fix");
}

// The start of a word up to the folder in which a pattern begins.
std::string_view folder_before_pattern(std::string_view word) {
  const size_t pattern = word.find_first_of("*?[");
  if (pattern == std::string_view::npos) return word;
  const size_t slash = word.substr(0, pattern).rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : word.substr(0, slash);
}

// The absolute path that a word means, patterns in it kept; nothing if that is not known.
std::optional<std::string> place_of_word(std::string_view word, const Step& step, bool is_in_workdir) {
  if (word.find("$(") != std::string_view::npos || word.find('`') != std::string_view::npos ||
      word.find(",") != std::string_view::npos)
    return std::nullopt;
  if (word.starts_with('/') || word.starts_with('~') || word.starts_with('$')) return path_in(word, step);
  if (!is_in_workdir || word.find('$') != std::string_view::npos) return std::nullopt;
  return text::clean_path(text::join_path(step.workdir(), word));
}

// Whether all that a command removes is outside of a folder.
bool removes_outside(const Command& command, const Step& step, std::string_view folder) {
  const auto words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  const bool finds = program == "find" && shell::has_word(words, "-delete");
  if (program != "rm" && !finds) return false;
  bool any = false;
  for (const shell::Word& word : words.subspan(1)) {
    if (word.text.starts_with('-')) {
      if (finds) break;
      continue;
    }
    const auto place = place_of_word(folder_before_pattern(word.text), step, false);
    if (!place || text::is_within(*place, folder) || text::is_within(folder, *place)) return false;
    any = true;
  }
  return any;
}

bool empties_any_cache(const Command& command) {
  return std::ranges::any_of(package_managers(),
                             [&](const PackageManager& manager) { return empties_caches(manager, command); });
}

// A folder that the install fills.
struct InstallFolder {
  std::string path;
  bool in_project = false;
};

std::string_view folder_of_packages(std::string_view manager) {
  constexpr auto kMade = std::to_array<Pair>({{"npm", "node_modules"},
                                              {"yarn", "node_modules"},
                                              {"pnpm", "node_modules"},
                                              {"bun", "node_modules"},
                                              {"pip", "site-packages"},
                                              {"composer", "vendor"},
                                              {"bundler", "vendor/bundle"},
                                              {"uv", ".venv"},
                                              {"poetry", ".venv"},
                                              {"pipenv", ".venv"},
                                              {"mix", "deps"}});
  const auto found = std::ranges::find(kMade, manager, &Pair::name);
  return found == kMade.end() ? std::string_view() : found->value;
}

std::vector<InstallFolder> filled_by(Dockerfile& dockerfile, const Run& run, const Use& use) {
  const Step& step = step_of_run(dockerfile, run);
  const bool implied = use.action->installs == Action::Installs::kImplied;
  std::vector<InstallFolder> filled;
  const std::string_view packages = folder_of_packages(use.manager->name);
  if (!packages.empty() && !implied) filled.push_back({text::join_path(step.workdir(), packages), true});
  for (const std::string_view name : use.action->caches) {
    const Cache& cache = use.manager->cache(name);
    // Before a build only downloads are made, which are the first.
    if (implied && name != use.action->caches.front()) break;
    if (is_mounted(dockerfile, run, *use.manager, cache, use.command)) continue;
    if (auto path = cache_path(dockerfile, run, *use.manager, cache, use.command)) {
      filled.push_back({std::move(*path)});
      continue;
    }
    for (const std::string_view other : cache.also) {
      if (auto path = path_in(other, step)) filled.push_back({std::move(*path)});
    }
  }
  return filled;
}

enum class Reaches : uint8_t { kNot, kPerhaps, kSure };

// Whether what a command does to the files that a word means reaches what is in one of the folders.
Reaches reach_of(std::string_view word, const Step& step, const std::vector<InstallFolder>& filled,
                 std::string_view packages, bool is_in_workdir) {
  // Of a folder below: packages/a/node_modules. What has a dot is a tool's: node_modules/.cache.
  const auto is_packages = [&](std::string_view path) {
    for (size_t at = path.find(packages); !packages.empty() && at != std::string_view::npos;
         at = path.find(packages, at + 1)) {
      const std::string_view rest = path.substr(at + packages.size());
      const bool starts = at == 0 || path[at - 1] == '/';
      if (starts && (rest.empty() || rest.front() == '/')) return !rest.starts_with("/.");
    }
    return false;
  };
  if (is_packages(word)) return Reaches::kSure;
  const auto place = place_of_word(word, step, is_in_workdir);
  if (!place) return Reaches::kPerhaps;
  const std::string start(folder_before_pattern(*place));
  for (const InstallFolder& one : filled) {
    if (text::is_within(start, one.path)) return one.in_project ? Reaches::kNot : Reaches::kSure;
    for (std::string_view path = one.path; path.size() > 1; path = text::parent_path(path)) {
      if (text::glob_match(*place, path)) return Reaches::kSure;
    }
    if (*place == "/") return Reaches::kSure;
  }
  return Reaches::kNot;
}

bool is_node_manager(std::string_view name) {
  return name == "npm" || name == "yarn" || name == "pnpm" || name == "bun";
}

// Whether a command takes packages of the manager away, by its name alone.
bool removes_packages_by_name(const PackageManager& manager, const Command& command) {
  constexpr auto kRemoving = std::to_array<SubCommand>({{"npm", "prune"},
                                                        {"npm", "uninstall"},
                                                        {"npm", "un"},
                                                        {"npm", "remove"},
                                                        {"npm", "rm"},
                                                        {"npm", "dedupe"},
                                                        {"pnpm", "prune"},
                                                        {"pnpm", "remove"},
                                                        {"pnpm", "rm"},
                                                        {"pnpm", "uninstall"},
                                                        {"yarn", "remove"},
                                                        {"yarn", "autoclean"},
                                                        {"yarn", "workspaces", "focus"},
                                                        {"bun", "remove"},
                                                        {"bun", "rm"},
                                                        {"composer", "remove"},
                                                        {"pip", "uninstall"},
                                                        {"uv", "remove"},
                                                        {"uv", "pip", "uninstall"},
                                                        {"poetry", "remove"},
                                                        {"pipenv", "uninstall"},
                                                        {"pipenv", "clean"},
                                                        {"bundle", "clean"},
                                                        {"mix", "deps.clean"}});
  constexpr auto kPrograms = std::to_array<std::string_view>(
      {"modclean", "node-prune", "clean-modules", "npm-prune", "node-modules-prune"});
  const auto words = shell::invocation(command);
  const bool of_node = is_node_manager(manager.name);
  if (of_node && std::ranges::any_of(words.first(std::min<size_t>(words.size(), 3)), [&](const auto& word) {
        return text::is_one_of(text::base_name(word.text), kPrograms);
      }))
    return true;
  const std::string_view program = shell::program_of(words);
  return (calls(manager, command) || (of_node && is_node_manager(program))) && is_any(words, kRemoving);
}

// Whether a command installs the same dependencies once more: without those of the development.
bool installs_again(Dockerfile& dockerfile, const Run& run, const Use& use, const Command& command) {
  constexpr auto kElsewhere =
      std::to_array<std::string_view>({"--prefix", "--cwd", "-C", "--dir", "--directory", "--project",
                                       "--filter", "-F", "-w", "--workspace"});
  const Use* again = use_by(dockerfile, run, command);
  if (again == nullptr || !again->installs_dependencies) return false;
  const bool same = again->manager == use.manager ||
                    (is_node_manager(again->manager->name) && is_node_manager(use.manager->name));
  return same && again->action->installs != Action::Installs::kImplied &&
         again->action->installs != Action::Installs::kFiles &&
         std::ranges::none_of(again->arguments, [&](const shell::Word& word) {
           return text::is_one_of(word.text.substr(0, word.text.find('=')), kElsewhere);
         });
}

bool is_recursive(ArgumentWords words) {
  return std::ranges::any_of(words, [](const shell::Word& word) {
    return word.text == "--recursive" || (word.text.starts_with('-') && !word.text.starts_with("--") &&
                                          word.text.find('R') != std::string_view::npos);
  });
}

// The words of a command that name what it removes, moves, or writes again with another owner or mode; for
// `find` also what it looks through.
Reaches reach_of_command(const Command& command, const Step& step, const std::vector<InstallFolder>& filled,
                         std::string_view packages, bool is_in_workdir) {
  const auto words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  const bool removes = text::is_one_of(program, std::to_array<std::string_view>({"rm", "rmdir", "mv"}));
  const bool owns = text::is_one_of(program, std::to_array<std::string_view>({"chown", "chgrp", "chmod"}));
  constexpr auto kChanging = std::to_array<std::string_view>({"-delete", "rm", "mv", "chown", "chmod"});
  const bool finds = program == "find" && std::ranges::any_of(words, [&](const shell::Word& word) {
                       return text::is_one_of(text::base_name(word.text), kChanging);
                     });
  if (!removes && !finds && !(owns && is_recursive(words))) return Reaches::kNot;
  Reaches most = Reaches::kNot;
  size_t operands = 0;
  for (const shell::Word& word : words.subspan(1)) {
    if (word.text.starts_with('-') && finds) break;
    if (word.text.starts_with('-')) continue;
    ++operands;
    if (owns && operands == 1) continue;
    const Reaches reach = reach_of(word.text, step, filled, packages, is_in_workdir);
    // Of a folder around it `find` may mean other files.
    most = std::max(most, finds && reach == Reaches::kSure &&
                                  folder_before_pattern(word.text).find(packages) == std::string_view::npos
                              ? Reaches::kPerhaps
                              : reach);
  }
  if (finds && operands == 0) return is_in_workdir ? Reaches::kPerhaps : Reaches::kNot;
  return most;
}

bool reaches_image(Dockerfile& dockerfile, const Run& run) {
  const auto& stages = written_stages(dockerfile);
  if (stages_that_ship(stages)[stage_of(stages, run)]) return true;
  const project::Image* image = dockerfile.image();
  if (image == nullptr || image->build.plan.target.empty()) return false;
  const plan::Stage* target = dockerfile.graph().find_stage(image->build.plan.target);
  return target != nullptr &&
         dockerfile.graph().starts_from(target->index, step_of_run(dockerfile, run).stage);
}

// Whether a `&` at the end puts what is before it in the background.
bool ends_in_background(std::string_view script) {
  const size_t last = script.rfind('&');
  if (last == std::string_view::npos || last == 0) return false;
  constexpr std::string_view kRedirections = "&<>";
  if (kRedirections.find(script[last - 1]) != std::string_view::npos) return false;
  const std::string_view rest = text::trim(script.substr(last + 1));
  return rest.empty() || rest.starts_with('#') || rest.starts_with('\\');
}

}  // namespace

size_t count_with_install(Dockerfile& dockerfile, const Run& run, const Use& use, const Step& copy) {
  const Step& step = step_of_run(dockerfile, run);
  const std::string& folder = copy.destination;
  size_t count = static_cast<size_t>(use.command - run.commands.data()) + 1;
  for (; count < run.commands.size(); ++count) {
    const Command& next = run.commands[count];
    if (next.connector != Connector::kAnd || next.depth != 0 || next.quoted || !next.redirections.empty())
      break;
    if (!only_looks(next) && !empties_any_cache(next) && !removes_outside(next, step, folder)) break;
  }
  return count;
}

bool can_split_before(const Run& run, const dockerfile::File& file, size_t index) {
  if (index == 0 || index >= run.commands.size() || run.commands[index].depth != 0) return false;
  for (size_t i = 1; i < run.commands.size(); ++i) {
    const Command& command = run.commands[i];
    if (command.depth != 0) continue;
    const bool piped = command.connector == Connector::kPipe && i > index;
    if (command.connector != Connector::kAnd && !piped) return false;
  }
  if (ends_in_background(run.script)) return false;
  const uint32_t from = run.span_of(run.commands[index - 1].spelling).end;
  const uint32_t to = run.span_of(run.commands[index].spelling).begin;
  std::string between(text::Span{from, to}.of(run.source));
  std::erase_if(between, [&](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  std::erase(between, file.escape());
  return between == "&&";
}

bool fails_with(const Run& run, const Command& command) {
  if (command.depth != 0) return true;
  const auto sets_errexit = [&](const Command& one) {
    return one.program() == "set" && &one < &command &&
           std::ranges::any_of(one.words, [](const shell::Word& word) {
             return word.text == "errexit" || (word.text.starts_with('-') && !word.text.starts_with("--") &&
                                               word.text.find('e') != std::string_view::npos);
           });
  };
  const bool of_shell =
      run.shell != nullptr && std::ranges::any_of(run.shell->arguments, [](const dockerfile::Word& word) {
        return word.text.starts_with('-') && !word.text.starts_with("--") &&
               word.text.find('e') != std::string_view::npos;
      });
  const bool errexit = of_shell || std::ranges::any_of(run.commands, sets_errexit);
  bool first = true;
  for (const Command& after : run.commands) {
    if (&after <= &command || after.depth != 0) continue;
    // With `set -e` the list ends here.
    if (after.connector == Connector::kThen && errexit) return true;
    if (after.connector == Connector::kPipe && !first) continue;
    if (after.connector != Connector::kAnd) return false;
    first = false;
  }
  return !ends_in_background(run.script);
}

TakenAway taken_away_by_rest(Dockerfile& dockerfile, const Run& run, const Use& use, size_t first) {
  if (first >= run.commands.size() || !reaches_image(dockerfile, run)) return {};
  const Step& step = step_of_run(dockerfile, run);
  const std::vector<InstallFolder> filled = filled_by(dockerfile, run, use);
  const bool implied = use.action->installs == Action::Installs::kImplied;
  const std::string_view packages = implied ? std::string_view() : folder_of_packages(use.manager->name);
  const bool has_caches =
      std::ranges::any_of(filled, [](const InstallFolder& one) { return !one.in_project; });
  std::vector<InstallFolder> in_project = filled;
  std::erase_if(in_project, [](const InstallFolder& one) { return !one.in_project; });
  bool is_in_workdir = true;
  TakenAway perhaps;
  for (size_t i = 0; i < run.commands.size(); ++i) {
    const Command& command = run.commands[i];
    if (command.program() == "cd") is_in_workdir = false;
    if (i < first) continue;
    // Of Go's caches the packages are in one.
    const bool empties = has_caches && empties_caches(*use.manager, command) &&
                         (use.manager->name != "go" || shell::has_word(command.words, "-modcache"));
    if (empties) return {&command, true, true};
    if ((!implied && removes_packages_by_name(*use.manager, command)) ||
        (is_in_workdir && installs_again(dockerfile, run, use, command)))
      return {&command, true, false};
    const Reaches reach = reach_of_command(command, step, filled, packages, is_in_workdir);
    if (reach == Reaches::kSure) {
      const bool of_project =
          reach_of_command(command, step, in_project, packages, is_in_workdir) == Reaches::kSure;
      return {&command, true, !of_project};
    }
    if (reach == Reaches::kPerhaps && perhaps.command == nullptr) perhaps = {&command, false, false};
  }
  return perhaps;
}

}  // namespace dcache::rules
