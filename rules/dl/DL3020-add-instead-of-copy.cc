#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool needs_add(std::string_view source) {
  constexpr std::string_view kArchives[] = {".tar",  ".gz", ".bz2",  ".xz",  ".tgz", ".tb2", ".tbz",
                                            ".tbz2", ".lz", ".lzma", ".tlz", ".txz", ".Z",   ".tZ"};
  return plan::is_remote(source) ||
         std::ranges::any_of(kArchives, [&](std::string_view ending) { return source.ends_with(ending); });
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Instruction& instruction : subject.file().instructions()) {
    if (instruction.keyword != Keyword::kAdd || instruction.arguments.size() < 2) continue;
    const auto sources = instruction.arguments.first(instruction.arguments.size() - 1);
    const auto plain = std::ranges::find_if_not(
        sources, [](const dockerfile::Word& source) { return needs_add(unquoted(source.text)); });
    if (plain == sources.end()) continue;
    reporter
        .report(instruction.span, fmt::format("{} is neither downloaded nor unpacked", plain->text),
                "write COPY")
        .focus = plain->span;
  }
}

}  // namespace

lint::Rule DL3020() {
  return {.code = "DL3020",
          .name = "add-instead-of-copy",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "ADD is used for plain files and folders",
          .rationale =
              "ADD downloads URLs and unpacks archives, depending on what its source looks like. COPY does "
              "one thing; where nothing is to be downloaded or unpacked it says what is meant.",
          .bad = {"FROM debian:12\n"
                  "ADD app /app\n"},
          .good = {"FROM debian:12\n"
                   "COPY app /app\n"},
          .check = check};
}

}  // namespace dcache::rules
