// What shells and `man` know of the program, made of the definitions of its options.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/text/file_io.h"
#include "dcache/text/unicode.h"
#include "dcache/version.h"

namespace dcache::cli {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

// Those that have a name with dashes; the program's own belong to each command too.
std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  for (const CLI::App* app : {&command, command.get_parent()}) {
    if (app == nullptr) continue;
    for (const CLI::Option* option : app->get_options()) {
      const bool twice = std::ranges::any_of(
          options, [&](const CLI::Option* known) { return known->get_lnames() == option->get_lnames(); });
      if (option->nonpositional() && !twice) options.push_back(option);
    }
  }
  return options;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames())
    names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    names.push_back("--" + name);
  return names;
}

std::vector<const CLI::Option*> arguments_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

// The name of a manual page; without a command the program's.
std::string page_name(const CLI::App* command) {
  return command == nullptr ? "dcache" : "dcache-" + command->get_name();
}

bool takes_value(const CLI::Option& option) {
  return option.get_expected_max() > 0 && option.get_type_size_max() > 0;
}

// What the value can be, where that is a list: "TEXT:{text,json}", "WHEN:value in {auto->0,never->2} OR
// {0,2}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  std::vector<std::string> choices;
  if (begin == std::string::npos) return choices;
  std::string_view list = std::string_view(type).substr(begin + 1, type.find('}', begin) - begin - 1);
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view choice = list.substr(0, comma);
    choices.emplace_back(choice.substr(0, choice.find("->")));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return choices;
}

// The description on one line.
std::string described(const CLI::Option& option) {
  std::string text = option.get_description();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string bash(const CLI::App& app) {
  std::string commands, cases;
  for (const CLI::App* command : commands_of(app)) {
    commands += (commands.empty() ? "" : " ") + command->get_name();
    std::string options, values;
    for (const CLI::Option* option : options_of(*command)) {
      const std::vector<std::string> names = names_of(*option);
      options += (options.empty() ? "" : " ") + joined(names);
      const std::vector<std::string> choices = choices_of(*option);
      if (choices.empty()) continue;
      values += fmt::format("        {}) words='{}' ;;\n", fmt::join(names, "|"), joined(choices));
    }
    cases += fmt::format("    {})\n      options='{}'\n      case $before in\n{}      esac\n      ;;\n",
                         command->get_name(), options, values);
  }
  return fmt::format(
      R"(# bash completion of dcache: source it, or put it into ~/.local/share/bash-completion/completions/dcache
_dcache() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words='' options=''
  # --name=value comes as three words.
  [[ $word == = ]] && word=''
  [[ $before == = ]] && before=${{COMP_WORDS[COMP_CWORD-2]}}
  if [[ $COMP_CWORD -eq 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W '{commands} --help --version' -- "$word")
    return
  fi
  case ${{COMP_WORDS[1]}} in
{cases}  esac
  [[ -z $words && $word == -* ]] && words=$options
  [[ -n $words ]] && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}}
complete -o bashdefault -o default -F _dcache dcache
)",
      fmt::arg("commands", commands), fmt::arg("cases", cases));
}

std::string zsh(const CLI::App& app) {
  const auto quoted = [](std::string text) {
    for (const char* special : {"\\", "[", "]", ":"})
      text = replaced(std::move(text), special, std::string("\\") + special);
    return replaced(std::move(text), "'", "'\\''");
  };
  std::string commands, cases;
  for (const CLI::App* command : commands_of(app)) {
    commands += fmt::format("    '{}:{}'\n", command->get_name(), quoted(command->get_description()));
    std::string specs;
    for (const CLI::Option* option : options_of(*command)) {
      const std::vector<std::string> choices = choices_of(*option);
      std::string value;
      if (takes_value(*option))
        value = choices.empty() ? ":value:_files" : fmt::format(":value:({})", joined(choices));
      for (const std::string& name : names_of(*option)) {
        const bool equals = name.starts_with("--") && !value.empty();
        specs += fmt::format(" \\\n        '*{}{}[{}]{}'", name, equals ? "=" : "",
                             quoted(described(*option)), value);
      }
    }
    cases += fmt::format("    {})\n      _arguments{} \\\n        '*:file:_files' ;;\n", command->get_name(),
                         specs);
  }
  return fmt::format(R"(#compdef dcache
# zsh completion of dcache: put it as _dcache into a folder of $fpath
_dcache() {{
  local -a commands
  commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
_dcache "$@"
)",
                     commands, cases);
}

std::string fish(const CLI::App& app) {
  const auto quoted = [](std::string text) {
    return "'" + replaced(replaced(std::move(text), "\\", "\\\\"), "'", "\\'") + "'";
  };
  std::string out = "# fish completion of dcache: put it as dcache.fish into ~/.config/fish/completions\n";
  for (const CLI::App* command : commands_of(app)) {
    out += fmt::format("complete -c dcache -n __fish_use_subcommand -f -a {} -d {}\n", command->get_name(),
                       quoted(command->get_description()));
    for (const CLI::Option* option : options_of(*command)) {
      out += fmt::format("complete -c dcache -n '__fish_seen_subcommand_from {}'", command->get_name());
      for (const std::string& name : option->get_snames())
        out += " -s " + name;
      for (const std::string& name : option->get_lnames())
        out += " -l " + name;
      const std::vector<std::string> choices = choices_of(*option);
      if (takes_value(*option))
        out += choices.empty() ? " -r" : fmt::format(" -x -a {}", quoted(joined(choices)));
      out += fmt::format(" -d {}\n", quoted(described(*option)));
    }
  }
  return out;
}

// Text for roff: no character of it is a command, and all are ASCII.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  while (!text.empty()) {
    const text::Rune rune = text::decode_rune(text);
    if (line_start && (rune.value == '.' || rune.value == '\'')) out += "\\&";
    if (rune.value == '\\') {
      out += "\\e";
    } else if (rune.value == '-') {
      out += "\\-";
    } else if (rune.value < 0x80) {
      out += static_cast<char>(rune.value);
    } else {
      out += fmt::format("\\[u{:04X}]", static_cast<uint32_t>(rune.value));
    }
    line_start = rune.value == '\n';
    text.remove_prefix(rune.width);
  }
  return out;
}

// What stands below the options: paragraphs, and examples, whose lines stay lines.
std::string roff_footer(const std::string& footer) {
  std::string out;
  size_t begin = 0;
  while (begin < footer.size()) {
    size_t end = footer.find("\n\n", begin);
    if (end == std::string::npos) end = footer.size();
    std::string part = footer.substr(begin, end - begin);
    begin = end + 2;
    const bool examples = part.starts_with("Examples:") || part.starts_with("Example:");
    const bool status = part.starts_with("Exit status:");
    if (examples) {
      const std::string lines = part.substr(std::min(part.find('\n') + 1, part.size()));
      out += ".SH EXAMPLES\n.nf\n" + roff(lines) + "\n.fi\n";
    } else if (status) {
      out += ".SH EXIT STATUS\n" + roff(part.substr(std::min(part.find(": ") + 2, part.size()))) + "\n";
    } else {
      out += ".SH NOTES\n.nf\n" + roff(part) + "\n.fi\n";
    }
  }
  return out;
}

std::string manual(const CLI::App& app, const CLI::App* command) {
  const std::string name = page_name(command);
  const CLI::App& of = command == nullptr ? app : *command;
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(), text::ascii_upper);
  std::string out =
      fmt::format(".TH {} 1 \"\" \"dcache {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", upper,
                  DCACHE_VERSION, roff(name), roff(of.get_description()));
  if (command == nullptr) {
    out += ".B dcache\n.I COMMAND\n[\\fIOPTION\\fR...]\n.SH COMMANDS\n";
    for (const CLI::App* one : commands_of(app)) {
      out += fmt::format(".TP\n\\fBdcache\\-{}\\fR(1)\n{}\n", one->get_name(), roff(one->get_description()));
    }
  } else {
    out += fmt::format(".B dcache {}\n[\\fIOPTION\\fR...]", command->get_name());
    for (const CLI::Option* option : arguments_of(*command)) {
      out += fmt::format(" [\\fI{}\\fR...]", roff(option->get_name(true)));
    }
    out += "\n";
    for (const CLI::Option* option : arguments_of(*command)) {
      out += fmt::format(".SH ARGUMENTS\n.TP\n\\fI{}\\fR\n{}\n", roff(option->get_name(true)),
                         roff(described(*option)));
    }
  }
  out += ".SH OPTIONS\n";
  for (const CLI::Option* option : options_of(of)) {
    const std::vector<std::string> choices = choices_of(*option);
    const std::string value =
        !takes_value(*option) ? ""
        : choices.empty()     ? " \\fIVALUE\\fR"
                              : fmt::format(" \\fI{}\\fR", roff(fmt::format("{}", fmt::join(choices, "|"))));
    out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(fmt::format("{}", fmt::join(names_of(*option), ", "))),
                       value, roff(described(*option)));
  }
  out += roff_footer(of.get_footer());
  out += ".SH SEE ALSO\n";
  out += command == nullptr ? "docker(1)\n" : ".BR dcache (1)\n";
  return out;
}

int write_manuals(const CLI::App& app, const std::string& folder) {
  std::vector<const CLI::App*> pages = commands_of(app);
  pages.insert(pages.begin(), nullptr);
  for (const CLI::App* command : pages) {
    const std::string failure =
        text::write_file_atomically(fmt::format("{}/{}.1", folder, page_name(command)), manual(app, command));
    if (failure.empty()) continue;
    complain(failure);
    return kError;
  }
  return kOk;
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "Print what a shell needs to complete commands and options");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(
      "Examples:\n"
      "  source <(dcache completion bash)\n"
      "  dcache completion zsh > ~/.zfunc/_dcache\n"
      "  dcache completion fish > ~/.config/fish/completions/dcache.fish");
  command->callback([shell, &app, &action] {
    action = [shell, &app] {
      std::string out = *shell == "bash" ? bash(app) : *shell == "zsh" ? zsh(app) : fish(app);
      print_and_clear(out);
      return kOk;
    };
  });
}

// For the build, which installs the pages.
void add_manuals(CLI::App& app, Action& action) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("make-manuals", "Write manual pages into a folder")->group("");
  command->add_option("folder", *folder)->required();
  command->callback(
      [folder, &app, &action] { action = [folder, &app] { return write_manuals(app, *folder); }; });
}

}  // namespace dcache::cli
