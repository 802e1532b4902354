#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::ExposeInvalidFormat {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const ExposedPort& exposed : exposed_ports(dockerfile)) {
    const std::string_view port = exposed.port;
    const size_t colon = port.rfind(':');
    if (colon == std::string_view::npos || port.find_first_not_of(':') == colon + 1) continue;
    const std::string wanted(port.substr(colon + 1));
    lint::Diagnostic& diagnostic =
        report_at(reporter, *exposed.at, fmt::format("{} contains more than a port of the container", port),
                  fmt::format("write {}, and use --publish when you run the container", wanted));
    diagnostic.focus = exposed.word->span;
    if (exposed.can_be_fixed())
      diagnostic.fix = replace(exposed.word->span, wanted, fmt::format("write {}", wanted));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "ExposeInvalidFormat",
          .name = "ExposeInvalidFormat",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .summary = "EXPOSE contains an address or a port of the host",
          .rationale =
              "EXPOSE says which ports the program in the container listens on. The port on the host is "
              "set when the container runs; builders drop this part, with this warning.",
          .fix_note = "Keeps only the container's port, as builders do.",
          .bad = {"FROM debian:12\n"
                  "EXPOSE 8080:80\n"},
          .good = {"FROM debian:12\n"
                   "EXPOSE 80\n"},
          .check = check};
}

}  // namespace dcache::rules::ExposeInvalidFormat
