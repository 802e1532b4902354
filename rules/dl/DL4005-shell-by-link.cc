#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/hadolint.h"

namespace dcache::rules::DL4005 {
namespace {

// Whether /bin/sh becomes a link to another shell. Images that have their only shell in /busybox, such as the
// debug images of distroless, have nothing at /bin/sh that could be replaced.
bool replaces_shell(const Call& ln) {
  constexpr std::string_view kWithValue[] = {"-S", "--suffix", "-t", "--target-directory"};
  const auto paths = ln.operands(kWithValue);
  return paths.size() > 1 && paths.back()->text == "/bin/sh" && !paths.front()->text.starts_with("/busybox/");
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL4005");
  report_first(calls_of(dockerfile, "ln"), reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (as_hadolint ? !call.has("/bin/sh") : !replaces_shell(call)) return std::nullopt;
    return Complaint{"/bin/sh becomes another shell for all programs in the image",
                     "write SHELL [\"/bin/bash\", \"-c\"]"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL4005",
          .name = "shell-by-link",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`/bin/sh` is a link to another shell",
          .rationale =
              "If you replace the system's shell, every script in the image runs with it, including "
              "those of packages. SHELL changes the shell only for the RUNs after it.\n\nThe profile "
              "`hadolint` reports each `ln` with the word `/bin/sh`. The default profile does not report "
              "links that point to `/bin/sh`, and links to `/busybox/sh` in the debug images of "
              "distroless, which have no shell at `/bin/sh`.",
          .bad = {"FROM debian:12\n"
                  "RUN ln -sf /bin/bash /bin/sh\n"},
          .good = {"FROM debian:12\n"
                   "SHELL [\"/bin/bash\", \"-c\"]\n"},
          .check = check};
}

}  // namespace dcache::rules::DL4005
