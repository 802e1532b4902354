#include <fmt/format.h>

#include "dcache/lint/rule.h"
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
      const size_t colon = port.rfind(':');
      if (colon == std::string_view::npos || port.find_first_not_of(':') == colon + 1) continue;
      const std::string wanted(port.substr(colon + 1));
      lint::Diagnostic& diagnostic =
          reporter.report(one.place->span, fmt::format("{} names more than a port of the container", port),
                          fmt::format("write {}, and --publish when the container is run", wanted));
      diagnostic.focus = word.span;
      if (port != word.text || one.place != one.instruction) continue;
      diagnostic.fix = replace(word.span, wanted, fmt::format("write {}", wanted));
    }
  }
}

}  // namespace

lint::Rule ExposeInvalidFormat() {
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

}  // namespace dcache::rules
