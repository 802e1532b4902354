#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/project/unknown.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"
#include "rules/gain.h"
#include "rules/moving_results.h"
#include "rules/plain_commands.h"
#include "rules/secrets.h"
#include "rules/stages.h"
#include "rules/volatile.h"

namespace dcache::rules::DC1010 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;
using lint::Dockerfile;

constexpr size_t kFarthest = 1000;  // instructions that are looked at for a use

// Whether the name says that a new value is there to rebuild what is below.
bool is_meant_to_rebuild(std::string_view name) {
  const std::string lower = text::to_lower(name);
  return lower.find("bust") != std::string::npos || lower.find("cache") != std::string::npos;
}

// Why each new run of CI gives an argument another value, in words: "CI gives it ${{ github.sha }}". Empty if
// the definition of the image does not say so.
std::string reason_in_ci(Dockerfile& dockerfile, std::string_view name) {
  const project::Image* const image = dockerfile.image();
  if (image == nullptr) return {};
  const auto given = project::new_each_run(*image);
  const auto found = given.find(name);
  if (found == given.end()) return {};
  return fmt::format("CI gives it {}{}", found->second.is_whole ? "" : "a value with ", found->second.text);
}

// A variable of a stage that each build is given another value for.
struct VolatileVariable {
  std::string_view name;
  std::string reason;    // in words; empty if only its name tells
  bool is_copy = false;  // of another one that is
};

// The name of the only variable that an ARG or ENV sets with what the build is given; empty for none.
std::string_view given_name(const Instruction& instruction) {
  const bool one = instruction.keyword == Keyword::kArg
                       ? instruction.arguments.size() == 1
                       : instruction.keyword == Keyword::kEnv && instruction.arguments.size() == 2;
  if (!one) return {};
  const std::string_view name =
      instruction.arguments.front().text.substr(0, instruction.arguments.front().text.find('='));
  // ENV with a fixed value changes only with the file, and so does an ARG whose default is one.
  if (instruction.keyword == Keyword::kEnv &&
      instruction.arguments[1].text.find('$') == std::string_view::npos)
    return {};
  if (instruction.arguments.front().text.find_first_of("0123456789", name.size()) != std::string_view::npos)
    return {};
  return is_meant_to_rebuild(name) ? std::string_view() : name;
}

// Whether an instruction sets a variable again that gives `declared` its value: below it, that would be
// another value.
bool sets_again(Dockerfile& dockerfile, const Instruction& instruction, const Instruction& declared) {
  return std::ranges::any_of(
      variables_set_by(instruction, dockerfile.graph()),
      [&](const NamedVariable& variable) { return mentions(declared, variable.name); });
}

// Whether all that an instruction can read of the environment is what its text names. A script, a build tool
// or an install that runs packages' own scripts may read any variable.
bool has_known_reads(Dockerfile& dockerfile, const Instruction& instruction) {
  if (instruction.keyword == Keyword::kOnbuild) return false;
  if (instruction.keyword != Keyword::kRun) return true;
  const lint::Run& run = dockerfile.run_at(instruction);
  if (!run.posix_shell || run.commands.empty()) return false;
  return std::ranges::all_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    if (words.empty()) return true;
    const std::string_view program = shell::program_of(words);
    // `set`, `export -p` and the like list all variables.
    const bool lists = (program == "set" || program == "export") &&
                       (words.size() == 1 || words[1].text == "-p" || !command.redirections.empty());
    const auto names_environment = [](const shell::Word& word) {
      return word.text.find("/environ") != std::string_view::npos ||
             word.text.find("ENVIRON") != std::string_view::npos;
    };
    return is_plain_command(words) && !lists && std::ranges::none_of(words, names_environment);
  });
}

// Whether a command reads all variables that there are: `env > f`, `export -p`, `set`, `envsubst < t`.
bool reads_all(const shell::Command& command) {
  const std::span<const shell::Word> words = command.words;
  const auto has_only_options = [&] {
    return std::ranges::all_of(words.subspan(1),
                               [](const shell::Word& word) { return word.text.starts_with('-'); });
  };
  const std::string_view program = command.program();
  if (program == "env" || program == "printenv" || program == "envsubst")
    return command.assignments.empty() && has_only_options();
  if (program == "set") return words.size() == 1;
  if (program == "export" || program == "declare" || program == "typeset")
    return words.size() == 1 || (words.size() == 2 && (words[1].text == "-p" || words[1].text == "-x"));
  return std::ranges::any_of(words, [](const shell::Word& word) {
    return word.text.find("/self/environ") != std::string_view::npos;
  });
}

bool reads_all(Dockerfile& dockerfile, const Instruction& instruction) {
  return instruction.keyword == Keyword::kRun &&
         std::ranges::any_of(dockerfile.run_at(instruction).commands,
                             [](const shell::Command& command) { return reads_all(command); });
}

// Whether a RUN gives what may be another thing each time: it may be meant to rebuild with the variable.
bool renews(Dockerfile& dockerfile, const Instruction& instruction) {
  constexpr std::string_view kFetching[] = {"git", "curl", "wget"};
  if (instruction.keyword != Keyword::kRun) return false;
  const lint::Run& run = dockerfile.run_at(instruction);
  return has_moving_result(dockerfile, run) ||
         std::ranges::any_of(run.commands, [&](const shell::Command& command) {
           return std::ranges::find(kFetching, shell::program_of(shell::invocation(command))) !=
                  std::end(kFetching);
         });
}

// Why one of the instructions below a variable, down to where it is used, may need it; empty if none does.
// What is there for a LABEL or an ENV is not there to rebuild the next RUN.
std::string risk_of_move(Dockerfile& dockerfile, std::string_view name, std::span<const Instruction> passed,
                         const Instruction& user) {
  // Programs that do nothing with other variables read that one.
  if (name == kSourceDateEpoch) return "any program may read it for the times of the files that it writes";
  const bool is_for_metadata = user.keyword == Keyword::kLabel || user.keyword == Keyword::kEnv;
  if (!passed.empty() && passed.front().keyword == Keyword::kRun && !is_for_metadata)
    return fmt::format("it may be there to rebuild line {} with each new value", passed.front().start_line);
  for (const Instruction& one : passed) {
    if (!has_known_reads(dockerfile, one))
      return fmt::format("what line {} runs may read {} from its environment", one.start_line, name);
    if (renews(dockerfile, one))
      return fmt::format("it may be there to run line {} again with each new value", one.start_line);
  }
  return {};
}

// A comment above the line would be left behind, and be about another line then.
bool has_comment_above(const dockerfile::File& file, const Instruction& instruction) {
  return line_above(file, instruction).starts_with('#');
}

// Where instructions move to: above an instruction and its comment, or below it.
struct Destination {
  const Instruction* instruction = nullptr;
  bool is_below = false;
};

// Nothing if a comment above one of the instructions would be left behind.
std::optional<lint::Fix> move_down(const dockerfile::File& file, std::span<const Instruction* const> moved,
                                   const Destination& to) {
  if (std::ranges::any_of(moved, [&](const Instruction* one) { return has_comment_above(file, *one); }))
    return std::nullopt;
  lint::Fix fix;
  fix.description = fmt::format("move {} {} line {}", moved.size() == 1 ? "it" : "them",
                                to.is_below ? "below" : "above", to.instruction->start_line);
  std::string lines;
  for (const Instruction* one : moved) {
    const text::Span whole = lines_of(file, one->span);
    fix.removed.push_back(one->span.begin);
    fix.added.emplace_back(one->span.of(file.source()));
    fix.edits.push_back({whole, ""});
    if (to.is_below) lines += line_end(file);
    lines += to.is_below ? fix.added.back() : std::string(whole.of(file.source()));
  }
  const uint32_t at = to.is_below ? to.instruction->span.end
                                  : file.lines().line_span(line_with_comment(file, *to.instruction)).begin;
  fix.edits.push_back({{at, at}, std::move(lines)});
  return fix;
}

// The keys that a LABEL sets, as written.
std::vector<std::string_view> keys_of(const Instruction& label) {
  std::vector<std::string_view> keys;
  for (const dockerfile::Word& word : label.arguments)
    keys.push_back(unquoted(word.text.substr(0, word.text.find('='))));
  return keys;
}

// Whether a LABEL says the same below other instructions.
bool can_pass(Dockerfile& dockerfile, const Instruction& label, std::span<const Instruction> passed) {
  const std::vector<std::string_view> keys = keys_of(label);
  const auto is_open = [](std::string_view key) { return key.find('$') != std::string_view::npos; };
  return std::ranges::none_of(passed, [&](const Instruction& one) {
    const bool may_set_key =
        one.keyword == Keyword::kLabel &&
        (std::ranges::any_of(keys,
                             [&](std::string_view key) { return is_open(key) || mentions(one, key); }) ||
         std::ranges::any_of(keys_of(one), is_open));
    return may_set_key || sets_again(dockerfile, one, label);
  });
}

// Without what is below the last costly RUN.
std::span<const Instruction> up_to_last_costly(Dockerfile& dockerfile, std::span<const Instruction> rest) {
  while (!rest.empty() && !is_costly(dockerfile, rest.back()))
    rest = rest.first(rest.size() - 1);
  return rest;
}

// Moves a variable with the LABELs that name it below the last costly RUN of `rest`, which does not name it.
std::optional<lint::Fix> move_with_labels(Dockerfile& dockerfile, const Instruction& declared,
                                          std::string_view name, std::span<const Instruction> rest) {
  const std::span<const Instruction> passed = up_to_last_costly(dockerfile, rest);
  std::vector<const Instruction*> moved{&declared};
  for (const Instruction& one : passed) {
    if (sets_again(dockerfile, one, declared)) return std::nullopt;
    if (one.keyword != Keyword::kLabel || !mentions(one, name)) continue;
    if (!can_pass(dockerfile, one, passed.subspan(static_cast<size_t>(&one - passed.data()) + 1)))
      return std::nullopt;
    moved.push_back(&one);
  }
  auto fix = move_down(dockerfile.file(), moved, {.instruction = &passed.back(), .is_below = true});
  if (fix) fix->unsafe_because = risk_of_move(dockerfile, name, passed, *moved[1]);
  return fix;
}

// The lines of what may read any variable, in words: "line 5", "line 5, 6 or 9". Empty if nothing does.
std::string possible_readers(Dockerfile& dockerfile, std::span<const Instruction> rest) {
  constexpr size_t kMostNamed = 3;
  std::vector<std::string> lines;
  for (const Instruction& one : rest) {
    if (!has_known_reads(dockerfile, one)) lines.push_back(std::to_string(one.start_line));
    if (lines.size() > kMostNamed) break;
  }
  if (lines.empty()) return {};
  if (lines.size() > kMostNamed) lines.back() = "a later one";
  const std::string last = lines.back();
  lines.pop_back();
  return lines.empty() ? "line " + last : fmt::format("line {} or {}", fmt::join(lines, ", "), last);
}

std::string remedy_for(Dockerfile& dockerfile, const Instruction& declared, std::string_view name,
                       const Instruction& costly, std::span<const Instruction> rest,
                       std::span<const Instruction>::iterator user) {
  if (user != rest.end()) return fmt::format("move it down to line {}, where it is used", user->start_line);
  if (declared.keyword == Keyword::kArg && name == kSourceDateEpoch)
    return "remove it, or move it down to a step whose programs use it: BuildKit sets the times of the image "
           "without it";
  const std::string readers = possible_readers(dockerfile, rest);
  // What is in the environment of an image is there for anyone who runs it.
  const std::string_view unread =
      declared.keyword == Keyword::kEnv ? "move it to the end of the stage" : "remove it";
  if (readers.empty())
    return declared.keyword == Keyword::kEnv ? std::string(unread)
                                             : fmt::format("{}: nothing uses it", unread);
  if (readers == fmt::format("line {}", costly.start_line))
    return fmt::format("{}, unless what {} runs reads it from its environment", unread, readers);
  return fmt::format(
      "move it down to the first step that reads it from its environment (maybe {}), or {} if no step does",
      readers, unread);
}

// Whether a FROM of the stage, or of one that it starts from, takes its image from a variable that gives
// `declared` its value: a new value changes the base, and with it all steps.
bool decides_base(const std::vector<WrittenStage>& stages, const WrittenStage& stage,
                  const Instruction& declared, std::string_view name) {
  const WrittenStage* at = &stage;
  while (at != nullptr && at->from != nullptr) {
    std::string_view rest =
        at->from->arguments.empty() ? std::string_view() : at->from->arguments.front().text;
    for (size_t dollar = rest.find('$'); dollar != std::string_view::npos; dollar = rest.find('$')) {
      rest.remove_prefix(dollar + 1);
      const std::string_view text = rest.substr(rest.starts_with('{') ? 1 : 0);
      const auto is_name = [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      };
      const auto end = std::ranges::find_if_not(text, is_name);
      const std::string_view used = text.substr(0, static_cast<size_t>(end - text.begin()));
      if (!used.empty() && (used == name || mentions(declared, used))) return true;
    }
    at = at->base ? &stages[*at->base] : nullptr;
  }
  return false;
}

// Nothing for a variable that is not known to change. `above` are those of the lines above.
std::optional<VolatileVariable> changing(Dockerfile& dockerfile, const Instruction& declared,
                                         const std::vector<VolatileVariable>& above) {
  const std::string_view name = given_name(declared);
  if (name.empty()) return std::nullopt;
  VolatileVariable variable{.name = name, .reason = {}};
  if (declared.keyword == Keyword::kArg) variable.reason = reason_in_ci(dockerfile, name);
  const auto source = declared.joined.find('$') == std::string_view::npos
                          ? above.end()
                          : std::ranges::find_if(above, [&](const VolatileVariable& one) {
                              return one.name != name && mentions(declared, one.name);
                            });
  variable.is_copy = source != above.end();
  if (!variable.reason.empty() || is_volatile_name(name)) return variable;
  // Programs are found by one with such a name: the steps below need it.
  if (!variable.is_copy || name.ends_with("PATH")) return std::nullopt;
  variable.reason = fmt::format("it gets that of {}", source->name);
  return variable;
}

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  for (const WrittenStage& stage : stages) {
    if (stage.from == nullptr) continue;
    std::vector<VolatileVariable> above;
    for (size_t i = 0; i < stage.body.size(); ++i) {
      const Instruction& declared = stage.body[i];
      const auto variable = changing(dockerfile, declared, above);
      if (!variable) continue;
      above.push_back(*variable);
      const std::string_view name = variable->name;
      if (decides_base(stages, stage, declared, name)) continue;
      const auto rest = stage.body.subspan(i + 1, std::min(stage.body.size() - i - 1, kFarthest));
      const auto user = std::ranges::find_if(
          rest, [&](const Instruction& one) { return mentions(one, name) || reads_all(dockerfile, one); });
      // Right above a RUN it may be there to rebuild that one, if nothing else uses it. Who wants that copies
      // no value into the environment of the image.
      const bool is_above_run = !rest.empty() && rest.front().keyword == Keyword::kRun && !variable->is_copy;
      if (is_above_run && user == rest.end()) continue;
      // A LABEL makes no step: it can be moved with the variable.
      const auto reader = std::ranges::find_if(rest, [&](const Instruction& one) {
        return one.keyword != Keyword::kLabel && (mentions(one, name) || reads_all(dockerfile, one));
      });
      const auto costly = std::find_if(rest.begin(), reader,
                                       [&](const Instruction& one) { return is_costly(dockerfile, one); });
      if (costly == reader) continue;
      const bool is_for_label = user < reader && std::any_of(user, reader, [&](const Instruction& one) {
                                  return is_costly(dockerfile, one);
                                });
      const std::string reason = variable->reason.empty() ? "" : fmt::format(" ({})", variable->reason);
      lint::Diagnostic& diagnostic = reporter.report(
          declared.span,
          fmt::format("each new value of {}{} rebuilds the RUN in line {}, which does not name it", name,
                      reason, costly->start_line),
          is_for_label ? fmt::format("move it below line {}, with the LABEL in line {}",
                                     up_to_last_costly(dockerfile, {rest.begin(), reader}).back().start_line,
                                     user->start_line)
                       : remedy_for(dockerfile, declared, name, *costly, rest, user));
      if (is_for_label) {
        diagnostic.fix = move_with_labels(dockerfile, declared, name, {rest.begin(), reader});
      } else if (user != rest.end()) {
        const std::span<const Instruction> passed(rest.begin(), user);
        const bool keeps_value = std::ranges::none_of(
            passed, [&](const Instruction& one) { return sets_again(dockerfile, one, declared); });
        const Instruction* const moved[] = {&declared};
        if (keeps_value) diagnostic.fix = move_down(dockerfile.file(), moved, {.instruction = &*user});
        if (diagnostic.fix) diagnostic.fix->unsafe_because = risk_of_move(dockerfile, name, passed, *user);
      }
      if (!diagnostic.fix) continue;
      auto gain = gain_for_argument(dockerfile, *diagnostic.fix, name);
      if (gain && gain->rebuilds_after < gain->rebuilds) diagnostic.impact = std::move(gain);
    }
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#impact-on-build-caching"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC1010",
      .name = "volatile-arg-early",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kDcache,
      .fix = lint::FixKind::kSafe,
      .summary =
          "A build argument that changes with every build is declared before steps that do not "
          "use it",
      .rationale =
          "Every ARG and ENV above a RUN in its stage is part of the environment of the RUN, and so of "
          "its cache key, even if the command does not use it. A commit hash or a date that is declared "
          "at the top rebuilds all RUNs below it in every build. Declare it right above the first step "
          "that uses it: then only the steps below it rebuild. An argument that the FROM of the stage "
          "uses as well is not reported. Which arguments change is told by their names, and by what a "
          "workflow or "
          "`.gitlab-ci.yml` gives them (`github.sha`, `$CI_PIPELINE_ID`). An ENV or ARG that gets the value "
          "of such "
          "an argument changes with it. `SOURCE_DATE_EPOCH` is such an "
          "argument: BuildKit gives it to the "
          "times of the image without ARG, and `rewrite-timestamp=true` of the exporter to the files.",
      .fix_note =
          "Moves the line down to the first instruction that names it. LABELs make no step: one that names "
          "the variable moves with it, below the last costly RUN that does not. The fix is unsafe if the "
          "line "
          "moves below a RUN that may read the variable without naming it (a script, a build tool, or an "
          "install that runs scripts of packages), or below a RUN that may be there to be done again each "
          "time (a download, an upgrade of packages, `date`). There is no "
          "fix if a comment is above a line that moves, or if a line between sets a variable again that the "
          "value names, or a key of the LABEL.\n\nAn argument right above a RUN may be "
          "there to rebuild it. If no later instruction names the argument, it is not reported; if one does, "
          "the fix is unsafe. A name such as `CACHE_BUST` is never reported.",
      .bad = {"FROM node:22\n"
              "ARG GIT_SHA\n"
              "WORKDIR /app\n"
              "COPY package.json ./\n"
              "RUN npm install\n"
              "RUN echo $GIT_SHA > version\n"},
      .good = {"FROM node:22\n"
               "WORKDIR /app\n"
               "COPY package.json ./\n"
               "RUN npm install\n"
               "ARG GIT_SHA\n"
               "RUN echo $GIT_SHA > version\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC1010
