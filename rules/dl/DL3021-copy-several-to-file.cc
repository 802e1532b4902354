#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/hadolint.h"
#include "rules/stages.h"

namespace dcache::rules::DL3021 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// `.` and `..`, which can be nothing but folders.
bool is_folder(std::string_view path) {
  const std::string_view last = text::base_name(path);
  return last == "." || last == "..";
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3021");
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.keyword != Keyword::kCopy || instruction.arguments.size() < 3) continue;
    const dockerfile::Word& destination = instruction.arguments.back();
    if (unquoted(destination.text).ends_with('/')) continue;
    if (!as_hadolint && is_folder(unquoted(destination.text))) continue;
    reporter
        .report(instruction.span,
                fmt::format("several sources can't be copied to one file {}", destination.text),
                fmt::format("write {}/", destination.text))
        .focus = destination.span;
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3021",
          .name = "copy-several-to-file",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "builders refuse such a file, and DC0001 reports it",
          .summary = "COPY has several sources, and its destination does not end with a slash",
          .rationale =
              "With several sources the destination must be a folder, and builders refuse a destination "
              "without a slash at its end. `.` and `..` are folders: only the profile `hadolint` reports "
              "them.",
          .bad = {"FROM debian:12\n"
                  "COPY a.txt b.txt /data\n"},
          .good = {"FROM debian:12\n"
                   "COPY a.txt b.txt /data/\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3021
