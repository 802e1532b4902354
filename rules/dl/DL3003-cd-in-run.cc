#include <algorithm>

#include "dcache/lint/rule.h"
#include "rules/calls.h"

namespace dcache::rules::DL3003 {
namespace {

// Whether the RUN itself may make the folder, so that there is none above it.
bool may_make_folder(const Call& cd) {
  constexpr std::string_view kMakers[] = {"git",    "tar", "mkdir", "unzip", "7z",
                                          "bsdtar", "svn", "hg",    "cp",    "mv"};
  return std::any_of(cd.run->commands.data(), cd.command, [&](const shell::Command& command) {
    const std::string_view program = shell::program_of(shell::invocation(command));
    return std::ranges::find(kMakers, program) != std::end(kMakers);
  });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  report_first(calls_of(dockerfile, "cd"), reporter, [](const Call& call) -> std::optional<Complaint> {
    return Complaint{"cd changes the folder only for this RUN",
                     may_make_folder(call)
                         ? "split the RUN, with WORKDIR between its parts, or use an option such as "
                           "make -C or git -C"
                         : "put WORKDIR above the RUN, or use absolute paths"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3003",
          .name = "cd-in-run",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "`cd` is fine within one RUN, and it saves a step",
          .summary = "`cd` is used instead of WORKDIR",
          .rationale =
              "A `cd` affects only its own RUN: the next one starts in another folder than a reader may "
              "think. WORKDIR applies to all instructions after it and is part of the image.",
          .bad = {"FROM debian:12\n"
                  "RUN cd /usr/src/app && make\n"},
          .good = {"FROM debian:12\n"
                   "WORKDIR /usr/src/app\n"
                   "RUN make\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3003
