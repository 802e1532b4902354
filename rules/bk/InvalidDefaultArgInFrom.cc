#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  if (!subject.file().errors().empty()) return;
  for (const Instruction& from : subject.file().instructions()) {
    if (from.keyword != Keyword::kFrom || from.arguments.empty()) continue;
    const dockerfile::Word& base = from.arguments.front();
    const std::string_view name = subject.graph().text_of(base);
    if (plan::is_valid_reference(name)) continue;
    reporter
        .report(from.span,
                fmt::format("without build arguments {} gives '{}', which is no image", base.text, name),
                "give its ARG a default above the first FROM")
        .focus = base.span;
  }
}

}  // namespace

lint::Rule InvalidDefaultArgInFrom() {
  return {.code = "InvalidDefaultArgInFrom",
          .name = "InvalidDefaultArgInFrom",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "FROM names no image unless a build argument is given",
          .rationale =
              "Without `--build-arg` the name of the base image is empty or malformed, so that a plain "
              "`docker build .` fails, and tools that read the Dockerfile don't know what it starts from. A "
              "default that works makes both work.",
          .bad = {"ARG VERSION\n"
                  "FROM debian:${VERSION}\n"},
          .good = {"ARG VERSION=12\n"
                   "FROM debian:${VERSION}\n"},
          .check = check};
}

}  // namespace dcache::rules
