#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  report_first(calls_of(subject, "ln"), reporter, [](const Call& call) -> std::optional<Complaint> {
    if (!call.has("/bin/sh")) return std::nullopt;
    return Complaint{"/bin/sh becomes another shell for all programs of the image",
                     "write SHELL [\"/bin/bash\", \"-c\"]"};
  });
}

}  // namespace

lint::Rule DL4005() {
  return {.code = "DL4005",
          .name = "shell-by-link",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`/bin/sh` is linked to another shell",
          .rationale =
              "Replacing the system's shell changes what every script in the image runs with, those of "
              "packages too. SHELL changes it for the RUNs that follow, and for nothing else.",
          .bad = {"FROM debian:12\n"
                  "RUN ln -sf /bin/bash /bin/sh\n"},
          .good = {"FROM debian:12\n"
                   "SHELL [\"/bin/bash\", \"-c\"]\n"},
          .check = check};
}

}  // namespace dcache::rules
