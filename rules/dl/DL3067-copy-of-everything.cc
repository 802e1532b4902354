#include <algorithm>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Instruction& instruction : subject.file().instructions()) {
    const bool copies = instruction.keyword == Keyword::kCopy && instruction.arguments.size() > 1;
    if (!copies || instruction.find_flag("from") == nullptr) continue;
    const auto sources = instruction.arguments.first(instruction.arguments.size() - 1);
    const auto root =
        std::ranges::find(sources, "/", [](const dockerfile::Word& word) { return unquoted(word.text); });
    if (root == sources.end() || unquoted(instruction.arguments.back().text) != "/") continue;
    reporter
        .report(instruction.span, "everything of the other stage is copied, needed or not",
                "name the files and folders that are needed")
        .focus = root->span;
  }
}

}  // namespace

lint::Rule DL3067() {
  return {.code = "DL3067",
          .name = "copy-of-everything",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The whole file system of another stage is copied",
          .rationale =
              "`COPY --from=stage / /` takes along package lists, caches and tools that the image has no use "
              "for, and the files of both systems mix. Name what is needed, or start FROM that stage.",
          .bad = {"FROM debian:12 AS build\n"
                  "RUN make\n"
                  "FROM alpine:3.20\n"
                  "COPY --from=build / /\n"},
          .good = {"FROM debian:12 AS build\n"
                   "RUN make\n"
                   "FROM alpine:3.20\n"
                   "COPY --from=build /app /app\n"},
          .check = check};
}

}  // namespace dcache::rules
