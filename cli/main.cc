#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "cli/version_words.h"
#include "dcache/text/suggest.h"
#include "dcache/text/system.h"

namespace dcache::cli {
namespace {

struct CommandEntry {
  std::string_view name;
  Command (*make)();
};

constexpr std::array kCommands = {
    CommandEntry{"lint", lint_command},
    CommandEntry{"explain", explain_command},
    CommandEntry{"affected", affected_command},
    CommandEntry{"images", images_command},
    CommandEntry{"log", log_command},
    CommandEntry{"history", history_command},
    CommandEntry{"optimize", optimize_command},
    CommandEntry{"graph", graph_command},
    CommandEntry{"report", report_command},
    CommandEntry{"snapshot", snapshot_command},
    CommandEntry{"keys", keys_command},
    CommandEntry{"context", context_command},
    CommandEntry{"config", config_command},
    CommandEntry{"rules", rules_command},
    CommandEntry{"format", format_command},
    CommandEntry{"parse", parse_command},
    CommandEntry{"lsp", lsp_command},
    CommandEntry{"completion", completion_command},
    CommandEntry{"complete-names", complete_names_command},
    CommandEntry{"make-manuals", manuals_command},
};

const CommandEntry* find_command(std::string_view name) {
  const auto found = std::ranges::find(kCommands, name, &CommandEntry::name);
  return found == kCommands.end() ? nullptr : &*found;
}

int print(std::string text) {
  print_and_clear(text);
  return kOk;
}

int run_command(const Command& command, const std::vector<std::string>& words) {
  const Arguments arguments = read_arguments(command, words);
  switch (arguments.ask) {
    case Arguments::Ask::kHelp:
      return print(help_of(command));
    case Arguments::Ask::kVersion:
      return print(version_words() + "\n");
    case Arguments::Ask::kError:
      complain(arguments.message);
      return kError;
    case Arguments::Ask::kRun:
      return command.run();
  }
  return kError;
}

int refuse(std::string_view kind, std::string_view word) {
  std::vector<std::string_view> known = {"help", "version"};
  for (const CommandEntry& command : kCommands)
    known.push_back(command.name);
  complain(
      fmt::format("unknown {} '{}'; {}", kind, word, text::did_you_mean(word, known, "see dcache --help")));
  return kError;
}

// Without one of the commands: `dcache help lint`, `dcache --version`.
int run_program(const std::vector<std::string>& words) {
  const std::string first = words.empty() ? "" : words.front();
  if (first == "version" || first == "--version") return print(version_words() + "\n");
  if (first == "help" && words.size() > 1) return refuse("command", words[1]);
  if (first == "help" || first == "--help" || first == "-h") return print(help_of_program(all_commands()));
  if (first.empty()) {
    std::fputs(help_of_program(all_commands()).c_str(), stderr);
    return kError;
  }
  return refuse(first.starts_with('-') ? "option" : "command", first);
}

int run(std::vector<std::string> words) {
  const auto is_command = [](const std::string& word) { return find_command(word) != nullptr; };
  const auto word = std::ranges::find_if(words, is_command);
  // Options of the program can be before the command's name.
  const bool asks_help = !words.empty() && words.front() == "help";
  const bool known =
      word != words.end() && (word == words.begin() || asks_help || words.front().starts_with('-'));
  if (!known) return run_program(words);
  const Command command = find_command(*word)->make();
  return asks_help ? print(help_of(command)) : run_command(command, words);
}

}  // namespace

std::vector<Command> all_commands() {
  std::vector<Command> commands;
  commands.reserve(std::size(kCommands));
  for (const CommandEntry& command : kCommands)
    commands.push_back(command.make());
  return commands;
}

const Command& program() {
  static const Command kProgram = [] {
    Command command("dcache", "Shows which steps of a Docker build will rebuild, and why, before you build");
    const auto take = [](const std::string& when) {
      set_colour(when == "always" ? Colour::kAlways : when == "never" ? Colour::kNever : Colour::kAuto);
      return std::string();
    };
    command.choice("--color", "", {"auto", "always", "never"}, take, "When to use colors (default: auto)")
        .group = "Common options";
    command.describe("-h,--help", "Show this help").group = "Common options";
    command.describe("--version", "Show the version and the libraries it was built with").group =
        "Common options";
    command.notes = "Run 'dcache help COMMAND' for the options of a command.";
    return command;
  }();
  return kProgram;
}

}  // namespace dcache::cli

int main(int argc, char** argv) {
  const dcache::text::StandardStreams streams;
  try {
    const int status = dcache::cli::run({argv + std::min(argc, 1), argv + argc});
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    dcache::cli::complain("can't write to standard output");
  } catch (const std::exception& error) {  // out of memory, and what a library did not report otherwise
    dcache::cli::complain(error.what());
  }
  return dcache::cli::kError;
}
