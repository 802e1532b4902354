#include "rules/shell_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/shell/script.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/unicode.h"
#include "rules/json_form.h"
#include "rules/known_facts.h"

namespace dcache::rules {
namespace {

// Commands that are not programs, and words that begin what only a shell reads.
bool is_of_shell(std::string_view program) {
  return std::ranges::find(shell_commands(), program) != shell_commands().end();
}

bool needs_shell(const shell::Command& command) {
  const auto is_expanded = [](const shell::Word& word) {
    return !word.literal || word.text.starts_with('~');
  };
  return command.depth > 0 || !command.assignments.empty() || !command.redirections.empty() ||
         is_of_shell(command.program()) || std::ranges::any_of(command.words, is_expanded);
}

std::string json_array(std::span<const std::string_view> words) {
  std::vector<std::string> values;
  for (const std::string_view word : words)
    text::JsonWriter(values.emplace_back()).value(word);
  return fmt::format("[{}]", fmt::join(values, ", "));
}

std::vector<std::string_view> texts_of(const shell::Command& command) {
  std::vector<std::string_view> texts;
  for (const shell::Word& word : command.words)
    texts.push_back(word.text);
  return texts;
}

// Whether cmd is not needed for a command: it names a program, and has nothing that cmd reads itself.
bool is_plain_for_cmd(std::string_view command) {
  constexpr std::string_view kOfCmd[] = {
      "assoc",    "break", "call",  "cd",    "chdir",  "cls",    "color", "copy",   "date",
      "del",      "dir",   "dpath", "echo",  "erase",  "exit",   "for",   "ftype",  "goto",
      "if",       "keys",  "md",    "mkdir", "mklink", "move",   "path",  "pause",  "popd",
      "prompt",   "pushd", "rd",    "rem",   "ren",    "rename", "rmdir", "set",    "setlocal",
      "endlocal", "shift", "start", "time",  "title",  "type",   "ver",   "verify", "vol"};
  if (command.find_first_of("\\\"'%!&|<>^()$`*?~;,=#{}[]") != std::string_view::npos) return false;
  const std::string program = text::to_lower(command.substr(0, command.find_first_of(" \t")));
  return std::ranges::find(kOfCmd, program) == std::end(kOfCmd);
}

}  // namespace

ShellForm shell_form_of(std::string_view text) {
  if (auto broken = what_breaks_json(text)) return {.needs_shell = true, .broken_json = std::move(broken)};
  text::Arena texts;
  std::vector<shell::Command> commands = shell::split(text, texts);
  std::erase_if(commands, [](const shell::Command& command) { return command.quoted; });
  if (commands.empty()) return {.needs_shell = true};
  const shell::Command& last = commands.back();
  const bool in_background =
      text.find_last_not_of(" \t") != std::string_view::npos && text[text.find_last_not_of(" \t")] == '&';
  const bool at_the_end =
      last.depth == 0 &&
      (last.connector == shell::Connector::kFirst || last.connector == shell::Connector::kAnd ||
       last.connector == shell::Connector::kThen || last.connector == shell::Connector::kBackground);
  ShellForm form;
  form.needs_shell = commands.size() > 1 || in_background || needs_shell(last);
  form.execs = at_the_end && !in_background && last.program() == "exec" && last.words.size() > 1;
  // To a shell of Windows a \ is none of these.
  if (!form.needs_shell && text.find('\\') == std::string_view::npos) form.json = json_array(texts_of(last));
  return form;
}

ShellForm windows_form_of(std::string_view command, std::span<const std::string_view> shell) {
  if (auto broken = what_breaks_json(command)) return {.needs_shell = true, .broken_json = std::move(broken)};
  const bool is_cmd = !shell.empty() && text::to_lower(shell.front()).find("cmd") != std::string::npos;
  if (is_cmd && is_plain_for_cmd(command)) {
    text::Arena texts;
    const std::vector<shell::Command> commands = shell::split(command, texts);
    if (commands.size() == 1) return {.json = json_array(texts_of(commands.front()))};
  }
  std::vector<std::string_view> words(shell.begin(), shell.end());
  words.push_back(command);
  return {.json = json_array(words)};
}

std::string json_form_of(std::string_view instruction, const ShellForm& form) {
  if (form.broken_json) return *form.broken_json;
  constexpr size_t kLongest = 160;
  const bool is_shown = !form.json.empty() && form.json.size() <= kLongest;
  if (!form.needs_shell)
    return fmt::format("write {} {}", instruction, is_shown ? form.json : R"(["PROGRAM", "ARGUMENT"])");
  return fmt::format(
      "this command needs a shell: write {} [\"/bin/sh\", \"-c\", \"exec …\"] with exec before the "
      "program that keeps running, start a script that ends with exec, or name the shell with SHELL",
      instruction);
}

const dockerfile::Word* health_check_command(const dockerfile::Instruction& instruction) {
  const auto& words = instruction.arguments;
  const bool has_command = instruction.keyword == dockerfile::Keyword::kHealthcheck && words.size() > 1 &&
                           text::equals_ignoring_case(words[0].text, "cmd");
  return has_command ? &words[1] : nullptr;
}

}  // namespace dcache::rules
