#include "rules/passage.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/named_installs.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using lint::Dockerfile;
using lint::Run;
using plan::Step;
using shell::Command;
using shell::Connector;
using WordsOfCommand = std::span<const shell::Word>;

bool is_apart(std::string_view path, std::string_view folder) {
  return !text::is_within(path, folder) && !text::is_within(folder, path);
}

// Judges the commands of a RUN by what they may read and write.
class OutsideCommands {
 public:
  OutsideCommands(Dockerfile& dockerfile, const Run& run, std::string_view folder)
      : dockerfile_(dockerfile), run_(run), step_(dockerfile.graph().steps[*run.step]), folder_(folder) {}

  // Whether all of them only change settings of a user or the system, install tools by name for all projects,
  // or make empty files.
  bool only_settings() const {
    constexpr auto kSilent = std::to_array<std::string_view>({"set", "true", ":", "echo", "printf"});
    constexpr auto kInstalling = std::to_array<std::string_view>({"gem", "mix", "rustup", "corepack"});
    const auto is_harmless = [&](const Command& command) {
      const auto words = shell::invocation(command);
      const std::string_view program = shell::program_of(words);
      const bool of_project =
          !shell::has_word(words, "safe.directory") &&
          std::ranges::any_of(words, [&](const shell::Word& word) { return may_name_file(word); });
      return command.redirections.empty() &&
             (words.empty() || text::is_one_of(program, kSilent) || makes_empty_file(words) ||
              (is_setting(words) && !of_project && !text::is_one_of(program, kInstalling)) ||
              (is_global_tool(command, words) && !of_project));
    };
    return run_.shell_form && run_.posix_shell && std::ranges::all_of(run_.commands, is_harmless);
  }

  // Whether a word of a setting may be about files of the project, which its COPY brings: a path, or the name
  // of one of them.
  bool may_name_file(const shell::Word& word) const {
    if (!word.literal || word.text.find("location") != std::string_view::npos) return true;
    std::string_view value = word.text.substr(word.text.rfind('=') + 1);
    if (value.starts_with("https://") || value.starts_with("http://")) return false;
    const bool is_path = value.find('/') != std::string_view::npos;
    const lint::BuildContext* context = dockerfile_.build_context();
    return is_path || (!value.empty() && (context == nullptr || !context->called(value).empty()));
  }

  // Whether all of them are known to leave the folder alone.
  bool all() const {
    return run_.shell_form && run_.posix_shell &&
           std::ranges::all_of(run_.commands, [&](const Command& command) { return is_outside(command); });
  }

 private:
  bool is_outside(const Command& command) const {
    const auto words = shell::invocation(command);
    const bool writes_elsewhere =
        std::ranges::all_of(command.redirections, [&](const shell::Redirection& redirection) {
          return redirection.op.ends_with('&') || is_place_outside(redirection.target.text);
        });
    if (!writes_elsewhere) return false;
    if (words.empty()) return true;
    if (const Use* use = use_by(dockerfile_, run_, command)) return names_all_it_installs(*use);
    if (shell::inner_script(words)) return true;  // its commands come next
    return is_about_the_system(words) || is_setting(words) || makes_empty_file(words) ||
           names_places_outside(words) || is_download(words) || is_script_from_network(command, words);
  }

  // Programs whose words do not name files of the folder that the RUN works in.
  static bool is_about_the_system(WordsOfCommand words) {
    constexpr auto kPrograms = std::to_array<std::string_view>({"apt-get",
                                                                "apt",
                                                                "apt-key",
                                                                "apk",
                                                                "dnf",
                                                                "microdnf",
                                                                "yum",
                                                                "zypper",
                                                                "pacman",
                                                                "set",
                                                                "true",
                                                                ":",
                                                                "echo",
                                                                "printf",
                                                                "export",
                                                                "sleep",
                                                                "useradd",
                                                                "adduser",
                                                                "groupadd",
                                                                "addgroup",
                                                                "usermod",
                                                                "ldconfig",
                                                                "update-ca-certificates",
                                                                "locale-gen",
                                                                "docker-php-ext-install",
                                                                "docker-php-ext-enable",
                                                                "docker-php-ext-configure",
                                                                "pecl",
                                                                "a2enmod",
                                                                "a2dismod",
                                                                "add-apt-repository"});
    if (!text::is_one_of(shell::program_of(words), kPrograms)) return false;
    const bool is_manager = shell::has_word(words, "install") || shell::has_word(words, "add");
    return !is_manager || std::ranges::none_of(words.subspan(1), [](const shell::Word& word) {
      return word.text.starts_with('.') || word.text.starts_with('/') ||
             word.text.find("$(") != std::string_view::npos || word.text.ends_with(".deb") ||
             word.text.ends_with(".rpm") || word.text.ends_with(".apk");
    });
  }

  // Settings of the user or the system.
  bool is_setting(WordsOfCommand words) const {
    const std::string_view program = shell::program_of(words);
    const auto has = [&](std::string_view word) { return shell::has_word(words, word); };
    const bool names_version = std::ranges::any_of(
        words, [](const shell::Word& word) { return word.text.find('@') != std::string_view::npos; });
    if (program == "corepack") return has("enable") || (has("prepare") && names_version);
    if (program == "npm" || program == "pip" || program == "pip3") return has("config") && has("set");
    if (program == "go") return has("env") && has("-w");
    if (program == "git") return has("config") && (has("--global") || has("--system"));
    // A setting of the project is in a file that the COPY may bring.
    if (program == "bundle" || program == "bundler")
      return has("config") && (has("--global") || !has_bundle_settings());
    if (program == "poetry") return has("config") && !has("--local");
    if (program == "composer") return has("config") && (has("-g") || has("--global"));
    if (program == "mix") return has("local.hex") || has("local.rebar");
    if (program == "rustup") return has("default") || has("install");
    if (program == "gem") {
      return has("install") && std::ranges::none_of(words, [](const shell::Word& word) {
               return word.text.ends_with(".gem") || word.text == "-g" || word.text == "--file";
             });
    }
    return false;
  }

  // Corepack's links, npm's global packages and gems do not depend on the project.
  // Source: https://github.com/nodejs/corepack#utility-commands,
  // https://docs.npmjs.com/cli/configuring-npm/npmrc
  // ("Project config file … is not read when running in global mode"),
  // https://guides.rubygems.org/command-reference/#gem-install
  bool is_global_tool(const Command& command, WordsOfCommand words) const {
    if (!is_apart("/usr/local", folder_)) return false;
    const std::string_view program = shell::program_of(words);
    if (program == "corepack") return words.size() == 2 && words[1].text == "enable";
    if (program == "gem") return is_setting(words);
    if (program != "npm") return false;
    const Use* const use = use_by(dockerfile_, run_, command);
    return use != nullptr && names_all_it_installs(*use) &&
           (shell::has_word(words, "-g") || shell::has_word(words, "--global"));
  }

  bool has_bundle_settings() const {
    const lint::BuildContext* context = dockerfile_.build_context();
    return context == nullptr || !context->called(".bundle").empty();
  }

  // `touch .env`: with the COPY below it the file has the same content.
  static bool makes_empty_file(WordsOfCommand words) {
    return shell::program_of(words) == "touch" && words.size() > 1 &&
           std::ranges::all_of(words.subspan(1), [](const shell::Word& word) {
             return word.literal && !word.text.starts_with('-') &&
                    word.text.find_first_of("/*?[{") == std::string_view::npos;
           });
  }

  bool names_places_outside(WordsOfCommand words) const {
    constexpr auto kPrograms = std::to_array<std::string_view>(
        {"mkdir",   "rm",  "ln",  "tar",   "unzip", "chmod", "chown", "chgrp", "cp",  "mv",
         "install", "gpg", "tee", "touch", "test",  "[",     "ls",    "cat",   "sed", "git"});
    // The first operand of these is none.
    constexpr auto kAfterOne = std::to_array<std::string_view>({"chmod", "chown", "chgrp", "sed", "git"});
    const std::string_view program = shell::program_of(words);
    if (!text::is_one_of(program, kPrograms)) return false;
    if (program == "git" && !shell::has_word(words, "clone")) return false;
    // `tar xf` too, but not `tar -xf`.
    const bool letters = program == "tar" && words.size() > 1 && !words[1].text.starts_with('-');
    bool first = letters || text::is_one_of(program, kAfterOne);
    bool any = false;
    for (const shell::Word& word : words.subspan(1)) {
      const bool option = word.text.starts_with('-');
      const size_t slash = word.text.find('/');
      if (program == "[" && word.text == "]") continue;
      if (option && slash == std::string_view::npos) continue;
      if (!option && std::exchange(first, false)) continue;
      if (word.text.find("://") != std::string_view::npos) continue;
      if (!is_place_outside(option ? word.text.substr(slash) : word.text)) return false;
      any = true;
    }
    return any;
  }

  // Of curl and wget, to a place outside or to the output.
  bool is_download(WordsOfCommand words) const {
    const std::string_view program = shell::program_of(words);
    if (program != "curl" && program != "wget") return false;
    constexpr auto kReading = std::to_array<std::string_view>(
        {"-T", "-K", "-E", "-F", "--cert", "--cacert", "--key", "--upload-file", "--config", "-i",
         "--input-file", "--remote-name", "--remote-name-all"});
    const char named = program == "curl" ? 'o' : 'O';
    bool has_place = program == "curl";
    for (size_t i = 1; i < words.size(); ++i) {
      const std::string_view word = words[i].text;
      if (word.starts_with('@') || text::is_one_of(word, kReading)) return false;
      const bool letters = word.starts_with('-') && !word.starts_with("--");
      if (letters && program == "curl" && word.find('O') != std::string_view::npos) return false;
      if (letters && word.ends_with("O-") && program == "wget") has_place = true;
      const bool long_name = word == "--output" || word == "--output-document";
      if (!long_name && !(letters && word.ends_with(named))) continue;
      if (++i == words.size()) return false;
      if (words[i].text != "-" && !is_place_outside(words[i].text)) return false;
      has_place = true;
    }
    return has_place;
  }

  // `curl https://… | sh -s -- -y`
  bool is_script_from_network(const Command& command, WordsOfCommand words) const {
    const std::string_view program = shell::program_of(words);
    if (&command == run_.commands.data() || command.connector != Connector::kPipe) return false;
    const std::string_view source = shell::program_of(shell::invocation(*(&command - 1)));
    const bool is_shell = program == "sh" || program == "bash" || program == "python3" || program == "php";
    return is_shell && (source == "curl" || source == "wget") &&
           std::ranges::all_of(words.subspan(1), [&](const shell::Word& word) {
             return word.text.starts_with('-') || shell::has_word(words, "-s") ||
                    shell::has_word(words, "--");
           });
  }

  bool is_place_outside(std::string_view word) const {
    const auto path = path_in(word, step_);
    return path && is_apart(*path, folder_);
  }

  Dockerfile& dockerfile_;
  const Run& run_;
  const Step& step_;
  std::string_view folder_;
};

// The instructions between that are there to set something for what follows.
bool has_settings_between(const Dockerfile& dockerfile, const BroadCopy& copy, const Run& run,
                          std::initializer_list<Keyword> keywords) {
  return std::ranges::any_of(dockerfile.file().instructions(), [&](const Instruction& one) {
    return one.start_line > copy.step->instruction->start_line &&
           one.start_line < run.instruction->start_line &&
           std::ranges::find(keywords, one.keyword) != keywords.end();
  });
}

// Whether a COPY goes to the same place whatever the base image and the build arguments say.
bool has_known_destination(const plan::Graph& graph, const Step& copy) {
  if (copy.instruction->arguments.back().text.starts_with('/')) return true;
  bool is_known = false;
  for (const size_t index : graph.stages[copy.stage].steps) {
    const Step& step = graph.steps[index];
    if (&step > &copy || step.kind != Step::Kind::kWorkdir) continue;
    if (step.instruction->joined.find('$') != std::string_view::npos) return false;
    is_known = is_known || step.instruction->arguments.front().text.starts_with('/');
  }
  return is_known;
}

std::vector<const Step*> steps_between(const plan::Graph& graph, const BroadCopy& copy, const Run& run) {
  std::vector<const Step*> found;
  for (const size_t index : graph.stages[copy.step->stage].steps) {
    const Step& step = graph.steps[index];
    if (&step > copy.step && index < *run.step) found.push_back(&step);
  }
  return found;
}

// `chmod +x` of those files that are copied; nothing if it can't be written for them alone, empty if there
// are none.
std::optional<std::string> chmod_of_copied(const Command& command, const CopiedFiles& copied) {
  std::vector<std::string_view> kept;
  std::string mode;
  for (const shell::Word& word : WordsOfCommand(command.words).subspan(1)) {
    if (!word.literal) return std::nullopt;
    if (word.text.starts_with('-') && mode.empty() && word.text.size() > 1 && word.text[1] == 'R')
      return std::nullopt;
    if (mode.empty()) {
      mode = word.spelling;
      continue;
    }
    const std::string path = text::join_path(copied.folder, word.text).substr(1);
    if (std::ranges::find(copied.paths, path) != copied.paths.end()) kept.push_back(word.spelling);
  }
  if (kept.empty()) return std::string();
  return fmt::format("chmod {} {}", mode, fmt::join(kept, " "));
}

// What a command before a download says of it: something to do first too, nothing to do (empty), or that it
// is not known.
std::optional<std::string> preparation(const Command& command, const Use& use, const CopiedFiles& copied,
                                       bool same_shell) {
  constexpr auto kHarmless = std::to_array<std::string_view>({"set", "mkdir", "echo", "printf", "ls", "pwd",
                                                              "true", ":", "date", "env", "test", "[", "[[",
                                                              "rm", "touch", "git", "cat", "uname", "chown"});
  const auto words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  if (program == "chmod") return chmod_of_copied(command, copied);
  if (program == "cd" || program == "export") {
    if (!same_shell) return std::string();
    const bool runs_more = std::ranges::any_of(words, [](const shell::Word& word) {
      return word.text.find("$(") != std::string_view::npos || word.text.find('`') != std::string_view::npos;
    });
    if (program == "cd" && runs_more) return std::nullopt;
    return runs_more ? std::string() : std::string(command.spelling);
  }
  if (words.empty() || calls(*use.manager, command) || text::is_one_of(program, kHarmless))
    return std::string();
  return std::nullopt;
}

bool add_preparations(std::span<const Command> commands, const Use& use, const CopiedFiles& copied,
                      bool same_shell, std::vector<std::string>& found) {
  for (const Command& command : commands) {
    const auto one = preparation(command, use, copied, same_shell);
    const bool inside = command.depth != 0 || command.quoted;
    const bool tied = command.connector == Connector::kOr || command.connector == Connector::kPipe;
    if (!one || (!one->empty() && (inside || tied || !command.redirections.empty()))) return false;
    if (!one->empty() && one->find('\n') != std::string::npos) return false;
    if (!one->empty() && std::ranges::find(found, *one) == found.end()) found.push_back(*one);
  }
  return true;
}

}  // namespace

Passage passage_down(Dockerfile& dockerfile, const BroadCopy& copy, const Run& run) {
  const Step& moved = *copy.step;
  const Instruction& instruction = *moved.instruction;
  const std::vector<const Step*> between = steps_between(dockerfile.graph(), copy, run);
  if (instruction.joined.find('$') != std::string_view::npos) {
    // What sets a variable in between makes no step.
    return between.empty() && !has_settings_between(dockerfile, copy, run, {Keyword::kEnv, Keyword::kArg})
               ? Passage::kFree
               : Passage::kNone;
  }
  Passage passage = Passage::kFree;
  for (const Step* step : between) {
    if (step->kind == Step::Kind::kMetadata) continue;
    if (step->kind == Step::Kind::kWorkdir) {
      if (copy.source->path != "/" || !has_known_destination(dockerfile.graph(), moved))
        return Passage::kNone;
      continue;
    }
    if (step->kind == Step::Kind::kRun) {
      const Run& one = dockerfile.run_of(static_cast<size_t>(step - dockerfile.graph().steps.data()));
      const OutsideCommands commands(dockerfile, one, moved.destination);
      if (commands.only_settings()) continue;
      if (!commands.all()) return Passage::kNone;
    } else if (step->kind != Step::Kind::kCopy || !is_apart(step->destination, moved.destination)) {
      return Passage::kNone;
    }
    passage = Passage::kOutside;
  }
  return passage;
}

std::optional<std::vector<std::string>> preparations_in(const Run& run, const Use& use,
                                                        const CopiedFiles& copied) {
  const auto before = static_cast<size_t>(use.command - run.commands.data());
  std::vector<std::string> found;
  if (!add_preparations(std::span(run.commands).first(before), use, copied, true, found)) return std::nullopt;
  return found;
}

std::optional<std::vector<std::string>> preparations_between(Dockerfile& dockerfile, const BroadCopy& copy,
                                                             const Run& run, const Use& use,
                                                             const CopiedFiles& copied) {
  if (has_settings_between(
          dockerfile, copy, run,
          {Keyword::kEnv, Keyword::kArg, Keyword::kUser, Keyword::kShell, Keyword::kWorkdir}))
    return std::nullopt;
  std::vector<std::string> found;
  for (const Step* step : steps_between(dockerfile.graph(), copy, run)) {
    if (step->kind != Step::Kind::kRun) return std::nullopt;
    const Run& one = dockerfile.run_of(static_cast<size_t>(step - dockerfile.graph().steps.data()));
    if (!one.posix_shell || !add_preparations(one.commands, use, copied, false, found)) return std::nullopt;
  }
  return found;
}

}  // namespace dcache::rules
