#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/hadolint.h"

namespace dcache::rules::DL3001 {
namespace {

constexpr std::string_view kPrograms[] = {"free",    "ifconfig", "kill", "mount", "ps",
                                          "service", "shutdown", "ssh",  "top",   "vim"};

// Whether other commands of the RUN make use of the call: a service runs until the step ends, and a process
// in the background has to be ended. `mount` alone lists what is mounted.
bool has_use_in_step(const Call& call) {
  const std::vector<shell::Command>& commands = call.run->commands;
  const auto at = commands.begin() + (call.command - commands.data());
  if (call.program() == "mount") return call.arguments().empty();
  if (call.program() == "kill") {
    return std::any_of(commands.begin(), at + 1, [](const shell::Command& command) {
      return command.connector == shell::Connector::kBackground;
    });
  }
  if (call.program() != "service") return false;
  const auto is_service = [](const shell::Command& command) { return command.program() == "service"; };
  const auto starts = [&](const shell::Command& command) {
    return is_service(command) &&
           (shell::has_word(command.words, "start") || shell::has_word(command.words, "restart"));
  };
  const auto first = std::find_if(commands.begin(), at + 1, starts);
  return first != at + 1 && std::any_of(first, commands.end(), [&](const shell::Command& command) {
           return !command.words.empty() && !is_service(command);
         });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3001");
  report_first(calls_of(dockerfile, kPrograms), reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (!as_hadolint && has_use_in_step(call)) return std::nullopt;
    return Complaint{fmt::format("{} has no effect after this step", call.program()),
                     "start it from CMD or ENTRYPOINT, or remove it"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3001",
          .name = "pointless-command",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "A command is not useful in a build",
          .rationale =
              "During a build there is no init system, no terminal, and only the processes of the build "
              "itself. `service`, `systemctl`, `ssh`, `top` and similar commands act on something that does "
              "not exist, or that is gone when the step ends: what they start is not in a layer.\n\nOnly the "
              "profile `hadolint` reports a command whose effect the same RUN uses: `service` with other "
              "commands after the start, `kill` after a process was put in the background, and `mount` "
              "without arguments, which lists the mounts.",
          .bad = {"FROM debian:12\n"
                  "RUN service nginx start\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"nginx\", \"-g\", \"daemon off;\"]\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3001
