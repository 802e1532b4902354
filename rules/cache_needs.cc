#include "rules/cache_needs.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fnmatch.h>

#include "dcache/text/path.h"

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

// The path of a word up to its first wildcard, where that stands for all in a folder.
std::optional<std::string> path_of(std::string_view word, const Step& step) {
  const size_t star = word.find_first_of("*?[");
  if (star != std::string_view::npos) {
    const size_t slash = word.rfind('/', star);
    word = slash == std::string_view::npos ? std::string_view() : word.substr(0, std::max<size_t>(slash, 1));
  }
  return path_in(word, step);
}

bool is_about(std::string_view word, std::string_view target, const Step& step) {
  const auto path = path_of(word, step);
  if (!path) return false;
  return text::is_within(*path, target) || (!is_general(*path, step) && text::is_within(target, *path));
}

// Whether a word of `rm` or the like may stand for the target or a folder around it.
bool may_take_away(std::string_view word, std::string_view target, const Step& step) {
  if (const auto path = path_in(word, step)) {
    // As many parts of the target as the pattern has.
    const auto parts = static_cast<size_t>(std::ranges::count(*path, '/'));
    size_t end = 0;
    for (size_t i = 0; i < parts && end != std::string_view::npos; ++i)
      end = target.find('/', end + 1);
    const std::string start(target.substr(0, end));
    return ::fnmatch(path->c_str(), start.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  }
  // A relative path, in a folder that an earlier command may have gone to.
  while (word.starts_with("./") || word.starts_with("../"))
    word.remove_prefix(word.find('/') + 1);
  const std::string_view first = word.substr(0, word.find('/'));
  if (first.empty() || first.starts_with('-') || first.starts_with('/') || first.starts_with('$'))
    return false;
  for (size_t at = 1; at < target.size(); at = std::min(target.find('/', at), target.size()) + 1) {
    const std::string part(target.substr(at, target.find('/', at) - at));
    if (::fnmatch(std::string(first).c_str(), part.c_str(), FNM_PERIOD) == 0 && first != "*") return true;
  }
  return false;
}

std::vector<const shell::Word*> words_and_files(const shell::Command& command) {
  std::vector<const shell::Word*> words;
  for (const shell::Word& word : command.words)
    words.push_back(&word);
  for (const shell::Redirection& redirection : command.redirections)
    words.push_back(&redirection.target);
  return words;
}

bool may_put_files(const Step& step, std::string_view target) {
  const std::string_view place = step.destination;
  if (place.empty()) return false;
  if (text::is_within(place, target)) return true;
  // What a COPY to a folder around it brings can't be told, unless it is a folder for everything.
  return step.kind == Step::Kind::kCopy && text::is_within(target, place) && place != "/" &&
         text::parent_path(place) != "/";
}

}  // namespace

bool is_plain_program(std::string_view program) {
  constexpr std::string_view kNames[] = {
      "apk",       "apt",       "apt-get", "addgroup", "adduser", "awk",
      "basename",  "cat",       "cd",      "chgrp",    "chmod",   "chown",
      "command",   "cp",        "curl",    "cut",      "date",    "dirname",
      "dnf",       "dpkg",      "du",      "echo",     "export",  "false",
      "file",      "find",      "getent",  "git",      "gpg",     "grep",
      "groupadd",  "groupmod",  "gunzip",  "gzip",     "head",    "id",
      "install",   "ldconfig",  "ldd",     "ln",       "ls",      "md5sum",
      "microdnf",  "mkdir",     "mktemp",  "mv",       "printf",  "pwd",
      "readlink",  "rm",        "rmdir",   "sed",      "set",     "setcap",
      "sha256sum", "sha512sum", "sleep",   "sort",     "stat",    "strip",
      "tail",      "tar",       "test",    "touch",    "tr",      "true",
      "umask",     "uname",     "uniq",    "unset",    "unzip",   "update-ca-certificates",
      "useradd",   "usermod",   "wc",      "wget",     "which",   "xz",
      "yum",       "zypper",    "[",       ":"};
  return std::ranges::find(kNames, program) != std::end(kNames);
}

namespace {

// For each folder that was asked about: after which steps there are files in it.
struct Filled {
  std::map<std::string, std::vector<bool>, std::less<>> folders;
};

bool puts_files(lint::Subject& subject, size_t index, std::string_view target) {
  const Step& step = subject.graph().steps[index];
  if (step.kind != Step::Kind::kRun) return may_put_files(step, target);
  return std::ranges::any_of(subject.run_of(index).commands, [&](const shell::Command& command) {
    const std::string_view program = command.program();
    if (program == "rm" || is_harmless_around(program)) return false;
    return std::ranges::any_of(words_and_files(command), [&](const shell::Word* word) {
      const auto path = path_in(word->text, step);
      return path && text::is_within(*path, target);
    });
  });
}

}  // namespace

bool hides_files(lint::Subject& subject, const Run& run, std::string_view target) {
  const std::optional<size_t> below = subject.graph().steps[*run.step].below;
  if (!below) return false;
  auto& folders = subject.memory<Filled>().folders;
  auto known = folders.find(target);
  if (known == folders.end()) {
    const auto puts = [&](size_t step) { return puts_files(subject, step, target); };
    known = folders.emplace(target, holds_up_to(subject.graph(), puts)).first;
  }
  return known->second[*below];
}

bool is_touched(const Step& step, const Run& run, const PackageManager& manager, std::string_view target,
                const Removal& removal) {
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    if (is_harmless_around(command.program()) || calls(manager, command)) return false;
    const auto words = shell::invocation(command);
    const std::string_view program = shell::program_of(words);
    const bool takes_away = program == "rm" || program == "mv" || program == "rmdir";
    return std::ranges::any_of(words_and_files(command), [&](const shell::Word* word) {
      if (removal.takes(*word)) return false;
      return is_about(word->text, target, step) || (takes_away && may_take_away(word->text, target, step));
    });
  });
}

bool is_without_network(const Run& run) {
  const dockerfile::Flag* network = run.instruction->find_flag("network");
  return network != nullptr && network->value == "none";
}

namespace {

// Who needs the folders of one package manager, whatever RUN fills them.
class Needs {
 public:
  Needs(lint::Subject& subject, const LaterNeeds& needs)
      : subject_(subject), graph_(subject.graph()), needs_(needs) {
    for (size_t i = 0; i < graph_.steps.size(); ++i) {
      const Step& step = graph_.steps[i];
      if (step.kind == Step::Kind::kRun && needs_it(subject_.run_of(i), step)) steps_.push_back(i);
    }
    needs_.has_mount = nullptr;  // what it looks at need not live on
  }

  std::string after(const Run& run) const {
    const size_t stage = graph_.steps[*run.step].stage;
    for (auto at = std::ranges::upper_bound(steps_, *run.step); at != steps_.end(); ++at) {
      if (graph_.starts_from(graph_.steps[*at].stage, stage))
        return fmt::format("line {}", graph_.steps[*at].instruction->start_line);
    }
    return needs_.used_from ? find_in_images(stage) : std::string();
  }

 private:
  bool needs_it(const Run& run, const Step& step) const {
    const auto needs = [&](const shell::Command& command) {
      if (calls(*needs_.manager, command) && is_offline(*needs_.manager, command, step)) return true;
      return needs_.used_from && may_use(run, command);
    };
    if (run.commands.empty() || !run.posix_shell) return needs_.used_from;
    if (is_without_network(run) && needs_.used_from) return true;
    return std::ranges::any_of(run.commands, needs);
  }

  // Packages that are used from the folder are downloaded again where a command calls the package manager,
  // unless the folder is mounted; what a script does can't be told.
  bool may_use(const Run& run, const shell::Command& command) const {
    const auto words = shell::invocation(command);
    if (words.empty()) return false;
    if (!calls(*needs_.manager, command))
      return !is_plain_program(shell::program_of(words)) && !is_other_manager(words);
    const auto only_asks = [](const shell::Word& word) {
      return word.text == "version" || word.text == "env" || word.text == "--version" ||
             word.text == "-version";
    };
    if (std::ranges::any_of(words, only_asks)) return false;
    const auto uses = uses_of(subject_, run);
    const bool known = std::ranges::any_of(uses, [&](const Use& use) { return use.command == &command; });
    return !known || !needs_.has_mount(run);
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
      const Instruction* starter = starter_of(stage);
      const bool last = stage.index + 1 == graph_.stages.size();
      if (starter != nullptr ? may_need(*starter) : last || !is_used(stage))
        return starter != nullptr ? fmt::format("the command of line {}", starter->start_line)
                                  : std::string("what runs in the image");
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

  // The last ENTRYPOINT of a stage and those that it starts from, or else CMD.
  const Instruction* starter_of(const plan::Stage& stage) const {
    const Instruction* entrypoint = nullptr;
    const Instruction* command = nullptr;
    for (const plan::Stage* at = &stage; at != nullptr && at->from != nullptr;
         at = at->base_stage ? &graph_.stages[*at->base_stage] : nullptr) {
      const Instruction* own_entrypoint = nullptr;
      const Instruction* own_command = nullptr;
      const auto instructions = subject_.file().instructions();
      for (const Instruction* one = at->from + 1;
           one != instructions.data() + instructions.size() && one->keyword != Keyword::kFrom; ++one) {
        if (one->keyword == Keyword::kEntrypoint) own_entrypoint = one;
        if (one->keyword == Keyword::kCmd) own_command = one;
      }
      if (entrypoint == nullptr) entrypoint = own_entrypoint;
      if (command == nullptr) command = own_command;
    }
    return entrypoint != nullptr ? entrypoint : command;
  }

  // Whether what it starts may need packages of the folder: all but programs that were built.
  bool may_need(const Instruction& starter) const {
    if (starter.arguments.empty()) return true;
    std::string_view first = starter.arguments.front().text;
    if (!starter.json) first = first.substr(0, first.find_first_of(" \t"));
    if (first == "exec" || first.find_first_of("$\"'`;&|") != std::string_view::npos) return true;
    const std::string_view program = text::base_name(first);
    const bool built = first.find('/') != std::string_view::npos &&
                       program.find('.') == std::string_view::npos && !first.starts_with("/bin/") &&
                       !first.starts_with("/usr/bin/") && program != "gradlew" && program != "mvnw";
    return !built && program != "java";
  }

  lint::Subject& subject_;
  const plan::Graph& graph_;
  LaterNeeds needs_;
  std::vector<size_t> steps_;  // that need them
};

// Of each package manager, and of its caches that packages are used from and others.
struct AllNeeds {
  std::map<std::pair<const PackageManager*, bool>, Needs> known;
};

}  // namespace

std::string needed_later(lint::Subject& subject, const Run& run, const LaterNeeds& needs) {
  auto& known = subject.memory<AllNeeds>().known;
  const std::pair key(needs.manager, needs.used_from);
  auto found = known.find(key);
  if (found == known.end()) found = known.emplace(key, Needs(subject, needs)).first;
  return found->second.after(run);
}

}  // namespace dcache::rules
