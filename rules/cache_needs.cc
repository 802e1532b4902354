#include "rules/cache_needs.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/image_runs.h"
#include "rules/known_facts.h"
#include "rules/plain_commands.h"
#include "rules/sources.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using lint::Run;
using plan::Step;

// Programs that only look at a folder, or go there.
bool is_harmless_around(std::string_view program) {
  constexpr std::string_view kNames[] = {"cd",     "ls",     "du",    "test", "[",   "echo",
                                         "printf", "export", "mkdir", "pwd",  "stat"};
  return std::ranges::find(kNames, program) != std::end(kNames);
}

// A folder above which no command counts as one about the cache: everything is below it.
bool is_general(std::string_view path, const Step& step) {
  return path == "/" || path == path_in("~", step);
}

// The path of a word up to its first wildcard, where that means all in a folder.
std::optional<std::string> path_before_wildcard(std::string_view word, const Step& step) {
  if (!may_be_path(word)) return std::nullopt;
  const size_t star = word.find_first_of("*?[");
  if (star != std::string_view::npos) {
    const size_t slash = word.rfind('/', star);
    word = slash == std::string_view::npos ? std::string_view() : word.substr(0, std::max<size_t>(slash, 1));
  }
  return path_in(word, step);
}

bool is_about(std::string_view word, std::string_view target, const Step& step) {
  const auto path = path_before_wildcard(word, step);
  if (!path) return false;
  return text::is_within(*path, target) || (!is_general(*path, step) && text::is_within(target, *path));
}

// Whether a shell makes the name of the pattern: at the start of a part, only a dot means a dot.
bool expands_to(std::string_view pattern, std::string_view name) {
  std::string_view rest = pattern;
  for (std::string_view left = name; !left.empty() && !rest.empty();) {
    if (left.starts_with('.') && !rest.starts_with('.') && !rest.starts_with("\\.")) return false;
    left.remove_prefix(std::min(left.find('/'), left.size() - 1) + 1);
    rest.remove_prefix(std::min(rest.find('/'), rest.size() - 1) + 1);
  }
  std::string glob(pattern);
  for (size_t at = glob.find("[!"); at != std::string::npos; at = glob.find("[!", at))
    glob[at + 1] = '^';
  return text::glob_match(glob, name);
}

// Whether an absolute pattern matches the target or a folder around it.
bool matches_around(std::string_view pattern, std::string_view target) {
  // As many parts of the target as the pattern has.
  const auto parts = static_cast<size_t>(std::ranges::count(pattern, '/'));
  size_t end = 0;
  for (size_t i = 0; i < parts && end != std::string_view::npos; ++i)
    end = target.find('/', end + 1);
  const std::string start(target.substr(0, end));
  return expands_to(pattern, start);
}

// Whether a word of `rm` or the like may mean the target or a folder around it.
bool may_take_away(std::string_view word, std::string_view target, const Step& step) {
  if (const auto path = path_in(word, step)) return matches_around(*path, target);
  // A relative path, in a folder that an earlier command may have gone to.
  while (word.starts_with("./") || word.starts_with("../"))
    word.remove_prefix(word.find('/') + 1);
  const std::string_view first = word.substr(0, word.find('/'));
  if (first.empty() || first.starts_with('-') || first.starts_with('/') || first.starts_with('$'))
    return false;
  for (size_t at = 1; at < target.size(); at = std::min(target.find('/', at), target.size()) + 1) {
    const std::string part(target.substr(at, target.find('/', at) - at));
    if (expands_to(first, part) && first != "*") return true;
  }
  return false;
}

// Whether something holds for a word that a command names; of programs that only look at a folder, for the
// files that their output goes to.
template <typename Holds>
bool any_word_or_file(const shell::Command& command, const Holds& holds) {
  return (!is_harmless_around(command.program()) && std::ranges::any_of(command.words, holds)) ||
         std::ranges::any_of(command.redirections, holds, &shell::Redirection::target);
}

}  // namespace

bool may_put_files(lint::Dockerfile& dockerfile, const Step& step, std::string_view target) {
  const std::string_view place = step.destination;
  if (place.empty()) return false;
  if (text::is_within(place, target)) return true;
  if (step.kind != Step::Kind::kCopy || !text::is_within(target, place)) return false;
  const std::string_view below = target.substr(place == "/" ? 0 : place.size());
  return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
    if (read.origin != plan::Read::Origin::kContext) return place != "/";
    const lint::BuildContext* context = dockerfile.build_context();
    if (context == nullptr) return place != "/" && text::parent_path(place) != "/";
    return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
      if (selector.wildcard) return place != "/" && text::parent_path(place) != "/";
      const std::string path = text::clean_path(selector.path + std::string(below)).substr(1);
      return context->files.find(path) != nullptr || !context->files.below(path).empty();
    });
  });
}

namespace {

// For each folder that was asked about: after which steps there are files in it.
struct FilledFolders {
  std::map<std::string, std::vector<bool>, std::less<>> folders;
};

bool puts_files(lint::Dockerfile& dockerfile, size_t index, std::string_view target) {
  const Step& step = dockerfile.graph().steps[index];
  if (step.kind != Step::Kind::kRun) return may_put_files(dockerfile, step, target);
  return std::ranges::any_of(dockerfile.run_of(index).commands, [&](const shell::Command& command) {
    if (command.program() == "rm") return false;
    return any_word_or_file(command, [&](const shell::Word& word) {
      const auto path = path_in(word.text, step);
      return path && text::is_within(*path, target);
    });
  });
}

}  // namespace

bool hides_files(lint::Dockerfile& dockerfile, const Run& run, std::string_view target) {
  const std::optional<size_t> below = dockerfile.graph().steps[*run.step].below;
  if (!below) return false;
  auto& folders = dockerfile.memory<FilledFolders>().folders;
  auto known = folders.find(target);
  if (known == folders.end()) {
    const auto puts = [&](size_t step) { return puts_files(dockerfile, step, target); };
    known = folders.emplace(target, holds_up_to(dockerfile.graph(), puts)).first;
  }
  return known->second[*below];
}

namespace {

// Whether the RUN has a variable with the path of the target, a folder around it or something in it.
bool keeps_in_variable(const Run& run, std::string_view target, const Step& step) {
  const auto holds = [&](const shell::Word& word) {
    const size_t equals = word.text.find('=');
    return equals != std::string_view::npos && is_about(word.text.substr(equals + 1), target, step);
  };
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return std::ranges::any_of(command.assignments, holds) ||
           (command.program() == "export" && std::ranges::any_of(command.words, holds));
  });
}

}  // namespace

bool is_touched(const Step& step, const Run& run, const PackageManager& manager, std::string_view target,
                const Removal& removal) {
  const bool in_variable = keeps_in_variable(run, target, step);
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    if (calls(manager, command)) return false;
    const auto words = shell::invocation(command);
    const std::string_view program = shell::program_of(words);
    const bool takes_away = program == "rm" || program == "mv" || program == "rmdir";
    return any_word_or_file(command, [&](const shell::Word& word) {
      if (removal.takes(word)) return false;
      if (in_variable && takes_away && word.text.find('$') != std::string_view::npos) return true;
      return is_about(word.text, target, step) || (takes_away && may_take_away(word.text, target, step));
    });
  });
}

bool is_without_network(const Run& run) {
  const dockerfile::Flag* network = run.instruction->find_flag("network");
  return network != nullptr && network->value == "none";
}

namespace {

// Whether a word is in a text, with no letter or hyphen around it.
bool has_whole_word(std::string_view text, std::string_view word) {
  const auto goes_on = [](char c) {
    const char letter = text::ascii_lower(c);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !goes_on(text[at - 1])) && (end == text.size() || !goes_on(text[end]))) return true;
  }
  return false;
}

// The same, in a line that changes no setting: `bundle config --local` says where the setting goes.
bool has_option_word(std::string_view script, std::string_view option) {
  while (!script.empty()) {
    const std::string_view line = script.substr(0, script.find('\n'));
    script.remove_prefix(std::min(line.size() + 1, script.size()));
    if (line.find(" config ") == std::string_view::npos && has_whole_word(line, option)) return true;
  }
  return false;
}

// Whether a script has the words with which it calls the package manager offline.
bool calls_offline(std::string_view script, const PackageManager& manager) {
  const auto has = [&](std::string_view word) { return has_whole_word(script, word); };
  const auto gives = [&](std::string_view option) { return has_option_word(script, option); };
  if (std::ranges::any_of(manager.offline_env, has)) return true;
  return std::ranges::any_of(manager.offline, gives) &&
         std::ranges::any_of(manager.programs, [&](Words program) { return has(program.front()); });
}

// The package managers that scripts of a context call offline.
struct OfflineScripts {
  std::set<const PackageManager*> managers;
  bool all = false;  // there are too many scripts to tell
};

bool may_be_script(std::string_view path) {
  constexpr std::string_view kNames[] = {"Makefile", "GNUmakefile",   "makefile",       "justfile",
                                         "Justfile", "Taskfile.yml",  "Taskfile.yaml",  "package.json",
                                         "Rakefile", "composer.json", "pyproject.toml", "magefile.go"};
  constexpr std::string_view kEndings[] = {".sh", ".bash", ".mk", ".ps1", ".just"};
  const std::string_view name = text::base_name(path);
  const bool is_installed = path.find("node_modules/") != std::string_view::npos;
  return !is_installed &&
         (std::ranges::find(kNames, name) != std::end(kNames) || name.find('.') == std::string_view::npos ||
          std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); }));
}

const OfflineScripts& offline_scripts(const lint::BuildContext& context) {
  constexpr size_t kMostScripts = 4096;
  constexpr uint64_t kLargest = 1U << 18U;
  return context.shared<OfflineScripts>([&] {
    OfflineScripts found;
    size_t scripts = 0;
    for (const context::Record& record : context.files.records()) {
      const bool reads =
          record.type == context::Type::kFile && record.size <= kLargest && may_be_script(record.path);
      if (!reads) continue;
      found.all = ++scripts > kMostScripts;
      if (found.all) break;
      const auto text = context.read(record.path);
      for (const PackageManager& manager : package_managers()) {
        if (text && calls_offline(*text, manager)) found.managers.insert(&manager);
      }
    }
    return found;
  });
}

// Who needs the folders of one package manager, whatever RUN fills them.
class Needs {
 public:
  Needs(lint::Dockerfile& dockerfile, const LaterNeeds& needs)
      : dockerfile_(dockerfile), graph_(dockerfile.graph()), needs_(needs) {
    if (!needs.used_from) look_at_scripts();
    for (size_t i = 0; i < graph_.steps.size(); ++i) {
      const Step& step = graph_.steps[i];
      if (step.kind == Step::Kind::kRun && needs_it(dockerfile_.run_of(i))) steps_.push_back(i);
    }
    needs_.has_mount = nullptr;  // what it looks at need not live on
  }

  std::string after(const Run& run) const {
    const size_t stage = graph_.steps[*run.step].stage;
    if (needs_.used_from && writes_class_path(run))
      return fmt::format("what reads the class path of line {}", run.instruction->start_line);
    for (auto at = std::ranges::upper_bound(steps_, *run.step); at != steps_.end(); ++at) {
      if (graph_.starts_from(graph_.steps[*at].stage, stage))
        return fmt::format("line {}", graph_.steps[*at].instruction->start_line);
    }
    if (needs_.used_from) return find_in_images(stage);
    return scripts_ == Scripts::kOffline ? find_started(stage) : std::string();
  }

 private:
  // What is known of the project's scripts.
  enum class Scripts : uint8_t { kUnknown, kOnline, kOffline };

  void look_at_scripts() {
    const lint::BuildContext* context = dockerfile_.build_context();
    if (calls_offline(dockerfile_.file().source(), *needs_.manager)) {
      scripts_ = Scripts::kOffline;
    } else if (context != nullptr) {
      const OfflineScripts& found = offline_scripts(*context);
      scripts_ = found.all || found.managers.contains(needs_.manager) ? Scripts::kOffline : Scripts::kOnline;
    }
  }

  // Whether a command may run a script that calls the package manager offline, without the mount.
  bool may_run_offline(const Run& run, const shell::Command& command) const {
    const auto words = shell::invocation(command);
    if (words.empty() || scripts_ == Scripts::kOnline || shell::inner_script(words)) return false;
    if (is_any_mounted(dockerfile_, run, *needs_.manager, &command)) return false;
    const std::string_view program = shell::program_of(words);
    // An install downloads what it lacks.
    if (scripts_ == Scripts::kOffline)
      return !is_plain_command(words) && use_by(dockerfile_, run, command) == nullptr;
    return text::is_one_of(program, script_programs()) || words.front().text.starts_with("./") ||
           words.front().text.ends_with(".sh");
  }

  // What an image starts, which may call the package manager offline as well.
  std::string find_started(size_t filled) const {
    for (const plan::Stage& stage : graph_.stages) {
      const Instruction* starter = graph_.starts_from(stage.index, filled) ? starter_of(stage) : nullptr;
      if (starter != nullptr) return fmt::format("the command in line {}", starter->start_line);
    }
    return {};
  }

  bool needs_it(const Run& run) const {
    if (needs_.used_from && writes_class_path(run)) return true;
    const auto needs = [&](const shell::Command& command) {
      if (calls(*needs_.manager, command) && is_offline(dockerfile_, run, *needs_.manager, command))
        return true;
      return needs_.used_from ? may_use(run, command) : may_run_offline(run, command);
    };
    if (run.commands.empty() || !run.posix_shell) return needs_.used_from;
    const auto manages = [&](const shell::Command& command) { return calls(*needs_.manager, command); };
    if (is_without_network(run) && (needs_.used_from || std::ranges::any_of(run.commands, manages)))
      return true;
    return std::ranges::any_of(run.commands, needs);
  }

  // Packages that are used from the folder are downloaded again where a command calls the package manager,
  // unless the folder is mounted; what a script does can't be told.
  bool may_use(const Run& run, const shell::Command& command) const {
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    if (!calls(*needs_.manager, command)) return !is_plain_command(words) && !is_other_manager(words);
    if (needs_nothing(words.subspan(1))) return false;
    return use_by(dockerfile_, run, command) == nullptr || !needs_.has_mount(run);
  }

  // Whether the arguments say that the package manager works without what is installed.
  bool needs_nothing(std::span<const shell::Word> arguments) const {
    const auto is_option = [](const shell::Word& word) { return word.text.starts_with('-'); };
    const bool options_alone = std::ranges::all_of(arguments, is_option);
    return std::ranges::any_of(needs_.manager->needs_nothing, [&](Words wanted) {
      if (options_alone && wanted.size() == 1 && shell::has_word(arguments, wanted.front())) return true;
      return wanted.size() <= arguments.size() &&
             std::ranges::equal(wanted, arguments.first(wanted.size()), {}, {}, &shell::Word::text);
    });
  }

  bool is_other_manager(std::span<const shell::Word> words) const {
    const std::string_view program = shell::program_of(words);
    return std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
      return &manager != needs_.manager && std::ranges::any_of(manager.programs, [&](Words name) {
        return name.size() == 1 && name.front() == program;
      });
    });
  }

  // The images that hold the folder: of the last stage, and of those that somebody may build by name to run
  // them.
  std::string find_in_images(size_t filled) const {
    for (const plan::Stage& stage : graph_.stages) {
      if (!graph_.starts_from(stage.index, filled)) continue;
      if (const Instruction* caller = find_caller(stage)) return fmt::format("line {}", caller->start_line);
      const Instruction* starter = starter_of(stage);
      const bool may_run = stage.index + 1 == graph_.stages.size() || !is_used(stage);
      if (starter != nullptr && may_need(*starter))
        return fmt::format("the command in line {}", starter->start_line);
      if (starter == nullptr && may_run) return "what runs in the image";
      const std::string builder = builder_by_name(dockerfile_, stage);
      if (starter == nullptr && !builder.empty())
        return fmt::format("the image that {} builds of stage {}", builder, stage.label());
      if (may_run || !builder.empty()) {
        if (const std::string user = starter_in_container(dockerfile_, *needs_.manager); !user.empty())
          return fmt::format("what {} starts in the image", user);
        if (const std::string image = dockerfile_.built_on(); !image.empty())
          return fmt::format("the image {} that is built on it", image);
      }
      if (is_copied_whole(stage)) return fmt::format("the stage that copies all of stage {}", stage.label());
    }
    return {};
  }

  // Whether another stage starts from it or copies from it.
  bool is_used(const plan::Stage& stage) const {
    return std::ranges::any_of(graph_.stages,
                               [&](const plan::Stage& other) { return other.base_stage == stage.index; }) ||
           is_read(stage, [](const plan::Read&) { return true; });
  }

  bool is_copied_whole(const plan::Stage& stage) const {
    return is_read(stage, [](const plan::Read& read) {
      return std::ranges::any_of(read.selectors, &plan::Selector::takes_everything);
    });
  }

  // Whether a step reads from the stage in a way that `counts`.
  bool is_read(const plan::Stage& stage, bool (*counts)(const plan::Read&)) const {
    return std::ranges::any_of(graph_.steps, [&](const Step& step) {
      return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
        return read.origin == plan::Read::Origin::kStage && read.stage == stage.index && counts(read);
      });
    });
  }

  std::span<const Instruction> body_of(const plan::Stage& stage) const {
    const auto instructions = dockerfile_.file().instructions();
    const auto begin = static_cast<size_t>(stage.from - instructions.data()) + 1;
    size_t end = begin;
    while (end < instructions.size() && instructions[end].keyword != Keyword::kFrom)
      ++end;
    return instructions.subspan(begin, end - begin);
  }

  // A HEALTHCHECK or an ONBUILD of the stage that names the package manager.
  const Instruction* find_caller(const plan::Stage& stage) const {
    if (stage.from == nullptr) return nullptr;
    const auto body = body_of(stage);
    const auto found = std::ranges::find_if(body, [&](const Instruction& one) {
      if (one.keyword != Keyword::kHealthcheck && one.keyword != Keyword::kOnbuild) return false;
      return std::ranges::any_of(needs_.manager->programs, [&](Words program) {
        return one.joined.find(program.front()) != std::string_view::npos;
      });
    });
    return found == body.end() ? nullptr : &*found;
  }

  // Java and its build tools use packages where they are, by a list of their paths.
  bool has_class_path() const {
    constexpr std::string_view kNames[] = {"maven", "gradle", "sbt"};
    return std::ranges::find(kNames, needs_.manager->name) != std::end(kNames);
  }

  // Whether the RUN writes such a list, which something reads that is not in the Dockerfile: it says so, or
  // a file of the project that it builds by does.
  bool writes_class_path(const Run& run) const {
    if (!has_class_path()) return false;
    if (run.script.find("lasspath") != std::string_view::npos) return true;
    struct ClassPaths {
      bool any;
    };
    const lint::BuildContext* context = dockerfile_.build_context();
    if (context == nullptr || needs_.manager->name != "maven") return false;
    const bool manages = std::ranges::any_of(
        run.commands, [&](const shell::Command& command) { return calls(*needs_.manager, command); });
    return manages && context
                          ->shared<ClassPaths>([&] {
                            return ClassPaths{std::ranges::any_of(
                                context->called("pom.xml"), [&](const context::Record* record) {
                                  const auto text = context->read(record->path);
                                  return text && text->find("build-classpath") != std::string::npos;
                                })};
                          })
                          .any;
  }

  // The last ENTRYPOINT of a stage and those that it starts from, or else CMD, or the CMD if that decides.
  const Instruction* starter_of(const plan::Stage& stage) const {
    const Instruction* entrypoint = nullptr;
    const Instruction* command = nullptr;
    for (const plan::Stage* at = &stage; at != nullptr && at->from != nullptr;
         at = at->base_stage ? &graph_.stages[*at->base_stage] : nullptr) {
      const Instruction* own_entrypoint = nullptr;
      const Instruction* own_command = nullptr;
      for (const Instruction& one : body_of(*at)) {
        if (one.keyword == Keyword::kEntrypoint) own_entrypoint = &one;
        if (one.keyword == Keyword::kCmd) own_command = &one;
      }
      if (entrypoint == nullptr) entrypoint = own_entrypoint;
      if (command == nullptr) command = own_command;
    }
    if (entrypoint == nullptr || (command != nullptr && may_decide(*entrypoint, *command))) return command;
    return entrypoint;
  }

  // Whether what CMD says decides what runs, though there is an ENTRYPOINT: that starts what it is given, or
  // CMD names the package manager or a file with arguments.
  bool may_decide(const Instruction& entrypoint, const Instruction& command) const {
    if (reads_arguments(command) || names_manager(command)) return true;
    constexpr std::string_view kStarters[] = {"tini", "dumb-init", "catatonit", "gosu", "su-exec", "init"};
    const std::string_view first =
        entrypoint.arguments.empty() ? std::string_view() : entrypoint.arguments.front().text;
    const std::string_view program = text::base_name(first.substr(0, first.find_first_of(" \t")));
    return !may_need(entrypoint) && (std::ranges::find(kStarters, program) != std::end(kStarters) ||
                                     program.find("entrypoint") != std::string_view::npos);
  }

  // Whether a program of the package manager is among the words of a command.
  bool names_manager(const Instruction& starter) const {
    constexpr std::string_view kBefore = " \t\"'`[(,;&|/", kAfter = " \t\"'`]),;&|";
    const std::string_view text = starter.joined;
    return std::ranges::any_of(needs_.manager->programs, [&](Words program) {
      const std::string_view name = program.front();
      for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const size_t end = at + name.size();
        if (at > 0 && kBefore.find(text[at - 1]) != std::string_view::npos &&
            (end == text.size() || kAfter.find(text[end]) != std::string_view::npos))
          return true;
      }
      return false;
    });
  }

  // Whether a command takes arguments from a file: `java -cp $(cat classpath)`, `java @arguments`.
  bool reads_arguments(const Instruction& starter) const {
    if (!has_class_path()) return false;
    const std::string_view text = starter.joined;
    if (text.find("$(") != std::string_view::npos || text.find('`') != std::string_view::npos) return true;
    for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
      if (at > 0 && std::string_view(" \t\"'[,").find(text[at - 1]) != std::string_view::npos) return true;
    }
    return false;
  }

  // Whether what it starts may need packages of the folder: all but programs that were built.
  bool may_need(const Instruction& starter) const {
    if (starter.arguments.empty() || reads_arguments(starter) || names_manager(starter)) return true;
    std::string_view first = starter.arguments.front().text;
    if (!starter.json) first = first.substr(0, first.find_first_of(" \t"));
    if (first == "exec" || first.find_first_of("$\"'`;&|") != std::string_view::npos) return true;
    const std::string_view program = text::base_name(first);
    const bool built = first.find('/') != std::string_view::npos &&
                       program.find('.') == std::string_view::npos && !first.starts_with("/bin/") &&
                       !first.starts_with("/usr/bin/") && program != "gradlew" && program != "mvnw";
    return !built && program != "java";
  }

  lint::Dockerfile& dockerfile_;
  const plan::Graph& graph_;
  LaterNeeds needs_;
  Scripts scripts_ = Scripts::kUnknown;
  std::vector<size_t> steps_;  // that need them
};

// Of each package manager, and of its caches that packages are used from and others.
struct AllNeeds {
  std::map<std::pair<const PackageManager*, bool>, Needs> known;
};

}  // namespace

std::string needed_later(lint::Dockerfile& dockerfile, const Run& run, const LaterNeeds& needs) {
  auto& known = dockerfile.memory<AllNeeds>().known;
  const std::pair key(needs.manager, needs.used_from);
  auto found = known.find(key);
  if (found == known.end()) found = known.emplace(key, Needs(dockerfile, needs)).first;
  return found->second.after(run);
}

namespace {

// By folder: the instructions that may take something from it otherwise than by the package manager.
struct Takers {
  std::map<std::string, std::vector<const Instruction*>, std::less<>> by_folder;
};

// What a text says that names the folder in some way: the folder below a home with its dot, or else the last
// two parts of the path.
std::string_view mark_of(std::string_view folder) {
  if (const size_t dot = folder.find("/."); dot != std::string_view::npos) {
    const std::string_view rest = folder.substr(dot + 1);
    return rest.substr(0, rest.find('/'));
  }
  const size_t last = folder.rfind('/');
  if (last == 0 || last == std::string_view::npos) return folder;
  return folder.substr(folder.rfind('/', last - 1) + 1);
}

bool names(std::string_view text, std::string_view mark) {
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const size_t end = at + mark.size();
    const auto goes_on = [](char c) {
      const char letter = text::ascii_lower(c);
      return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    };
    if (end == text.size() || !goes_on(text[end])) return true;
  }
  return false;
}

// Plain programs that change files which their words name, or make others of them.
constexpr std::string_view kChangingPrograms[] = {
    "rm",    "rmdir", "mv",  "cp",    "ln",    "install", "tar",  "find",   "chmod", "chown",
    "chgrp", "mkdir", "jar", "touch", "strip", "unzip",   "gzip", "gunzip", "xz",    "setcap"};

// Whether such a command works on all that is in a folder that it is given.
bool takes_whole_folders(std::span<const shell::Word> words) {
  constexpr std::string_view kAlways[] = {"rm", "tar", "find", "jar"};
  constexpr std::string_view kOptions[] = {"--recursive", "--archive"};
  if (text::is_one_of(shell::program_of(words), kAlways)) return true;
  return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
    if (word.text.starts_with("--")) return text::is_one_of(word.text, kOptions);
    return word.text.starts_with('-') && word.text.find_first_of("aRrd") != std::string_view::npos;
  });
}

// Where the commands of a RUN may work: in the folder of the step, or where `cd` has gone by then.
class WorkFolders {
 public:
  explicit WorkFolders(std::string_view folder) : folders_{std::string(folder)} {}

  void change_to(std::span<const shell::Word> words, const Step& step) {
    constexpr size_t kMost = 8;
    const bool is_known = words.size() == 2 && !words[1].text.starts_with('-') && folders_.size() <= kMost &&
                          (words[1].literal || path_in(words[1].text, step));
    known_ = known_ && is_known;
    if (!known_) return;
    const auto path = path_in(words[1].text, step);
    std::vector<std::string> reached;
    for (const std::string& folder : folders_)
      reached.push_back(path ? *path : text::clean_path(text::join_path(folder, words[1].text)));
    // The command may be one of a subshell, or of a list that ends before it.
    for (std::string& folder : reached) {
      if (std::ranges::find(folders_, folder) == folders_.end()) folders_.push_back(std::move(folder));
    }
  }

  // The paths that a word without variables may mean, up to its first wildcard; nothing if they are not
  // known.
  std::optional<std::vector<std::string>> paths_of(std::string_view word, const Step& step) const {
    if (const auto path = path_before_wildcard(word, step)) return std::vector{*path};
    const size_t star = word.find_first_of("*?[");
    if (star != std::string_view::npos) {
      const size_t slash = word.substr(0, star).rfind('/');
      word = slash == std::string_view::npos ? std::string_view() : word.substr(0, slash);
    }
    if (!known_ || word.starts_with('~')) return std::nullopt;
    std::vector<std::string> paths;
    for (const std::string& folder : folders_)
      paths.push_back(text::clean_path(text::join_path(folder, word)));
    return paths;
  }

 private:
  std::vector<std::string> folders_;
  bool known_ = true;
};

// Whether a package manager is asked where its folder is: `$(go env GOMODCACHE)`.
bool asks_for_folder(std::span<const shell::Word> words) {
  constexpr std::string_view kAsking[] = {"env", "dir", "path", "store", "get", "locals", "root", "config"};
  const bool of_manager = std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
    return std::ranges::any_of(manager.programs,
                               [&](Words program) { return program.front() == shell::program_of(words); });
  });
  return of_manager && std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
           return std::ranges::find(kAsking, word.text) != std::end(kAsking);
         });
}

bool command_takes(const shell::Command& command, std::string_view folder, const Step& step) {
  constexpr std::string_view kOthers[] = {"ls",     "du",    "test", "[",   "echo",
                                          "printf", "mkdir", "stat", "pwd", "export"};
  const auto words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  if (words.empty() || std::ranges::find(kOthers, program) != std::end(kOthers)) return false;
  if (command.depth > 0 && asks_for_folder(words)) return true;
  // It installs again, from the store.
  if (program == "pnpm" && shell::has_word(words, "deploy") && names(folder, "store")) return true;
  // What is not there any more need not be removed, unless that is an error.
  const auto forces = [](const shell::Word& word) {
    return word.text.starts_with('-') && word.text.find('f') != std::string_view::npos;
  };
  if (program == "rm" && std::ranges::any_of(words, forces)) return false;
  const std::string_view mark = mark_of(folder);
  return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
    if (names(word.text, mark)) return true;
    const auto path = path_before_wildcard(word.text, step);
    return path && *path != "/" && program != "cd" && text::is_within(folder, *path);
  });
}

// Whether the words of tar or jar say that it makes an archive: `czf`, `-C / -cf`.
bool creates_archive(std::span<const shell::Word> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i].text;
    const bool are_letters = !word.starts_with("--") && (i == 0 || word.starts_with('-'));
    if (word == "--create" || (are_letters && word.find('c') != std::string_view::npos)) return true;
  }
  return false;
}

// Whether a command copies the folder, one around it or something in it to another place.
bool copies_out(std::span<const shell::Word> words, std::string_view folder, const WorkFolders& places,
                const Step& step) {
  constexpr std::string_view kToLast[] = {"cp", "mv", "ln", "rsync"};
  constexpr std::string_view kPacking[] = {"tar", "jar"};
  constexpr std::string_view kOthers[] = {"find", "zip"};
  const std::string_view program = shell::program_of(words);
  const bool to_last = text::is_one_of(program, kToLast) && words.size() > 2;
  const bool packs = text::is_one_of(program, kPacking) && creates_archive(words.subspan(1));
  if (!to_last && !packs && !text::is_one_of(program, kOthers)) return false;
  const bool takes_folders =
      takes_whole_folders(words) || program == "mv" || program == "ln" || program == "rsync";
  const auto sources = to_last ? words.subspan(1, words.size() - 2) : words.subspan(1);
  return std::ranges::any_of(sources, [&](const shell::Word& word) {
    if (word.text.starts_with('-')) return false;
    const bool is_known =
        word.literal || word.text.find_first_of("$`{") == std::string_view::npos || path_in(word.text, step);
    if (!is_known) return takes_folders;
    const auto paths = places.paths_of(word.text, step);
    return paths && std::ranges::any_of(*paths, [&](const std::string& path) {
             return text::is_within(path, folder) ||
                    (takes_folders && text::is_within(folder, path) &&
                     (word.text.find_first_of("*?[") == std::string_view::npos ||
                      may_take_away(word.text, folder, step)));
           });
  });
}

// Whether a command of the image starts packages out of the cache of the one who runs it.
bool runs_packages(std::string_view command) {
  constexpr std::string_view kStarters[] = {"npx", "uvx", "bunx", "dlx", "uv run", "\"uv\"", "--offline"};
  return std::ranges::any_of(
      kStarters, [&](std::string_view starter) { return command.find(starter) != std::string_view::npos; });
}

bool instruction_takes(lint::Dockerfile& dockerfile, const Instruction& instruction,
                       std::string_view folder) {
  switch (instruction.keyword) {
    case Keyword::kRun: {
      const Run& run = dockerfile.run_at(instruction);
      if (!run.step) return false;
      const Step& step = dockerfile.graph().steps[*run.step];
      WorkFolders places(step.workdir());
      return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
        if (use_by(dockerfile, run, command) != nullptr) return false;
        const auto words = shell::invocation(command);
        if (shell::program_of(words) == "cd") places.change_to(words, step);
        return command_takes(command, folder, step) || copies_out(words, folder, places, step);
      });
    }
    case Keyword::kCmd:
    case Keyword::kEntrypoint:
    case Keyword::kHealthcheck:
      if (runs_packages(instruction.joined)) return true;
      [[fallthrough]];
    case Keyword::kCopy:
    case Keyword::kWorkdir:
    case Keyword::kOnbuild:
      return names(instruction.joined, mark_of(folder));
    default:
      return false;
  }
}

// A source of a COPY from a stage may be a folder around it: `/root`, `/g*`, `$GOPATH/pkg`, of which the
// last name counts.
bool copies_around(const Instruction& copy, std::string_view folder) {
  return copy.keyword == Keyword::kCopy && copy.find_flag("from") != nullptr && !copy.arguments.empty() &&
         std::ranges::any_of(
             copy.arguments.first(copy.arguments.size() - 1), [&](const dockerfile::Word& word) {
               if (word.text.starts_with('/') && word.text.find('$') == std::string_view::npos)
                 return text::is_within(folder, text::clean_path(word.text)) ||
                        matches_around(word.text, folder);
               if (!word.text.starts_with('$')) return false;
               const std::string_view last = text::base_name(word.text);
               return !last.empty() &&
                      (std::string(folder) + '/').find('/' + std::string(last) + '/') != std::string::npos;
             });
}

// Whether it is a COPY from stages that do not start from that of the RUN.
bool copies_from_elsewhere(const plan::Graph& graph, const Instruction& copy, const Run& run) {
  if (copy.keyword != Keyword::kCopy || copy.find_flag("from") == nullptr) return false;
  const auto step = std::ranges::find(graph.steps, &copy, &Step::instruction);
  return step != graph.steps.end() && std::ranges::none_of(step->reads, [&](const plan::Read& read) {
           return read.origin == plan::Read::Origin::kStage &&
                  graph.starts_from(read.stage, graph.steps[*run.step].stage);
         });
}

}  // namespace

std::string taken_later(lint::Dockerfile& dockerfile, const Run& run, std::string_view folder) {
  auto& by_folder = dockerfile.memory<Takers>().by_folder;
  auto known = by_folder.find(folder);
  if (known == by_folder.end()) {
    std::vector<const Instruction*> takers;
    for (const Instruction& instruction : dockerfile.file().instructions()) {
      if (instruction_takes(dockerfile, instruction, folder) || copies_around(instruction, folder))
        takers.push_back(&instruction);
    }
    known = by_folder.emplace(folder, std::move(takers)).first;
  }
  const auto last = known->second.end();
  const auto later = std::ranges::upper_bound(known->second, run.instruction);
  const auto taker = std::find_if(later, last, [&](const Instruction* one) {
    return !copies_from_elsewhere(dockerfile.graph(), *one, run);
  });
  return taker == last ? std::string() : fmt::format("line {}", (*taker)->start_line);
}

namespace {

// Whether an image is known to run as root unless it is told otherwise.
bool starts_as_root(std::string_view reference) {
  if (lint::is_image(lint::ImageKind::kRootAtBuild, reference)) return true;
  // Mirrors keep the folder of the official images.
  const size_t library = reference.rfind("library/");
  return library != std::string_view::npos &&
         lint::is_image(lint::ImageKind::kRootAtBuild, reference.substr(library));
}

// Whether a word of a command that changes files may mean the folder, one around it or something in it.
bool may_mean(const shell::Word& word, std::string_view folder, bool takes_folders, const Removal& removal,
              const WorkFolders& places, const Step& step) {
  // A folder around the cache contains other things too, which would not be removed any more.
  if (removal.takes(word)) {
    const auto path = path_before_wildcard(word.text, step);
    return path && *path != folder && text::is_within(folder, *path);
  }
  if (names(word.text, mark_of(folder))) return true;
  if (word.text.starts_with('-')) return false;
  const bool is_known = word.literal || word.text.find_first_of("$`{") == std::string_view::npos;
  const auto paths = is_known || path_in(word.text, step) ? places.paths_of(word.text, step) : std::nullopt;
  // The folder that the base image works in may be another one.
  if (!paths || (!word.text.starts_with('/') && may_take_away(word.text, folder, step))) return true;
  return std::ranges::any_of(*paths, [&](const std::string& path) {
    if (text::is_within(path, folder)) return true;
    return text::is_within(folder, path) && (path != "/" || takes_folders);
  });
}

}  // namespace

const shell::Command* find_command_near(lint::Dockerfile& dockerfile, const Run& run, std::string_view folder,
                                        const Removal& removal) {
  const Step& step = dockerfile.graph().steps[*run.step];
  WorkFolders places(step.workdir());
  const auto is_near = [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    const bool manages = use_by(dockerfile, run, command) != nullptr ||
                         std::ranges::any_of(package_managers(), [&](const PackageManager& manager) {
                           return calls(manager, command);
                         });
    if (manages) return command.depth > 0 && asks_for_folder(words);
    if (!is_plain_command(words)) return true;
    const std::string_view program = shell::program_of(words);
    if (program == "cd") places.change_to(words, step);
    if (!text::is_one_of(program, kChangingPrograms)) return false;
    const bool takes_folders = takes_whole_folders(words);
    return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
      return may_mean(word, folder, takes_folders, removal, places, step);
    });
  };
  const auto near = std::ranges::find_if(run.commands, is_near);
  return near == run.commands.end() ? nullptr : &*near;
}

bool has_root_user(lint::Dockerfile& dockerfile, const Step& step) {
  const plan::Graph& graph = dockerfile.graph();
  const auto instructions = dockerfile.file().instructions();
  const plan::Stage* stage = &graph.stages[step.stage];
  const Instruction* behind = step.instruction;
  // What a trigger of the base runs is elsewhere.
  if (std::less<>()(behind, instructions.data()) ||
      !std::less<>()(behind, instructions.data() + instructions.size()))
    return false;
  while (stage->from != nullptr) {
    // The last USER above the step.
    for (const Instruction* one = behind - 1; one > stage->from; --one) {
      if (one->keyword != Keyword::kUser || one->arguments.empty()) continue;
      const std::string_view user = one->arguments.front().text;
      return user.find('$') == std::string_view::npos && read_owner(user).is_root();
    }
    if (!stage->base_stage) break;
    stage = &graph.stages[*stage->base_stage];
    behind = stage->from;
    while (behind + 1 != instructions.data() + instructions.size() && (behind + 1)->keyword != Keyword::kFrom)
      ++behind;
    ++behind;
  }
  return stage->from != nullptr && starts_as_root(image_of(dockerfile, *stage->from));
}

}  // namespace dcache::rules
