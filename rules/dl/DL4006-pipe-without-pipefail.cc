#include <algorithm>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

bool knows_pipefail(std::string_view shell) {
  constexpr std::string_view kShells[] = {"bash", "zsh", "ash", "ksh"};
  return std::ranges::find(kShells, text::base_name(shell)) != std::end(kShells);
}

// Set by SHELL, or by `set -o pipefail` in the script.
bool has_pipefail(const lint::Run& run) {
  if (run.shell != nullptr && !run.shell->arguments.empty()) {
    const auto words = run.shell->arguments;
    const bool set = std::ranges::any_of(words, [](const dockerfile::Word& word) {
      return word.text.find("pipefail") != std::string_view::npos;
    });
    if (set && knows_pipefail(words.front().text)) return true;
  }
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return command.program() == "set" && shell::has_word(command.words, "pipefail");
  });
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const lint::Run& run : subject.runs()) {
    const auto piped = std::ranges::find_if(run.commands, [](const shell::Command& command) {
      return command.connector == shell::Connector::kPipe && !command.quoted;
    });
    if (piped == run.commands.end() || run.onbuild || has_pipefail(run)) continue;
    report_part(run, piped->spelling, reporter,
                {"if what stands in front of the pipe fails, the step still succeeds, and is cached",
                 "put SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"] above it"});
  }
}

}  // namespace

lint::Rule DL4006() {
  return {.code = "DL4006",
          .name = "pipe-without-pipefail",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A RUN with a pipe does not notice that its first part fails",
          .rationale =
              "A shell takes the result of a pipe from its last command: `wget … | tar x` succeeds when the "
              "download breaks off after the first bytes tar can read, and the broken layer is cached. With "
              "`pipefail` the pipe fails with any of its parts; the plain `/bin/sh` of Debian does not know "
              "it, so SHELL names bash.",
          .bad = {"FROM debian:12\n"
                  "RUN wget -qO- https://example.com/a.tar.gz | tar xz\n"},
          .good = {"FROM debian:12\n"
                   "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n"
                   "RUN wget -qO- https://example.com/a.tar.gz | tar xz\n"},
          .check = check};
}

}  // namespace dcache::rules
