// What shells and `man` know of the program, made of the definitions of its options.
#include <algorithm>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <tl/expected.hpp>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/disk.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/text/unicode.h"
#include "dcache/text/write_file.h"
#include "dcache/version.h"

namespace dcache::cli {
namespace {

// Those for users.
std::vector<const Command*> listed(const std::vector<Command>& commands) {
  std::vector<const Command*> all;
  for (const Command& command : commands) {
    if (!command.hidden) all.push_back(&command);
  }
  return all;
}

// Those with dashes; the program's own belong to each command too.
std::vector<const Option*> options_of(const Command& command) {
  std::vector<const Option*> options;
  for (const Command* owner : {&command, &program()}) {
    for (const Option& option : owner->options()) {
      if (!option.is_argument()) options.push_back(&option);
    }
    if (owner == &program()) break;
  }
  return options;
}

std::vector<const Option*> arguments_of(const Command& command) {
  std::vector<const Option*> arguments;
  for (const Option& option : command.options()) {
    if (option.is_argument()) arguments.push_back(&option);
  }
  return arguments;
}

// The name of a manual page.
std::string page_name(const Command& command) {
  return &command == &program() ? command.name : "dcache-" + command.name;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// The codes that options and arguments take.
std::string rule_codes() {
  std::vector<std::string> codes;
  for (const std::span<const lint::Rule> rules : {lint::catalogue(), lint::pseudo_rules()}) {
    for (const lint::Rule& rule : rules)
      codes.emplace_back(rule.code);
  }
  return joined(codes);
}

// What prints the names that there are now; empty if they are known.
std::string_view names_printed_by(const Option& option) {
  if (option.names_of == Option::Names::kImages) return "complete-names images 2>/dev/null";
  if (option.names_of == Option::Names::kStages) return "complete-names stages 2>/dev/null";
  return "";
}

// Whether a value is a code and something else: DC1001=info.
bool is_pair_of_rule(const Option& option) {
  return option.names_of == Option::Names::kRules && option.value.find('=') != std::string::npos;
}

// The assignment of the words that a value can be; empty if these are files.
std::string words_in_bash(const Option& option) {
  std::string words;
  if (option.names_of == Option::Names::kRules) {
    words = "words=$rules";
  } else if (const std::string_view printed = names_printed_by(option); !printed.empty()) {
    words = fmt::format("words=$(\"${{COMP_WORDS[0]}}\" {})", printed);
  } else if (!option.choices.empty()) {
    words = fmt::format("words='{}'", joined(option.choices));
  } else {
    return "";
  }
  return words + (option.separator != 0 ? " list=1" : "");
}

std::string bash(const std::vector<Command>& all) {
  std::string commands, cases;
  for (const Command* command : listed(all)) {
    commands += (commands.empty() ? "" : " ") + command->name;
    std::string options, values;
    for (const Option* option : options_of(*command)) {
      const std::vector<std::string>& names = option->names;
      options += (options.empty() ? "" : " ") + joined(names);
      const std::string words = words_in_bash(*option);
      if (!words.empty()) values += fmt::format("        {}) {} ;;\n", fmt::join(names, "|"), words);
    }
    for (const Option* argument : arguments_of(*command)) {
      const std::string words = words_in_bash(*argument);
      if (!words.empty()) values += fmt::format("        *) [[ $word == -* ]] || {} ;;\n", words);
    }
    cases += fmt::format("    {})\n      options='{}'\n      case $before in\n{}      esac\n      ;;\n",
                         command->name, options, values);
  }
  return fmt::format(
      R"(# bash completion of dcache: source it, or put it into ~/.local/share/bash-completion/completions/dcache
_dcache() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words='' options='' list='' known=''
  local rules='{rules}'
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
  # Of a list the last word is completed.
  [[ -n $list && $word == *,* ]] && known=${{word%,*}},
  [[ -n $words ]] && mapfile -t COMPREPLY < <(compgen -P "$known" -W "$words" -- "${{word#"$known"}}")
}}
complete -o bashdefault -o default -F _dcache dcache
)",
      fmt::arg("commands", commands), fmt::arg("cases", cases), fmt::arg("rules", rule_codes()));
}

// What completes a value: an action of _arguments.
std::string action_in_zsh(const Option& option) {
  if (is_pair_of_rule(option)) return "compadd -S = -a rules";
  const std::string_view printed = names_printed_by(option);
  std::string words;
  if (option.names_of == Option::Names::kRules) {
    words = "$rules";
  } else if (!printed.empty()) {
    words = fmt::format("${{(f)\"$(dcache {})\"}}", printed);
  } else {
    return option.choices.empty() ? "_files" : fmt::format("({})", joined(option.choices));
  }
  return fmt::format("{}compadd - {}", option.separator != 0 ? "_sequence " : "", words);
}

std::string zsh(const std::vector<Command>& all) {
  const auto quoted = [](std::string text) {
    for (const char* special : {"\\", "[", "]", ":"})
      text = replaced(std::move(text), special, std::string("\\") + special);
    return replaced(std::move(text), "'", "'\\''");
  };
  std::string commands, cases;
  for (const Command* command : listed(all)) {
    commands += fmt::format("    '{}:{}'\n", command->name, quoted(command->summary));
    std::string specs;
    for (const Option* option : options_of(*command)) {
      const std::string value = option->takes_value() ? ":value:" + action_in_zsh(*option) : "";
      for (const std::string& name : option->names) {
        const bool equals = name.starts_with("--") && !value.empty();
        specs +=
            fmt::format(" \\\n        '*{}{}[{}]{}'", name, equals ? "=" : "", quoted(option->help), value);
      }
    }
    const std::vector<const Option*> arguments = arguments_of(*command);
    const std::string action = arguments.empty() ? "_files" : action_in_zsh(*arguments.front());
    cases += fmt::format("    {})\n      _arguments{} \\\n        '*:value:{}' ;;\n", command->name, specs,
                         action);
  }
  return fmt::format(R"(#compdef dcache
# zsh completion of dcache: put it as _dcache into a folder of $fpath
_dcache() {{
  local -a commands rules
  rules=({})
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
                     rule_codes(), commands, cases);
}

// The words that a value can be, for -a; empty if these are files.
std::string words_in_fish(const Option& option) {
  std::string words;
  if (option.names_of == Option::Names::kRules) {
    words = "(__dcache_rules)";
  } else if (const std::string_view printed = names_printed_by(option); !printed.empty()) {
    words = fmt::format("(dcache {})", printed);
  } else {
    return joined(option.choices);
  }
  if (is_pair_of_rule(option)) return words + "=";
  return option.separator != 0 ? fmt::format("(__fish_append , {})", words) : words;
}

std::string fish(const std::vector<Command>& all) {
  const auto quoted = [](std::string text) {
    return "'" + replaced(replaced(std::move(text), "\\", "\\\\"), "'", "\\'") + "'";
  };
  std::string out = fmt::format(
      "# fish completion of dcache: put it as dcache.fish into ~/.config/fish/completions\n"
      "function __dcache_rules\n    printf '%s\\n' {}\nend\n",
      rule_codes());
  for (const Command* command : listed(all)) {
    out += fmt::format("complete -c dcache -n __fish_use_subcommand -f -a {} -d {}\n", command->name,
                       quoted(command->summary));
    const std::string of_command =
        fmt::format("complete -c dcache -n '__fish_seen_subcommand_from {}'", command->name);
    for (const Option* option : options_of(*command)) {
      out += of_command;
      for (const std::string& name : option->names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      const std::string words = words_in_fish(*option);
      if (option->takes_value()) out += words.empty() ? " -r" : fmt::format(" -x -a {}", quoted(words));
      out += fmt::format(" -d {}\n", quoted(option->help));
    }
    for (const Option* argument : arguments_of(*command)) {
      const std::string words = words_in_fish(*argument);
      if (!words.empty()) out += fmt::format("{} -f -a {}\n", of_command, quoted(words));
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

std::string roff_section(std::string_view title, const std::string& text, bool lines) {
  if (text.empty()) return "";
  return fmt::format(".SH {}\n{}{}\n{}", title, lines ? ".nf\n" : "", roff(text), lines ? ".fi\n" : "");
}

std::string manual(const Command& command, const std::vector<Command>& all) {
  const std::string name = page_name(command);
  const bool of_program = &command == &program();
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(), text::ascii_upper);
  std::string out =
      fmt::format(".TH {} 1 \"\" \"dcache {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", upper,
                  DCACHE_VERSION, roff(name), roff(command.summary));
  if (of_program) {
    out += ".B dcache\n.I COMMAND\n[\\fIOPTION\\fR...]\n.SH COMMANDS\n";
    for (const Command* one : listed(all)) {
      out += fmt::format(".TP\n\\fBdcache\\-{}\\fR(1)\n{}\n", one->name, roff(one->summary));
    }
  } else {
    out += fmt::format(".B dcache {}\n[\\fIOPTION\\fR...]", command.name);
    for (const Option* option : arguments_of(command)) {
      const std::string more = option->repeats ? "..." : "";
      out += option->required ? fmt::format(" \\fI{}\\fR{}", roff(option->names.front()), more)
                              : fmt::format(" [\\fI{}\\fR{}]", roff(option->names.front()), more);
    }
    out += "\n";
    for (const Option* option : arguments_of(command)) {
      out += fmt::format(".SH ARGUMENTS\n.TP\n\\fI{}\\fR\n{}\n", roff(option->names.front()),
                         roff(option->help));
    }
  }
  out += ".SH OPTIONS\n";
  for (const Option* option : options_of(command)) {
    const std::string value =
        option->value.empty() ? fmt::format("{}", fmt::join(option->choices, "|")) : option->value;
    out +=
        fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(fmt::format("{}", fmt::join(option->names, ", "))),
                    option->takes_value() ? fmt::format(" \\fI{}\\fR", roff(value)) : "", roff(option->help));
  }
  out += roff_section("NOTES", wrapped(command.notes), true);
  out += roff_section("EXAMPLES", command.examples, true);
  out += roff_section("EXIT STATUS", command.exit_status, false);
  out += ".SH SEE ALSO\n";
  out += of_program ? "docker(1)\n" : ".BR dcache (1)\n";
  return out;
}

int write_manuals(const std::string& folder) {
  const std::vector<Command> all = all_commands();
  std::vector<const Command*> pages = listed(all);
  pages.insert(pages.begin(), &program());
  for (const Command* command : pages) {
    const std::string failure =
        text::write_file(fmt::format("{}/{}.1", folder, page_name(*command)), manual(*command, all));
    if (failure.empty()) continue;
    complain(failure);
    return kError;
  }
  return kOk;
}

// Whether a shell takes a name as it is: bash expands the words that it completes.
bool is_plain(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/:@+").find(c) != std::string_view::npos;
  });
}

// The names of the images and groups of the repository, or of the stages in their Dockerfiles.
int print_names(bool stages) {
  bool failed = false;
  const auto project = read_images({}, failed, nullptr, {}, false);
  if (!project) return kError;
  std::set<std::string> names;
  for (const project::Image& image : project->images) {
    if (!stages) {
      names.insert(image.target.name);
      continue;
    }
    const auto& inlined = image.build.dockerfile_text;
    const auto text = inlined ? tl::expected<std::string, std::string>(*inlined)
                              : context::disk()->read(image.build.dockerfile);
    if (!text) continue;
    const dockerfile::File file = dockerfile::parse(*text);
    for (const dockerfile::Instruction& one : file.instructions()) {
      if (one.keyword == dockerfile::Keyword::kFrom && one.arguments.size() == 3)
        names.emplace(one.arguments.back().text);
    }
  }
  for (const project::Group& group : project->groups) {
    if (!stages) names.insert(group.name);
  }
  std::string out;
  for (const std::string& name : names) {
    if (is_plain(name)) out += name + '\n';
  }
  print_and_clear(out);
  return kOk;
}

}  // namespace

Command completion_command() {
  auto shell = std::make_shared<std::string>();
  Command command("completion", "Print the completion script for a shell");
  Option& name = command.text("SHELL", "", *shell, "Shell to print the script for: bash, zsh or fish");
  name.kind = Option::Kind::kArgument;
  name.choices = {"bash", "zsh", "fish"};
  name.required = true;
  command.examples =
      "  source <(dcache completion bash)\n"
      "  dcache completion zsh > ~/.zfunc/_dcache\n"
      "  dcache completion fish > ~/.config/fish/completions/dcache.fish";
  command.run = [shell] {
    const std::vector<Command> all = all_commands();
    std::string out = *shell == "bash" ? bash(all) : *shell == "zsh" ? zsh(all) : fish(all);
    print_and_clear(out);
    return kOk;
  };
  return command;
}

// For the scripts of completion_command().
Command complete_names_command() {
  auto kind = std::make_shared<std::string>();
  Command command("complete-names", "Print the names that a shell completes");
  Option& argument = command.text("KIND", "", *kind, "What to name: images or stages");
  argument.kind = Option::Kind::kArgument;
  argument.choices = {"images", "stages"};
  argument.required = true;
  command.hidden = true;
  command.run = [kind] { return print_names(*kind == "stages"); };
  return command;
}

// For the build, which installs the pages.
Command manuals_command() {
  auto folder = std::make_shared<std::string>();
  Command command("make-manuals", "Write manual pages to a folder");
  Option& argument = command.text("DIR", "", *folder, "Folder to write to");
  argument.kind = Option::Kind::kArgument;
  argument.required = true;
  command.hidden = true;
  command.run = [folder] { return write_manuals(*folder); };
  return command;
}

}  // namespace dcache::cli
