#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/calls.h"
#include "rules/hadolint.h"
#include "rules/known_facts.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DL4006 {
namespace {

// The shell of busybox knows pipefail by the name `sh` too.
bool knows_pipefail(std::string_view shell, bool busybox) {
  const std::string_view program = text::base_name(shell);
  return (busybox && program == "sh") ||
         std::ranges::find(pipefail_shells(), program) != pipefail_shells().end();
}

// Set by SHELL, or by `set -o pipefail` in the script.
bool has_pipefail(const lint::Run& run, bool busybox) {
  if (run.shell != nullptr && !run.shell->arguments.empty()) {
    const auto words = run.shell->arguments;
    const bool set = std::ranges::any_of(words, [](const dockerfile::Word& word) {
      return word.text.find("pipefail") != std::string_view::npos;
    });
    if (set && knows_pipefail(words.front().text, busybox)) return true;
  }
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return command.program() == "set" && shell::has_word(command.words, "pipefail");
  });
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// Programs that only list what the system has.
constexpr std::string_view kListers[] = {"find",     "scanelf",    "ldd",    "mount", "ls",       "env",
                                         "printenv", "dpkg-query", "nproc",  "date",  "id",       "uname",
                                         "du",       "df",         "getent", "ps",    "hostname", "locale"};

// Whether a command lists the modules of an interpreter, packages, or a file of the system.
bool lists_parts(const shell::Command& command) {
  const auto has = [&](std::string_view word) { return shell::has_word(command.words, word); };
  const std::string_view program = command.program();
  if (program == "php") return has("-m") || has("-i");
  if (program == "dpkg") return has("-l") || has("--list") || has("--get-selections") || has("-L");
  if (program == "apt-mark") return has("showmanual") || has("showauto");
  if (program == "cat") {
    return command.words.size() > 1 &&
           std::ranges::all_of(std::span(command.words).subspan(1), [](const auto& word) {
             return word.text.starts_with("/etc/") || word.text.starts_with("/proc/");
           });
  }
  return false;
}

// Whether the failure of a command before a pipe is not worth a report. `yes` ends by a signal when its
// reader ends, which pipefail would take for a failure.
bool hardly_fails(const shell::Command& command) {
  constexpr std::string_view kNeverFail[] = {"echo", "printf", "seq", "yes", "true", ":", "set", "tee"};
  // They fail if what feeds them does, and that pipe is looked at too.
  constexpr std::string_view kFilters[] = {"sort", "uniq", "tr",   "cut",   "awk",   "gawk", "sed", "head",
                                           "tail", "wc",   "grep", "egrep", "fgrep", "rev",  "tac", "xargs"};
  if (command.program() == "find" &&
      (shell::has_word(command.words, "-exec") || shell::has_word(command.words, "-execdir")))
    return std::ranges::any_of(command.words, [](const auto& word) {
      return is_one_of(word.text, kListers) && word.text != "find";
    });
  if (is_one_of(command.program(), kNeverFail) || is_one_of(command.program(), kListers) ||
      lists_parts(command))
    return true;
  if (command.connector != shell::Connector::kPipe || !is_one_of(command.program(), kFilters)) return false;
  return command.program() != "xargs" ||
         std::ranges::any_of(command.words, [](const auto& word) { return is_one_of(word.text, kListers); });
}

// Whether a command can fail whose output the one at `piped` reads: the command before it at the same
// depth, or those of the group or subshell before it.
bool is_fed_by_what_can_fail(std::span<const shell::Command> commands, size_t piped) {
  const std::less<> is_before;
  std::vector<const shell::Command*> deeper;
  for (size_t i = piped; i-- > 0;) {
    const shell::Command& feeding = commands[i];
    if (feeding.quoted) continue;
    // The pipe leads into a loop or the like.
    if (feeding.depth < commands[piped].depth && deeper.empty()) return !hardly_fails(feeding);
    if (feeding.depth < commands[piped].depth) break;
    if (feeding.depth > commands[piped].depth) {
      deeper.push_back(&feeding);
      continue;
    }
    // Deeper commands in its words are substitutions.
    const char* const begin = feeding.spelling.data();
    const bool holds_deeper = std::ranges::all_of(deeper, [&](const shell::Command* one) {
      const char* const at = one->spelling.data();
      return !is_before(at, begin) && is_before(at, begin + feeding.spelling.size());
    });
    if (holds_deeper) return !hardly_fails(feeding);
    break;
  }
  return deeper.empty() ||
         !std::ranges::all_of(deeper, [](const shell::Command* one) { return hardly_fails(*one); });
}

// Whether a place in the script is within `$(…)` or backquotes. Quotes are not looked at.
bool is_in_substitution(std::string_view script, size_t place) {
  const std::string_view before = script.substr(0, place);
  if (std::ranges::count(before, '`') % 2 == 1) return true;
  size_t closed = 0;
  for (size_t i = before.size(); i-- > 0;) {
    if (before[i] == ')') ++closed;
    if (before[i] != '(') continue;
    if (closed > 0) {
      --closed;
    } else if (i > 0 && before[i - 1] == '$') {
      return true;
    }
  }
  return false;
}

// Whether the value of a variable alone is worked out there: its result is that of the command.
bool is_in_assignment(const lint::Run& run, size_t place) {
  const char* const at = run.script.data() + place;
  const auto holds = [&](const shell::Word& word) {
    return word.spelling.data() <= at && at < word.spelling.data() + word.spelling.size();
  };
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return command.words.empty() && std::ranges::any_of(command.assignments, holds);
  });
}

// Whether the pipe before a place is between `if`, `while` or the like and the word that ends the
// condition.
bool is_in_condition(std::string_view script, size_t place) {
  constexpr std::string_view kBegin[] = {"if", "elif", "while", "until"};
  constexpr std::string_view kOther[] = {"then", "do", "else", "fi", "done", "case", "esac"};
  constexpr std::string_view kEnds = " \t\n;&|()";
  const auto is_one_of = [](std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  size_t condition = std::string_view::npos;
  bool starts_command = true;
  for (size_t at = 0; at < place;) {
    if (kEnds.find(script[at]) != std::string_view::npos) {
      starts_command = starts_command || (script[at] != ' ' && script[at] != '\t');
      ++at;
      continue;
    }
    const size_t end = std::min(script.find_first_of(kEnds, at), script.size());
    const std::string_view word = script.substr(at, end - at);
    const bool begins = starts_command && is_one_of(kBegin, word);
    const bool other = starts_command && is_one_of(kOther, word);
    if (begins) condition = end;
    if (other) condition = std::string_view::npos;
    starts_command = begins || other || word == "!" || word == "{";
    at = end;
  }
  if (condition == std::string_view::npos || condition >= place) return false;
  const std::string_view within = script.substr(condition, place - condition);
  const size_t pipe = within.rfind('|');
  return pipe != std::string_view::npos && (pipe == 0 || within[pipe - 1] != '|');
}

// Whether the result of the pipe before a command is not that of the step, whatever `pipefail` says.
bool is_result_unused(const lint::Run& run, const shell::Command& piped) {
  const char* const begin = run.script.data();
  const std::less<> is_before;
  if (is_before(piped.spelling.data(), begin) || !is_before(piped.spelling.data(), begin + run.script.size()))
    return false;
  const auto place = static_cast<size_t>(piped.spelling.data() - begin);
  if (is_in_condition(run.script, place)) return true;
  return is_in_substitution(run.script, place) && !is_in_assignment(run, place);
}

// Whether a script goes on after a pipe that fails: one of lines, without `set -e`.
bool is_passed_over(const lint::Run& run, size_t at) {
  if (!run.in_heredoc) return false;
  const bool stops = std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return command.program() == "set" && std::ranges::any_of(command.words, [](const shell::Word& word) {
             return word.text == "errexit" ||
                    (word.text.starts_with('-') && word.text.find('e') != std::string_view::npos);
           });
  });
  const bool last = std::none_of(run.commands.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                 run.commands.end(), [](const shell::Command& command) {
                                   return command.depth == 0 && command.connector != shell::Connector::kPipe;
                                 });
  return !stops && !last;
}

// `grep -q` finds nothing where nothing comes, and ends before what feeds it.
bool is_quiet_grep(const shell::Command& command) {
  return command.program() == "grep" && std::ranges::any_of(command.words, [](const shell::Word& word) {
           return word.text == "--quiet" || (word.text.starts_with('-') && !word.text.starts_with("--") &&
                                             word.text.find('q') != std::string_view::npos);
         });
}

// Whether a command fails when what feeds it has failed, since nothing or only a part of its input came: the
// end of an archive, and sums of files, are not there then.
bool needs_whole_input(const shell::Command& command) {
  constexpr std::string_view kSums[] = {"sha256sum", "sha512sum", "sha384sum", "sha1sum", "md5sum", "shasum"};
  const auto has = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words,
                               [&](std::string_view word) { return shell::has_word(command.words, word); });
  };
  if (is_one_of(command.program(), kSums)) return has({"-c", "--check", "-sc", "-cs", "-cw", "-wc"});
  return command.program() == "gpg" && has({"--dearmor"});
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL4006");
  for (const lint::Run& run : dockerfile.runs()) {
    // SHELL does not change what runs a JSON form.
    if (!run.shell_form && !as_hadolint) continue;
    const auto piped = std::ranges::find_if(run.commands, [&](const shell::Command& command) {
      if (command.connector != shell::Connector::kPipe || command.quoted) return false;
      const auto at = static_cast<size_t>(&command - run.commands.data());
      return as_hadolint ||
             (is_fed_by_what_can_fail(run.commands, at) && !is_result_unused(run, command) &&
              !is_passed_over(run, at) && !is_quiet_grep(command) && !needs_whole_input(command));
    });
    if (piped == run.commands.end() || run.onbuild) continue;
    const bool busybox = lint::is_image(lint::ImageKind::kBusyboxTools,
                                        base_image_of(dockerfile, stage_of(written_stages(dockerfile), run)));
    if (has_pipefail(run, busybox && !as_hadolint)) continue;
    report_part(run, piped->spelling, reporter,
                {"if the command before the pipe fails, the step still succeeds and is cached",
                 fmt::format("write SHELL [\"/bin/{}\", \"-o\", \"pipefail\", \"-c\"] above this RUN",
                             busybox ? "ash" : "bash")});
  }
}

}  // namespace

lint::Rule rule() {
  return {
      .code = "DL4006",
      .name = "pipe-without-pipefail",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kHadolint,
      .summary = "A RUN with a pipe succeeds although a command before the pipe fails",
      .rationale =
          "A shell takes the result of a pipe from its last command: `wget … | tar x` succeeds even if the "
          "download stops after the first bytes that tar can read, and the broken layer is cached. With "
          "`pipefail` the pipe fails if any of its commands fails. The `/bin/sh` of Debian does not know "
          "`pipefail`, so SHELL names bash. Alpine and busybox have no bash, so it names `/bin/ash`; their "
          "`/bin/sh` knows `pipefail` too, but the profile `hadolint` does not accept that.\n\n"
          "Only the profile `hadolint` reports a pipe if `pipefail` would change nothing, or hardly "
          "anything: "
          "after `echo`, `printf` and others that do not fail, also in a group such as `{ echo a; echo b; "
          "}`; "
          "before `sha256sum -c`, which fails without input, and `grep -q`; "
          "after commands that only list what is there, such as `find`, `mount` and `php -m`; in `$(…)` that "
          "is an argument; and in the condition of `if` or `while`.",
      .bad = {"FROM debian:12\n"
              "RUN wget -qO- https://example.com/a.tar.gz | tar xz\n"},
      .good = {"FROM debian:12\n"
               "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n"
               "RUN wget -qO- https://example.com/a.tar.gz | tar xz\n"},
      .check = check};
}

}  // namespace dcache::rules::DL4006
