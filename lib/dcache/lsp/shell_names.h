// The variables that the text of a shell names: where it expands them, which it sets itself, and which it may
// look up in a way that can't be followed.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::lsp {

struct ShellNames {
  std::vector<std::string_view> uses;          // after `$` or `${`, in the text
  std::set<std::string, std::less<>> sets;     // by an assignment, `for`, `read`, `export NAME=…`, …
  std::set<std::string, std::less<>> lookups;  // by name: `export NAME`, `printenv NAME`, in arithmetic, …

  // Whether a use need not be of the variable that the shell was started with.
  bool is_unclear(std::string_view name) const { return sets.contains(name) || lookups.contains(name); }
};

// Adds what a script names, in POSIX shells and bash.
void add_shell_names(std::string_view script, ShellNames& names);
// Whether a command line starts a shell that reads its input: `sh <<EOF`.
bool reads_script(std::string_view command);
// The same as add_shell_names() of a heredoc, which is a `script` if such a line reads it. `quoted` if its
// delimiter is: the shell expands nothing in it then, but another one that it is given to does.
void add_heredoc_names(bool script, std::string_view body, bool quoted, ShellNames& names);
// The same of text that something other than a shell runs.
void add_foreign_names(std::string_view text, ShellNames& names);

// Where a builder expands variables in the text of an instruction. With `plain_quotes`, as in heredocs,
// quotes mean nothing.
std::vector<std::string_view> expanded_names(std::string_view text, char escape, bool plain_quotes);

// The name that a text starts with, as those of variables are spelled; may be empty.
std::string_view variable_name(std::string_view text);
bool is_name_start(char c);
bool is_name_part(char c);

}  // namespace dcache::lsp
