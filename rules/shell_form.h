// Commands in shell form: of CMD, ENTRYPOINT and HEALTHCHECK.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dcache/dockerfile/file.h"

namespace dcache::rules {

struct ShellForm {
  bool needs_shell = false;  // it has variables, patterns, lists, redirections or what only a shell knows
  bool execs = false;        // the program takes the place of the shell in the end, as in `exec server`
  std::string json = {};     // the same command as a JSON array; empty if it needs a shell
  // What to change if the text is meant to be a JSON array, and is not one: see what_breaks_json(). Then the
  // others say nothing.
  std::optional<std::string> broken_json = {};
};
ShellForm shell_form_of(std::string_view command);
// The same of a command that a shell of Windows starts: `shell` is that of SHELL, or kWindowsShell. Where the
// command needs the shell, the JSON array names it.
inline constexpr std::string_view kWindowsShell[] = {"cmd", "/S", "/C"};
ShellForm windows_form_of(std::string_view command, std::span<const std::string_view> shell = kWindowsShell);

// The first word of what a HEALTHCHECK runs: in shell form all of the command. Null for other instructions,
// for NONE, and for what no builder accepts.
const dockerfile::Word* health_check_command(const dockerfile::Instruction& instruction);

// What is wrong with a CMD or ENTRYPOINT in shell form.
inline constexpr const char* kStartedByShell =
    "a shell starts the program and does not pass signals on to it";

// What to write instead of `instruction COMMAND`.
std::string json_form_of(std::string_view instruction, const ShellForm& form);

}  // namespace dcache::rules
