#include "cli/help.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"

namespace dcache::cli {
namespace {

constexpr size_t kWidth = 100;  // columns
constexpr size_t kColumn = 28;  // where descriptions begin

std::string value_of(const Option& option) {
  if (!option.takes_value()) return "";
  if (!option.value.empty()) return option.value;
  return option.choices.empty() ? "VALUE" : fmt::format("{{{}}}", fmt::join(option.choices, ","));
}

// Appends words in lines of at most kWidth columns, the first of which follows a `heading`.
void append_entry(std::string_view heading, std::string_view words, std::string& out) {
  out += fmt::format("  {}", heading);
  size_t at = heading.size() + 2;
  const auto new_line = [&] {
    out += '\n';
    out.append(kColumn, ' ');
    at = kColumn;
  };
  if (at + 2 > kColumn) {
    new_line();
  } else {
    out.append(kColumn - at, ' ');
    at = kColumn;
  }
  bool first = true;
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    if (!first && at + 1 + end > kWidth) {
      new_line();
      first = true;
    }
    if (!first) out += ' ';
    out += words.substr(0, end);
    at += end + (first ? 0 : 1);
    first = false;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  out += '\n';
}

void append_options(const std::vector<const Option*>& options, std::string& out) {
  std::vector<std::string> groups;
  for (const Option* option : options) {
    if (std::ranges::find(groups, option->group) == groups.end()) groups.push_back(option->group);
  }
  for (const std::string& group : groups) {
    out += fmt::format("\n{}:\n", group);
    for (const Option* option : options) {
      if (option->group != group) continue;
      append_entry(heading_of(*option),
                   option->repeats && !option->is_argument() ? option->help + " (repeatable)" : option->help,
                   out);
    }
  }
}

void append_rest(const Command& command, std::string& out) {
  if (!command.notes.empty()) out += fmt::format("\n{}\n", wrapped(command.notes));
  if (!command.examples.empty()) out += fmt::format("\nExamples:\n{}\n", command.examples);
  if (!command.exit_status.empty()) {
    constexpr std::string_view kHeading = "Exit status: ";
    out += fmt::format("\n{}{}\n", kHeading, wrapped(command.exit_status, kHeading.size()));
  }
}

}  // namespace

std::string wrapped(std::string_view text, size_t column) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    // Up to the last space within the width; a longer word stays whole.
    const size_t space =
        line.size() + column <= kWidth ? std::string_view::npos : line.rfind(' ', kWidth - column);
    const size_t end = std::min(space, line.size());
    out += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!text.empty()) out += '\n';
    column = 0;
  }
  return out;
}

std::string heading_of(const Option& option) {
  if (option.is_argument()) return option.names.front();
  const std::string value = value_of(option);
  return fmt::format("{}{}{}", fmt::join(option.names, ", "), value.empty() ? "" : " ", value);
}

std::string help_of(const Command& command) {
  std::string usage = fmt::format("{}\n\nUsage: dcache {} [OPTION]...", command.summary, command.name);
  std::string out;
  std::vector<const Option*> options;
  for (const Option& option : command.options()) {
    if (!option.is_argument()) {
      options.push_back(&option);
      continue;
    }
    const std::string& name = option.names.front();
    usage += option.required ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
    usage += option.repeats ? "..." : "";
    if (out.empty()) out += "\nArguments:\n";
    append_entry(name, option.help, out);
  }
  for (const Option& option : program().options())
    options.push_back(&option);
  append_options(options, out);
  append_rest(command, out);
  return usage + "\n" + out;
}

std::string help_of_program(std::span<const Command> commands) {
  std::string out = fmt::format("{}\n\nUsage: dcache COMMAND [OPTION]...\n\nCommands:\n", program().summary);
  for (const Command& command : commands) {
    if (!command.hidden) append_entry(command.name, command.summary, out);
  }
  std::vector<const Option*> options;
  for (const Option& option : program().options())
    options.push_back(&option);
  append_options(options, out);
  append_rest(program(), out);
  return out;
}

}  // namespace dcache::cli
