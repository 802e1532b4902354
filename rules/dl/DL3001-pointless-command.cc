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

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(subject, "DL3001");
  report_first(calls_of(subject, kPrograms), reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (!as_hadolint && has_use_in_step(call)) return std::nullopt;
    return Complaint{fmt::format("{} has no effect that outlasts this step", call.program()),
                     "start it from CMD or ENTRYPOINT, or leave it out"};
  });
}

}  // namespace

lint::Rule rule() {
  return {
      .code = "DL3001",
      .name = "pointless-command",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kHadolint,
      .summary = "A command is run that does nothing useful in a build",
      .rationale =
          "A build has no init system, no terminal and no processes but its own. `service`, `systemctl`, "
          "`ssh`, `top` and the like act on what is not there, or on what is gone when the step ends: "
          "what they start is in no layer.\n\n"
          "Only the profile `hadolint` reports what the rest of its RUN makes use of: `service` with other "
          "commands after the start, `kill` after a process was put in the background, and `mount` without "
          "arguments, which lists what is mounted.",
      .bad = {"FROM debian:12\n"
              "RUN service nginx start\n"},
      .good = {"FROM debian:12\n"
               "CMD [\"nginx\", \"-g\", \"daemon off;\"]\n"},
      .check = check};
}

}  // namespace dcache::rules::DL3001
