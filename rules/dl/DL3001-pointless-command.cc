#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

constexpr std::string_view kPrograms[] = {"free",    "ifconfig", "kill", "mount", "ps",
                                          "service", "shutdown", "ssh",  "top",   "vim"};

void check(lint::Subject& subject, lint::Reporter& reporter) {
  report_first(calls_of(subject, kPrograms), reporter, [](const Call& call) -> std::optional<Complaint> {
    return Complaint{fmt::format("{} has no effect that outlasts this step", call.program()),
                     "start it from CMD or ENTRYPOINT, or leave it out"};
  });
}

}  // namespace

lint::Rule DL3001() {
  return {.code = "DL3001",
          .name = "pointless-command",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "A command is run that does nothing useful in a build",
          .rationale =
              "A build has no init system, no terminal and no processes but its own. `service`, `systemctl`, "
              "`ssh`, `top` and the like act on what is not there, or on what is gone when the step ends: "
              "what they start is in no layer.",
          .bad = {"FROM debian:12\n"
                  "RUN service nginx start\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"nginx\", \"-g\", \"daemon off;\"]\n"},
          .check = check};
}

}  // namespace dcache::rules
