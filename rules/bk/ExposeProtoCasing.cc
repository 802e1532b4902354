#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::ExposeProtoCasing {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const ExposedPort& exposed : exposed_ports(dockerfile)) {
    const std::string lower = text::to_lower(exposed.port);
    if (exposed.port.find('/') == std::string_view::npos || lower == exposed.port) continue;
    lint::Diagnostic& diagnostic =
        report_at(reporter, *exposed.at, fmt::format("the protocol of {} is not in lower case", exposed.port),
                  fmt::format("write {}", lower));
    diagnostic.focus = exposed.word->span;
    if (exposed.can_be_fixed())
      diagnostic.fix = replace(exposed.word->span, lower, "write the protocol in lower case");
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "ExposeProtoCasing",
          .name = "ExposeProtoCasing",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .summary = "The protocol of EXPOSE is not in lower case",
          .rationale =
              "Protocols are in lower case everywhere else, and tools that compare them as text do not "
              "find others.",
          .fix_note = "Writes the protocol in lower case.",
          .bad = {"FROM debian:12\n"
                  "EXPOSE 80/TCP\n"},
          .good = {"FROM debian:12\n"
                   "EXPOSE 80/tcp\n"},
          .check = check};
}

}  // namespace dcache::rules::ExposeProtoCasing
