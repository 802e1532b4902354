#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/suggest.h"
#include "rules/dispatch.h"

namespace dcache::rules::UndefinedArgInFrom {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<const Instruction*> froms = resolved_froms(dockerfile);
  std::vector<std::string_view> known;
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword == Keyword::kFrom) break;
    for (const dockerfile::Word& word : instruction.arguments)
      known.push_back(word.text.substr(0, word.text.find('=')));
  }
  for (const plan::UndeclaredVariable& undeclared : dockerfile.graph().undeclared) {
    if (undeclared.stage || !std::ranges::binary_search(froms, undeclared.instruction)) continue;
    const std::string_view near = text::closest(undeclared.name, known);
    reporter.report(undeclared.instruction->span,
                    fmt::format("{} is not declared above the first FROM", undeclared.name),
                    near.empty() ? fmt::format("put ARG {} at the top of the file", undeclared.name)
                                 : fmt::format("did you mean {}?", near));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "UndefinedArgInFrom",
          .name = "UndefinedArgInFrom",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "FROM uses an argument that no ARG above it declares",
          .rationale =
              "FROM sees only the ARGs above the first FROM and the arguments that builders define. Any "
              "other name is empty, even if it is set later in the file, and `--build-arg` does not set it.",
          .bad = {"FROM debian:${VERSION:-12}\n"},
          .good = {"ARG VERSION=12\n"
                   "FROM debian:${VERSION}\n"},
          .check = check};
}

}  // namespace dcache::rules::UndefinedArgInFrom
