#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules {
namespace {

using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Dispatched& one : dispatched(subject)) {
    if (one.instruction->keyword != Keyword::kExpose) continue;
    for (const dockerfile::Word& word : one.instruction->arguments) {
      const std::string_view port = subject.graph().text_of(word);
      const size_t slash = port.find('/');
      if (slash == std::string_view::npos || text::to_lower(port) == port) continue;
      lint::Diagnostic& diagnostic =
          reporter.report(one.place->span, fmt::format("the protocol of {} is not in lower case", port),
                          fmt::format("write {}", text::to_lower(port)));
      diagnostic.focus = word.span;
      if (port != word.text || one.place != one.instruction) continue;
      diagnostic.fix = replace(word.span, text::to_lower(port), "write the protocol in lower case");
    }
  }
}

}  // namespace

lint::Rule ExposeProtoCasing() {
  return {.code = "ExposeProtoCasing",
          .name = "ExposeProtoCasing",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .summary = "The protocol of EXPOSE is not in lower case",
          .rationale =
              "Protocols are in lower case everywhere else; tools that compare them as text miss those that "
              "are not.",
          .fix_note = "Writes the protocol in lower case.",
          .bad = {"FROM debian:12\n"
                  "EXPOSE 80/TCP\n"},
          .good = {"FROM debian:12\n"
                   "EXPOSE 80/tcp\n"},
          .check = check};
}

}  // namespace dcache::rules
