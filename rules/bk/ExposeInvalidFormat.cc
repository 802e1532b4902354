#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::ExposeInvalidFormat {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const ExposedPort& exposed : exposed_ports(subject)) {
    const std::string_view port = exposed.port;
    const size_t colon = port.rfind(':');
    if (colon == std::string_view::npos || port.find_first_not_of(':') == colon + 1) continue;
    const std::string wanted(port.substr(colon + 1));
    lint::Diagnostic& diagnostic =
        report_at(reporter, *exposed.at, fmt::format("{} names more than a port of the container", port),
                  fmt::format("write {}, and --publish when the container is run", wanted));
    diagnostic.focus = exposed.word->span;
    if (exposed.can_be_mended())
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
          .summary = "EXPOSE names an address or a port of the host",
          .rationale =
              "EXPOSE tells which ports the program in the container listens on. Where they appear on the "
              "host is said when the container is run; builders drop that part, with this warning.",
          .fix_note = "Leaves the port of the container, which is what builders do with it.",
          .bad = {"FROM debian:12\n"
                  "EXPOSE 8080:80\n"},
          .good = {"FROM debian:12\n"
                   "EXPOSE 80\n"},
          .check = check};
}

}  // namespace dcache::rules::ExposeInvalidFormat
