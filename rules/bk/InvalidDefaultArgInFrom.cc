#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Graph& graph = subject.graph();
  const auto is_about_arguments = [](const plan::Error& error) {
    return error.phase == plan::Error::Phase::kArguments;
  };
  if (std::ranges::any_of(graph.errors, is_about_arguments)) return;
  for (const Instruction* from : read_froms(subject)) {
    if (from->arguments.empty()) continue;
    const dockerfile::Word& base = from->arguments.front();
    const std::string_view name = graph.text_of(base);
    if (plan::is_valid_reference(name)) continue;
    const bool unreadable = !name.empty() && std::ranges::any_of(graph.errors, [&](const plan::Error& error) {
      return error.phase == plan::Error::Phase::kStages && error.span == base.span;
    });
    if (unreadable) return;
    reporter
        .report(from->span,
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
          .whole_file = true,
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
