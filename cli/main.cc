#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/version_words.h"
#include "dcache/text/suggest.h"

namespace dcache::cli {
namespace {

struct Command {
  std::string_view name;
  void (*add)(CLI::App& app, Action& action);
  bool describes_all = false;  // it needs the options of all commands
};

constexpr std::array kCommands = {
    Command{"lint", add_lint},
    Command{"explain", add_explain},
    Command{"snapshot", add_snapshot},
    Command{"keys", add_keys},
    Command{"context", add_context},
    Command{"parse", add_parse},
    Command{"lsp", add_lsp},
    Command{"completion", add_completion, true},
    Command{"make-manuals", add_manuals, true},
    Command{"rules", add_rules},
};

// Adds the command that is called, or all of them if it is not known: to define options takes longer than to
// read them.
void add_commands(CLI::App& app, Action& action, int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") return;
  const auto names_command = [](const char* word) {
    return std::ranges::any_of(kCommands, [&](const Command& command) { return command.name == word; });
  };
  char** const end = argv + argc;
  char** const word = std::find_if(argv + std::min(argc, 1), end, names_command);
  const auto is_called = [&](const Command& command) { return word != end && command.name == *word; };
  const auto called = std::ranges::find_if(kCommands, is_called);
  if (called != kCommands.end() && !called->describes_all) return called->add(app, action);
  for (const Command& command : kCommands)
    command.add(app, action);
}

// The commands, or the long options of the one that was called.
std::vector<std::string> names_near(const CLI::App& app, bool options) {
  std::vector<std::string> names;
  if (!options) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(command->get_name());
    return names;
  }
  const std::vector<CLI::App*> called = app.get_subcommands();
  for (const CLI::App* owner : {&app, called.empty() ? &app : static_cast<const CLI::App*>(called.front())}) {
    for (const CLI::Option* option : owner->get_options()) {
      for (const std::string& name : option->get_lnames())
        names.push_back("--" + name);
    }
  }
  return names;
}

// What to say of a word that is no command and no option, with the nearest one there is; empty if that is not
// what is wrong.
std::string mistyped(const CLI::App& app, int argc, char** argv) {
  const bool command_given = !app.get_subcommands().empty();
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view word = argument.substr(0, argument.find('='));
    const bool option = word.starts_with("--") && word.size() > 2;
    if (word == "--") break;
    if (!option && (command_given || word.starts_with('-'))) continue;
    const std::vector<std::string> names = names_near(app, option);
    if (std::find(names.begin(), names.end(), word) != names.end()) continue;
    const std::vector<std::string_view> known(names.begin(), names.end());
    return fmt::format("there is no {} '{}'; {}", option ? "option" : "command", word,
                       text::did_you_mean(word, known, "--help lists what there is"));
  }
  return {};
}

int run(int argc, char** argv) {
  CLI::App app("Says which steps of a Docker build will rebuild, and why, before you build.", "dcache");
  app.set_version_flag("--version", version_words);
  app.require_subcommand(1);
  app.fallthrough();
  const std::map<std::string, Colour> colours = {
      {"auto", Colour::kAuto}, {"always", Colour::kAlways}, {"never", Colour::kNever}};
  app.add_option_function<Colour>("--color", set_colour, "When to use colours: auto, always or never")
      ->transform(CLI::CheckedTransformer(colours))
      ->type_name("WHEN")
      ->option_text("WHEN");
  Action action;
  add_commands(app, action, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string wrong = error.get_exit_code() == 0 ? "" : mistyped(app, argc, argv);
    if (wrong.empty()) return app.exit(error) == 0 ? kOk : kError;
    complain(wrong);
    return kError;
  }
  const int status = action();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    complain("can't write to standard output");
    return kError;
  }
  return status;
}

}  // namespace
}  // namespace dcache::cli

int main(int argc, char** argv) {
  try {
    return dcache::cli::run(argc, argv);
  } catch (const std::exception&
               error) {  // memory that is not to be had, and what a library did not report otherwise
    std::fprintf(stderr, "dcache: %s\n", error.what());
    return dcache::cli::kError;
  }
}
