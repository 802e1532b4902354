#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/dispatch.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr lint::ExampleFile kFiles[] = {{".dockerignore", "*.md\n"}, {"app", ""}, {"notes.md", ""}};

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Dispatched& one : dispatched(subject)) {
    const Instruction& instruction = *one.instruction;
    const bool copies = instruction.keyword == Keyword::kCopy || instruction.keyword == Keyword::kAdd;
    if (!copies || instruction.find_flag("from") != nullptr || instruction.arguments.size() < 2) continue;
    const lint::Surroundings* around = subject.surroundings();
    if (around == nullptr || !around->ignore) return;
    for (const dockerfile::Word& word : instruction.arguments.first(instruction.arguments.size() - 1)) {
      const std::string path = text::clean_path("/" + std::string(subject.graph().text_of(word))).substr(1);
      const bool inside =
          !path.empty() && path.find("://") == std::string::npos && !word.text.starts_with("<<");
      if (!inside || !around->ignore->decide(path).ignored) continue;
      reporter
          .report(one.place->span,
                  fmt::format("{} leaves {} out of the context", text::base_name(around->ignore_file), path),
                  fmt::format("add !{} to it, or copy something else", path))
          .focus = word.span;
    }
  }
}

}  // namespace

lint::Rule CopyIgnoredFile() {
  return {.code = "CopyIgnoredFile",
          .name = "CopyIgnoredFile",
          .level = lint::Level::kError,
          .origin = lint::Origin::kBuildkit,
          .on_by_default = false,
          .experimental = true,
          .summary = "COPY or ADD names a file that the ignore file keeps out of the context",
          .rationale =
              "The builder never sees a file that `.dockerignore` leaves out, so a COPY that names it fails: "
              "not found. Name another file, or let the ignore file make an exception with `!`.",
          .bad = {"FROM debian:12\n"
                  "COPY notes.md /\n",
                  kFiles},
          .good = {"FROM debian:12\n"
                   "COPY app /\n",
                   kFiles},
          .check = check};
}

}  // namespace dcache::rules
