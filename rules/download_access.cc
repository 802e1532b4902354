#include "rules/download_access.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/cache_needs.h"
#include "rules/invocations.h"
#include "rules/known_facts.h"

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;

bool has_any(std::string_view text, std::span<const std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

bool starts_with_any(std::string_view text, std::span<const std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return text.starts_with(start); });
}

// Folders in which nobody looks for settings.
bool is_plain_folder(std::string_view path) {
  return std::ranges::any_of(folders_without_settings(),
                             [&](std::string_view folder) { return text::is_within(path, folder); });
}

bool is_temporary(std::string_view path) {
  return text::is_within(path, "/tmp") || text::is_within(path, "/var/tmp");
}

// What a command does with the files that its words name.
enum class Work : uint8_t { kReads, kWrites, kRemoves };

Work work_of(std::span<const shell::Word> words) {
  const std::string_view program = shell::program_of(words);
  if (text::is_one_of(program, removing_programs())) return Work::kRemoves;
  if (program == "find") {
    constexpr std::string_view kActing[] = {"-delete", "-exec", "-execdir", "-ok", "-okdir"};
    const bool acts = std::ranges::any_of(
        words, [&](const shell::Word& word) { return text::is_one_of(word.text, kActing); });
    return acts ? Work::kRemoves : Work::kReads;
  }
  return text::is_one_of(program, reading_programs()) ? Work::kReads : Work::kWrites;
}

// Whether it sets nothing but what says neither where packages come from nor as whom: `git config --global
// safe.directory /app`, `bundle config set --local without test`.
bool sets_harmless(std::span<const shell::Word> words) {
  constexpr std::string_view kOtherFiles[] = {"-f", "--file", "--blob", "-e", "--edit", "edit"};
  const bool of_other_file = std::ranges::any_of(words, [&](const shell::Word& word) {
    return text::is_one_of(word.text.substr(0, word.text.find('=')), kOtherFiles);
  });
  const std::string setting = text::to_lower(setting_named(words));
  if (setting.empty() || of_other_file) return false;
  // `npm config set a=b c=d`
  const auto is_pair = [](const shell::Word& word) { return word.text.find('=') != std::string_view::npos; };
  if (std::ranges::count_if(words, is_pair) > 1) return false;
  return text::is_one_of(setting, harmless_settings()) ||
         starts_with_any(setting, shell::program_of(words) == "git" ? harmless_git_sections()
                                                                    : harmless_setting_starts());
}

// Whether it takes packages or settings away by their names, or gives other ones.
bool changes_access(std::span<const shell::Word> words) {
  const std::string_view program = shell::program_of(words);
  const auto has_word_of = [&](std::span<const std::string_view> wanted) {
    return std::ranges::any_of(words.subspan(1),
                               [&](const shell::Word& word) { return text::is_one_of(word.text, wanted); });
  };
  const bool installs = program == "dpkg" || program == "rpm" || program == "dnf5" ||
                        text::is_one_of(program, system_package_managers());
  if (installs) return has_word_of(package_removal_words());
  if (text::is_one_of(program, access_programs())) return true;
  if (sets_harmless(words)) return false;
  if (program == "git") return has_word_of(git_access_words());
  constexpr std::string_view kGo[] = {"-w", "-u"};
  const bool manages = std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
    return std::ranges::any_of(manager.programs, [&](Words name) { return name.front() == program; });
  });
  if (!manages) return false;
  return has_word_of(access_words()) || (program == "go" && has_word_of(kGo));
}

// Whether a variable says where packages come from, as whom, or how they are downloaded.
bool may_give_access(std::string_view name) {
  if (text::is_one_of(name, harmless_variables()) || starts_with_any(name, harmless_variable_starts()))
    return false;
  const std::string lower = text::to_lower(name);
  return lower == "home" || starts_with_any(lower, access_variable_starts()) ||
         has_any(lower, access_variable_parts());
}

// Whether a variable says nothing about downloads with one value or the other.
bool is_harmless_value(std::string_view name, std::string_view value) {
  if (name != "GOFLAGS") return false;
  while (!(value = text::trim_left(value)).empty()) {
    const std::string_view flag = value.substr(0, value.find_first_of(" \t"));
    value.remove_prefix(flag.size());
    if (!text::is_one_of(flag, harmless_go_flags()) &&
        !text::is_one_of(flag.substr(0, flag.find('=')), harmless_go_flags()))
      return false;
  }
  return true;
}

// Whether settings of the package manager can contain variables of any name.
bool reads_any_variable(const PackageManager& manager) {
  return manager.name != "go" && manager.name != "cargo";
}

// Variables that nobody gives credentials in.
bool is_about_the_build(std::string_view name) {
  return text::is_one_of(name, build_variables()) || starts_with_any(name, build_variable_starts());
}

// An option or an address that says where packages come from.
bool says_where(std::string_view word) {
  if (word.find("://") != std::string_view::npos) return true;
  return word.starts_with('-') && !word.starts_with("--configuration") &&
         has_any(text::to_lower(word), access_option_parts());
}

// A file that a COPY puts somewhere, and the path in the context that it has there.
struct CopiedFile {
  std::string place;
  std::string source;
};

// What a step does to what lets a package manager download, in the order of a stage.
class Access {
 public:
  Access(lint::Dockerfile& dockerfile, const PackageManager& manager)
      : dockerfile_(dockerfile), graph_(dockerfile.graph()), manager_(manager) {
    for (const dockerfile::Instruction& one : dockerfile.file().instructions()) {
      if (one.keyword == dockerfile::Keyword::kArg) arguments_.push_back(&one);
    }
    for (const Run& run : dockerfile.runs()) {
      const auto is_ours = [&](const Use& use) { return use.manager == &manager; };
      if (run.step && std::ranges::any_of(uses_of(dockerfile, run), is_ours)) users_.push_back(&run);
    }
  }

  // The RUNs that use the package manager.
  const std::vector<const Run*>& users() const { return users_; }

  // Why the later RUN may not be able to download what `run` does, as a clause; empty if it is.
  std::string find_obstacle(const Run& run, const Run& later) {
    look_at_all();
    const Step& first = graph_.steps[*run.step];
    const Step& last = graph_.steps[*later.step];
    const shell::Command* changing = changes_after_use(run);
    const bool is_after = changing != nullptr;
    if (!is_after) changing = changes_before_use(later);
    if (changing != nullptr)
      return fmt::format("'{}' in line {} may remove or change credentials or settings",
                         short_form(*changing), line_of(is_after ? run : later));
    if (std::string lack = lacks_given(run, later); !lack.empty()) return lack;
    if (has_other_user(first, last))
      return fmt::format("another user runs line {}, with other settings", line_of(later));
    if (std::string_view name = find_other_variable(first, last); !name.empty())
      return fmt::format("{} is set to another value there, or in only one of lines {} and {}", name,
                         line_of(run), line_of(later));
    if (const Step* step = find_change_between(first, last)) return words_of_change(*step);
    return {};
  }

 private:
  static uint32_t line_of(const Run& run) { return run.instruction->start_line; }

  std::string words_of_change(const Step& step) const {
    const uint32_t line = step.instruction->start_line;
    if (step.kind == Step::Kind::kRun) {
      const Run& run = dockerfile_.run_of(number_of(step));
      const auto changing = std::ranges::find_if(
          run.commands, [&](const shell::Command& command) { return changes(command, step); });
      if (changing != run.commands.end())
        return fmt::format("'{}' in line {} may remove or change credentials or settings",
                           short_form(*changing), line);
    }
    return fmt::format("line {} may replace credentials or settings", line);
  }

  // What a mount gives, in words.
  static std::string words_of_mount(const dockerfile::Mount& mount) {
    if (mount.type == dockerfile::Mount::Type::kSsh) return "the SSH agent";
    if (mount.type != dockerfile::Mount::Type::kSecret) return fmt::format("the mount at {}", mount.target);
    return fmt::format("the secret {}",
                       mount.id.empty() ? text::base_name(mount.target) : std::string_view(mount.id));
  }

  size_t number_of(const Step& step) const { return static_cast<size_t>(&step - graph_.steps.data()); }

  // Most files have no two RUNs that need it.
  void look_at_all() {
    if (!copied_.empty()) return;
    changes_.resize(graph_.steps.size());
    edits_project_.resize(graph_.steps.size());
    copied_.resize(graph_.steps.size());
    for (size_t i = 0; i < graph_.steps.size(); ++i)
      look_at(i);
  }

  void look_at(size_t index) {
    const Step& step = graph_.steps[index];
    if (step.kind == Step::Kind::kCopy) {
      changes_[index] = puts_settings(step);
      note_copied(index);
    }
    if (step.kind != Step::Kind::kRun) return;
    const Run& run = dockerfile_.run_of(index);
    changes_[index] = std::ranges::any_of(
        run.commands, [&](const shell::Command& command) { return changes(command, step); });
    edits_project_[index] = std::ranges::any_of(
        run.commands, [&](const shell::Command& command) { return edits_project(command, step); });
  }

  // Whether a COPY puts something where settings are outside of the project.
  bool puts_settings(const Step& step) const {
    const auto puts = [&](std::string_view place) {
      const auto path = path_in(place, step);
      return path && may_put_files(dockerfile_, step, *path);
    };
    return std::ranges::any_of(system_settings(), puts) || std::ranges::any_of(manager_.settings, puts);
  }

  // The settings of the project that a COPY brings.
  void note_copied(size_t index) {
    const Step& step = graph_.steps[index];
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors)
        note_copied(index, step, selector);
    }
  }

  void note_copied(size_t index, const Step& step, const plan::Selector& selector) {
    std::vector<CopiedFile>& files = copied_[index];
    const std::string_view name = text::base_name(selector.path);
    const std::string_view end = text::base_name(step.destination);
    const auto is_settings = [&](std::string_view one) {
      return text::is_one_of(one, project_settings()) || text::is_one_of(one, manager_.manifests);
    };
    if (!selector.wildcard && is_settings(end)) {
      files.push_back({step.destination, selector.path});
    } else if (!selector.wildcard && is_settings(name)) {
      files.push_back({text::join_path(step.destination, name), selector.path});
    }
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context == nullptr) return;
    std::string_view folder = selector.path == "/*" ? std::string_view("/") : std::string_view(selector.path);
    if (selector.wildcard && folder != "/") return;
    if (folder.starts_with('/')) folder.remove_prefix(1);
    for (const std::string_view one : project_settings()) {
      const std::string path = text::join_path(folder, one);
      const std::string inside = path.starts_with('/') ? path.substr(1) : path;
      if (context->files.find(inside) != nullptr || !context->files.below(inside).empty())
        files.push_back({text::join_path(step.destination, one), '/' + inside});
    }
  }

  // Whether a word may name something that says where packages come from, or as whom.
  bool may_name_settings(std::string_view word, const Step& step, Work work) const {
    if (word.empty() || word == "/dev/null" || word.starts_with("/dev/std") || word.starts_with('&'))
      return false;
    const auto path = path_in(word, step);
    if (!path && word.find_first_of("$`") != std::string_view::npos) return work == Work::kRemoves;
    if (!path) return may_name_in_project(word);
    if (text::is_within(*path, step.workdir()) && step.workdir() != "/" && *path != step.workdir())
      return may_name_in_project(std::string_view(*path).substr(step.workdir().size() + 1));
    if (is_plain_folder(*path)) return false;
    if (is_temporary(*path)) return has_secrets();
    if (work == Work::kRemoves) return true;
    const auto home = path_in("~", step);
    constexpr std::string_view kPlaces[] = {"/root", "/home", "/etc", "/run/secrets"};
    return std::ranges::any_of(kPlaces,
                               [&](std::string_view place) {
                                 return text::is_within(*path, place) || text::is_within(place, *path);
                               }) ||
           (home && text::is_within(*path, *home)) || is_own_setting(*path, step) ||
           may_be_settings(text::base_name(*path));
  }

  // Whether a file of that name may say where packages come from, or as whom.
  bool may_be_settings(std::string_view name) const {
    // Of the package managers only Bun reads it, for the variables of its settings.
    // Source: https://bun.sh/docs/runtime/env
    const bool is_environment = name == ".env" || name.starts_with(".env.");
    if (is_environment && name != ".env.yarn") return manager_.name == "bun";
    if (text::is_one_of(name, harmless_dot_files())) return false;
    return name.starts_with('.') || has_any(text::to_lower(name), settings_parts());
  }

  bool may_name_in_project(std::string_view word) const {
    while (word.starts_with("./"))
      word.remove_prefix(2);
    const std::string_view first = word.substr(0, word.find('/'));
    return word.empty() || first.starts_with("..") || word == "." || word == "*" ||
           may_be_settings(text::base_name(word)) || may_be_settings(first);
  }

  bool is_own_setting(std::string_view path, const Step& step) const {
    return std::ranges::any_of(manager_.settings, [&](std::string_view setting) {
      const auto place = path_in(setting, step);
      return place && (text::is_within(path, *place) || text::is_within(*place, path));
    });
  }

  // Whether the file speaks of credentials at all, which may be in a temporary folder.
  bool has_secrets() const {
    struct Secrets {
      bool any;
    };
    return dockerfile_
        .shared<Secrets>(
            [&] { return Secrets{has_any(text::to_lower(dockerfile_.file().source()), credential_marks())}; })
        .any;
  }

  // Whether a command may change what lets a package manager download.
  bool changes(const shell::Command& command, const Step& step) const {
    const auto into_settings = [&](const shell::Redirection& redirection) {
      return redirection.op.find('>') != std::string_view::npos &&
             may_name_settings(redirection.target.text, step, Work::kWrites);
    };
    if (std::ranges::any_of(command.redirections, into_settings)) return true;
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    if (changes_access(words) || may_run_anything(words)) return true;
    const Work work = work_of(words);
    if (work == Work::kReads || uses_packages(command) || sets_harmless(words)) return false;
    // Files stay what they are, and root reads all; but ssh refuses a key that others can read.
    constexpr std::string_view kRights[] = {"chmod", "chown", "chgrp"};
    if (text::is_one_of(shell::program_of(words), kRights) && !has_secrets()) return false;
    return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
      return !word.text.starts_with('-') && may_name_settings(word.text, step, work);
    });
  }

  // Scripts and build tools.
  static bool may_run_anything(std::span<const shell::Word> words) {
    if (shell::inner_script(words)) return false;
    const std::string_view first = words.front().text;
    return text::is_one_of(shell::program_of(words), script_programs()) || first.starts_with("./") ||
           first.ends_with(".sh");
  }

  static bool uses_packages(const shell::Command& command) {
    return std::ranges::any_of(package_managers(),
                               [&](const PackageManager& manager) { return calls(manager, command); });
  }

  // Whether a command may write a setting of the project, which a later COPY replaces.
  bool edits_project(const shell::Command& command, const Step& step) const {
    const auto is_in_project = [&](std::string_view word) {
      if (word.starts_with('-')) return false;
      const auto path = path_in(word, step);
      if (!path) return may_name_in_project(word);
      return text::is_within(*path, step.workdir()) && may_be_settings(text::base_name(*path));
    };
    if (std::ranges::any_of(command.redirections, [&](const shell::Redirection& redirection) {
          return redirection.op.find('>') != std::string_view::npos && is_in_project(redirection.target.text);
        }))
      return true;
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    if (may_run_anything(words) || (uses_packages(command) && changes_access(words))) return true;
    if (work_of(words) == Work::kReads || uses_packages(command) || sets_harmless(words)) return false;
    return std::ranges::any_of(words.subspan(1),
                               [&](const shell::Word& word) { return is_in_project(word.text); });
  }

  bool uses(const Run& run, const shell::Command& command) const {
    const Use* use = use_by(dockerfile_, run, command);
    return use != nullptr && use->manager == &manager_;
  }

  // The command of the RUN that changes something after it has downloaded; null for none.
  const shell::Command* changes_after_use(const Run& run) const {
    const Step& step = graph_.steps[*run.step];
    bool used = false;
    const auto changing = std::ranges::find_if(run.commands, [&](const shell::Command& command) {
      const bool was_used = std::exchange(used, used || uses(run, command));
      return was_used && changes(command, step);
    });
    return changing == run.commands.end() ? nullptr : &*changing;
  }

  const shell::Command* changes_before_use(const Run& later) const {
    const Step& step = graph_.steps[*later.step];
    for (const shell::Command& command : later.commands) {
      if (uses(later, command)) return nullptr;
      if (changes(command, step)) return &command;
    }
    return nullptr;
  }

  // The words of the commands of a RUN that use the package manager, and those that set variables there.
  struct AccessSettings {
    std::set<std::string_view> options;
    std::set<std::string_view> variables;
  };
  AccessSettings given_by(const Run& run) const {
    AccessSettings given;
    for (const shell::Command& command : run.commands) {
      const bool used = uses(run, command);
      // `env A=b pip install c==1`: what the program gets may be versions.
      const size_t wrappers = used ? command.wrappers : 0;
      const size_t before = command.program() == "export" ? command.words.size() : wrappers;
      for (size_t i = 0; i < command.words.size(); ++i) {
        const std::string_view word = command.words[i].text;
        if (used && says_where(word)) given.options.insert(word);
        if (i < before && !word.starts_with('-') && word.find('=') != std::string_view::npos)
          given.variables.insert(word);
      }
      if (!used && !command.words.empty()) continue;
      for (const shell::Word& word : command.assignments)
        given.variables.insert(word.text);
    }
    return given;
  }

  // What one of the two RUNs gives the package manager and the other does not, as a clause; empty for
  // nothing.
  std::string lacks_given(const Run& run, const Run& later) const {
    const AccessSettings first = given_by(run), second = given_by(later);
    const auto name_of = [](std::string_view word) { return word.substr(0, word.find('=')); };
    const auto is_harmless = [&](std::string_view word) {
      return word.find('=') != std::string_view::npos &&
             is_harmless_value(name_of(word), word.substr(word.find('=') + 1));
    };
    for (const std::string_view word : first.options) {
      if (second.options.contains(word)) continue;
      // The value may be a secret.
      const bool is_option = word.starts_with('-');
      return is_option ? fmt::format("line {} does not have {} as line {} does", line_of(later),
                                     name_of(word), line_of(run))
                       : fmt::format("line {} does not name the address that line {} does", line_of(later),
                                     line_of(run));
    }
    for (const std::string_view word : first.variables) {
      if (!second.variables.contains(word) && counts(name_of(word)) && !is_harmless(word))
        return fmt::format("line {} does not set {} as line {} does", line_of(later), name_of(word),
                           line_of(run));
    }
    for (const std::string_view word : second.variables) {
      if (!first.variables.contains(word) && may_give_access(name_of(word)) && !is_harmless(word))
        return fmt::format("line {} sets {}, and line {} does not set it so", line_of(later), name_of(word),
                           line_of(run));
    }
    for (const dockerfile::Mount& mount : run.mounts) {
      if (!brings_access(mount)) continue;
      const bool is_there = std::ranges::any_of(later.mounts, [&](const dockerfile::Mount& other) {
        return other.type == mount.type && other.id == mount.id && other.source == mount.source &&
               other.from == mount.from && other.target == mount.target && other.env == mount.env;
      });
      if (!is_there)
        return fmt::format("line {} does not get {} as line {} does", line_of(later), words_of_mount(mount),
                           line_of(run));
    }
    return {};
  }

  static bool brings_access(const dockerfile::Mount& mount) {
    using Type = dockerfile::Mount::Type;
    if (mount.type == Type::kSecret || mount.type == Type::kSsh) return true;
    const std::string_view name = text::base_name(mount.target);
    return mount.type == Type::kBind &&
           (text::is_one_of(name, project_settings()) || mount.target.starts_with('~') ||
            text::is_within(mount.target, "/root") || text::is_within(mount.target, "/etc"));
  }

  // Whether the package manager may be lost without a variable that it had.
  bool counts(std::string_view name) const {
    if (is_about_the_build(name)) return false;
    return reads_any_variable(manager_) || may_give_access(name);
  }

  static bool has_other_user(const Step& first, const Step& last) {
    const plan::Part* const one = first.find(plan::Part::Kind::kUser);
    const plan::Part* const other = last.find(plan::Part::Kind::kUser);
    const std::string_view before = one == nullptr ? std::string_view("root") : one->value;
    const std::string_view after = other == nullptr ? std::string_view("root") : other->value;
    return read_owner(before).user != read_owner(after).user;
  }

  // Whether an ENV takes the value of a variable from others, which the build may give another one.
  bool may_be_given(std::string_view name) const {
    return std::ranges::any_of(dockerfile_.file().instructions(), [&](const dockerfile::Instruction& one) {
      if (one.keyword != dockerfile::Keyword::kEnv) return false;
      for (size_t i = 0; i + 1 < one.arguments.size(); i += 2) {
        if (one.arguments[i].text == name && one.arguments[i + 1].text.find('$') != std::string_view::npos)
          return true;
      }
      return false;
    });
  }

  // A variable or an argument of the stage that may decide about downloads, and that is another one in the
  // later step; empty for none.
  std::string_view find_other_variable(const Step& first, const Step& last) const {
    if (first.environment && last.environment) {
      for (const plan::Variable* variable : first.environment->variables()) {
        const auto now = last.environment->get(variable->name);
        const bool harmless = is_harmless_value(variable->name, variable->value) &&
                              is_harmless_value(variable->name, now.value_or("")) &&
                              !may_be_given(variable->name);
        if (now != variable->value && counts(variable->name) && !harmless) return variable->name;
      }
      for (const plan::Variable* variable : last.environment->variables()) {
        if (may_give_access(variable->name) && !first.environment->get(variable->name) &&
            (!is_harmless_value(variable->name, variable->value) || may_be_given(variable->name)))
          return variable->name;
      }
    }
    // What only a build gives a value.
    const auto before = declared_before(first), after = declared_before(last);
    for (const std::string_view name : before) {
      if (!after.contains(name) && counts(name)) return name;
    }
    for (const std::string_view name : after) {
      if (!before.contains(name) && may_give_access(name)) return name;
    }
    return {};
  }

  // The names of the arguments that the stage of a step declares before it, with a value or without.
  std::set<std::string_view> declared_before(const Step& step) const {
    std::set<std::string_view> names;
    const dockerfile::Instruction* const from = graph_.stages[step.stage].from;
    for (const dockerfile::Instruction* one : arguments_) {
      if (from == nullptr || one->start_line < from->start_line) continue;
      if (one->start_line > step.instruction->start_line) break;
      for (const dockerfile::Word& word : one->arguments)
        names.insert(word.text.substr(0, word.text.find('=')));
    }
    return names;
  }

  // The step between the two that changes something; null for none.
  const Step* find_change_between(const Step& first, const Step& last) const {
    std::vector<size_t> before = steps_up_to(number_of(first));
    const bool edited =
        std::ranges::any_of(before, [&](size_t step) { return static_cast<bool>(edits_project_[step]); });
    std::erase_if(before, [&](size_t step) { return copied_[step].empty(); });
    for (auto at = last.below; at && *at != number_of(first); at = graph_.steps[*at].below) {
      const Step& step = graph_.steps[*at];
      if (changes_[*at]) return &step;
      if (step.kind != Step::Kind::kCopy) continue;
      if (edited && (text::is_within(first.workdir(), step.destination) ||
                     text::is_within(step.destination, first.workdir())))
        return &step;
      const bool brings_other = std::ranges::any_of(copied_[*at], [&](const CopiedFile& file) {
        // Settings are looked for in the folder of the project and those around it.
        const std::string_view folder = text::parent_path(file.place);
        return (text::is_within(first.workdir(), folder) || text::is_within(last.workdir(), folder)) &&
               is_other(file, before);
      });
      if (brings_other) return &step;
      if (std::ranges::any_of(before, [&](size_t earlier) { return replaces(step, copied_[earlier]); }))
        return &step;
    }
    return nullptr;
  }

  std::vector<size_t> steps_up_to(size_t step) const {
    std::vector<size_t> steps;
    for (std::optional<size_t> at = step; at; at = graph_.steps[*at].below)
      steps.push_back(*at);
    return steps;
  }

  // Whether the steps put another file at the place of the one that is copied, or none.
  bool is_other(const CopiedFile& file, const std::vector<size_t>& before) const {
    for (const size_t step : before) {
      for (const CopiedFile& earlier : copied_[step]) {
        if (earlier.place == file.place) return earlier.source != file.source;
      }
    }
    return text::is_one_of(text::base_name(file.place), project_settings());
  }

  // Whether a COPY of folders may put another file at the place of one of those. What is in the context
  // decides; without it a file that had another name there is assumed to be replaced.
  bool replaces(const Step& copy, const std::vector<CopiedFile>& files) const {
    const lint::BuildContext* context = dockerfile_.build_context();
    return std::ranges::any_of(files, [&](const CopiedFile& file) {
      if (!text::is_within(file.place, copy.destination) || file.place == copy.destination) return false;
      const std::string_view below =
          std::string_view(file.place).substr(copy.destination == "/" ? 0 : copy.destination.size());
      return std::ranges::any_of(copy.reads, [&](const plan::Read& read) {
        if (read.origin != plan::Read::Origin::kContext) return false;
        return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
          if (selector.wildcard && selector.path != "/*") return false;
          const std::string folder = selector.path == "/*" ? "/" : selector.path;
          const std::string path = text::clean_path(folder + std::string(below));
          if (path == file.source) return false;
          return context == nullptr || context->files.find(path.substr(1)) != nullptr;
        });
      });
    });
  }

  lint::Dockerfile& dockerfile_;
  const plan::Graph& graph_;
  const PackageManager& manager_;
  std::vector<bool> changes_;                    // of each step: settings, credentials or what reads them
  std::vector<bool> edits_project_;              // of each step
  std::vector<std::vector<CopiedFile>> copied_;  // of each step: settings of the project
  std::vector<const dockerfile::Instruction*> arguments_;  // all ARGs
  std::vector<const Run*> users_;
};

// Of each package manager.
struct AllAccess {
  std::map<const PackageManager*, Access> known;
};

// The folders of those of the caches that a RUN uses; nothing for one that is not known.
std::vector<std::optional<std::string>> folders_used(lint::Dockerfile& dockerfile, const Run& run,
                                                     const PackageManager& manager,
                                                     std::span<const std::string_view> caches,
                                                     bool mounted_too) {
  std::vector<std::optional<std::string>> folders;
  for (const Use& use : uses_of(dockerfile, run)) {
    if (use.manager != &manager) continue;
    if (!mounted_too && is_any_mounted(dockerfile, run, manager, use.command)) continue;
    for (const std::string_view name : use.action->caches) {
      if (text::is_one_of(name, caches))
        folders.push_back(cache_path(dockerfile, run, manager, manager.cache(name), use.command));
    }
  }
  return folders;
}

}  // namespace

Obstacle find_obstacle(lint::Dockerfile& dockerfile, const Run& run, const PackageManager& manager,
                       std::span<const std::string_view> caches) {
  const plan::Graph& graph = dockerfile.graph();
  const auto own = folders_used(dockerfile, run, manager, caches, true);
  // Whether the RUN uses one of these folders too, and leaves what it downloads in its layer if it is the
  // earlier one.
  const auto fills = [&](const Run& other, bool is_earlier) {
    return std::ranges::any_of(
        folders_used(dockerfile, other, manager, caches, !is_earlier), [&](const auto& folder) {
          return std::ranges::any_of(own,
                                     [&](const auto& one) { return !one || !folder || *one == *folder; });
        });
  };
  const auto follows = [&](const Run& one, const Run& other) {
    return *one.step < *other.step &&
           graph.starts_from(graph.steps[*other.step].stage, graph.steps[*one.step].stage);
  };
  auto& known = dockerfile.memory<AllAccess>().known;
  auto access = known.find(&manager);
  if (access == known.end()) access = known.try_emplace(&manager, dockerfile, manager).first;
  const std::vector<const Run*>& users = access->second.users();
  // Each pair takes a look at all steps between the two.
  constexpr size_t kMostUsers = 50;
  for (const Run* other : users) {
    const bool is_earlier = follows(*other, run);
    if ((!is_earlier && !follows(run, *other)) || !fills(*other, is_earlier)) continue;
    const Run& later = is_earlier ? run : *other;
    std::string reason = users.size() > kMostUsers
                             ? fmt::format("other steps use {} too, with other settings maybe", manager.name)
                             : access->second.find_obstacle(is_earlier ? *other : run, later);
    if (!reason.empty()) return {fmt::format("line {}", later.instruction->start_line), std::move(reason)};
  }
  return {};
}

}  // namespace dcache::rules
