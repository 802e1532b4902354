// The shell text of a RUN taken apart into commands and words. Nothing is executed or expanded.
//
// It covers what POSIX shells and bash have in common: quotes, escapes, lists (`&&`, `||`, `;`, `&`, new
// lines), pipes, subshells, groups, `if`/`for`/`while`/`until`/`case`, functions, redirections,
// here-documents, assignments and command substitution. Text that is not valid script gives what can be
// recognised.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dcache/text/arena.h"

namespace dcache::shell {

struct Word {
  std::string_view text;      // quotes and escapes removed; variables as they are written
  std::string_view spelling;  // where it is in the script
  bool literal = true;        // nothing in it is expanded when it runs
};

// How a command is tied to the one before it in its list.
enum class Connector : uint8_t { kFirst, kAnd, kOr, kThen, kPipe, kBackground };

struct Redirection {
  std::string_view op;  // ">", ">>", "<", "<<<", …, with a file descriptor in front where one is given
  Word target;
};

struct Command {
  std::vector<Word> assignments;  // NAME=value before the command
  std::vector<Word> words;        // the program and its arguments
  std::vector<Redirection> redirections;
  Connector connector = Connector::kFirst;
  uint32_t depth =
      0;  // 0: runs for sure as part of the outermost list; more: inside ( ), { }, if, for, $( ), …
  bool quoted = false;        // in the text that `sh -c` of an earlier command is given
  uint32_t wrappers = 0;      // see count_wrappers()
  std::string_view spelling;  // from the first to the last word

  // The first word without its folder; empty if the command has none.
  std::string_view program() const;
};

// All commands in the order in which they are written, those inside substitutions, and those of the text that
// `sh -c` is given, after the one that contains them. Views point into `script`, or into `texts` where a word
// is not written as it reads: both have to outlive the result.
std::vector<Command> split(std::string_view script, text::Arena& texts);

// How many of the words are `sudo`, `env A=b`, `exec`, `command`, `nohup`, `time`, `nice` and the like before
// the program that really runs.
uint32_t count_wrappers(std::span<const Word> words);

// The program that really runs, with its arguments: the words of the command without its wrappers. What
// `sh -c '…'` starts are commands of their own.
inline std::span<const Word> invocation(const Command& command) {
  return std::span(command.words).subspan(command.wrappers);
}

// The name of the program that words start with, without its folder; empty if there are none.
std::string_view program_of(std::span<const Word> words);

// Whether one of them reads so.
bool has_word(std::span<const Word> words, std::string_view text);

// The shells that read the language of POSIX: "sh", "bash" and others.
std::span<const std::string_view> posix_shells();
// Whether a program, given with or without its folder, is one of them.
bool is_posix_shell(std::string_view program);

// The text that `sh -c TEXT` or the like runs, or nothing.
std::optional<std::string_view> inner_script(std::span<const Word> words);

}  // namespace dcache::shell
