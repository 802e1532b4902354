#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/calls.h"
#include "rules/final_image.h"
#include "rules/hadolint.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

// Whether the shell of an image is that of busybox, as in Alpine: it knows pipefail by the name `sh` too.
bool has_busybox_shell(std::string_view image) {
  constexpr std::string_view kOnAlpine[] = {"docker",  "caddy",           "composer",           "registry",
                                            "traefik", "curlimages/curl", "hashicorp/terraform"};
  return image.find("alpine") != std::string_view::npos || image.find("busybox") != std::string_view::npos ||
         std::ranges::find(kOnAlpine, image_name(image)) != std::end(kOnAlpine);
}

bool knows_pipefail(std::string_view shell, bool busybox) {
  constexpr std::string_view kShells[] = {"bash", "zsh", "ash", "ksh"};
  const std::string_view program = text::base_name(shell);
  return (busybox && program == "sh") || std::ranges::find(kShells, program) != std::end(kShells);
}

// Set by SHELL, or by `set -o pipefail` in the script.
bool has_pipefail(const lint::Run& run, bool busybox) {
  if (run.shell != nullptr && !run.shell->arguments.empty()) {
    const auto words = run.shell->arguments;
    const bool set = std::ranges::any_of(words, [](const dockerfile::Word& word) {
      return word.text.find("pipefail") != std::string_view::npos;
    });
    if (set && knows_pipefail(words.front().text, busybox)) return true;
  }
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return command.program() == "set" && shell::has_word(command.words, "pipefail");
  });
}

// Whether a command can fail whose output the one at `piped` reads. `yes` ends by a signal when its reader
// ends, which pipefail would take for a failure.
bool is_fed_by_what_can_fail(std::span<const shell::Command> commands, size_t piped) {
  constexpr std::string_view kNeverFail[] = {"echo", "printf", "yes", "true", ":"};
  for (size_t i = piped; i-- > 0;) {
    const shell::Command& feeding = commands[i];
    if (feeding.depth != commands[piped].depth || feeding.quoted) continue;
    return std::ranges::find(kNeverFail, feeding.program()) == std::end(kNeverFail);
  }
  return true;  // what feeds it is in parentheses
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(subject, "DL4006");
  for (const lint::Run& run : subject.runs()) {
    // SHELL does not change what runs a JSON form.
    if (!run.shell_form && !as_hadolint) continue;
    const auto piped = std::ranges::find_if(run.commands, [&](const shell::Command& command) {
      if (command.connector != shell::Connector::kPipe || command.quoted) return false;
      const auto at = static_cast<size_t>(&command - run.commands.data());
      return as_hadolint || is_fed_by_what_can_fail(run.commands, at);
    });
    if (piped == run.commands.end() || run.onbuild) continue;
    const bool busybox = has_busybox_shell(base_image_of(subject, stage_of(written_stages(subject), run)));
    if (has_pipefail(run, busybox && !as_hadolint)) continue;
    report_part(run, piped->spelling, reporter,
                {"if what stands in front of the pipe fails, the step still succeeds, and is cached",
                 fmt::format("put SHELL [\"/bin/{}\", \"-o\", \"pipefail\", \"-c\"] above it",
                             busybox ? "ash" : "bash")});
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
              "it, so SHELL names bash. On Alpine and busybox, which have no bash, it names `/bin/ash`; "
              "their `/bin/sh` knows pipefail as well, which only the profile `hadolint` does not accept.",
          .bad = {"FROM debian:12\n"
                  "RUN wget -qO- https://example.com/a.tar.gz | tar xz\n"},
          .good = {"FROM debian:12\n"
                   "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\n"
                   "RUN wget -qO- https://example.com/a.tar.gz | tar xz\n"},
          .check = check};
}

}  // namespace dcache::rules
