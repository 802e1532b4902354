#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::ConsistentInstructionCasing {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool is_lower(std::string_view name) {
  return text::to_lower(name) == name;
}

bool is_upper(std::string_view name) {
  return std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (!dockerfile.file().errors().empty()) return;
  const auto all = dockerfile.file().instructions();
  const auto first = std::ranges::find(all, Keyword::kFrom, &Instruction::keyword);
  const std::span<const Instruction> inside(first, all.end());
  const auto lower = std::ranges::count_if(inside, is_lower, &Instruction::name);
  const bool wants_lower = lower > std::ranges::count_if(inside, is_upper, &Instruction::name);
  for (const Instruction& instruction : inside) {
    if (wants_lower ? is_lower(instruction.name) : is_upper(instruction.name)) continue;
    std::string wanted(dockerfile::name_of(instruction.keyword));
    if (wants_lower) wanted = text::to_lower(wanted);
    lint::Diagnostic& diagnostic =
        reporter.report(instruction.span,
                        fmt::format("most instructions are in {}, but this one is not",
                                    wants_lower ? "lower case" : "capitals"),
                        fmt::format("write {}", wanted));
    diagnostic.focus = instruction.name_span;
    diagnostic.fix = replace(instruction.name_span, wanted, fmt::format("write {}", wanted));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "ConsistentInstructionCasing",
          .name = "ConsistentInstructionCasing",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .whole_file = true,
          .summary = "An instruction does not have the letter case of the others",
          .rationale =
              "Instructions are easier to read and to search for if all of them are in upper case or all "
              "in lower case.",
          .fix_note = "Writes the instruction in the letter case of most others.",
          .bad = {"FROM debian:12\n"
                  "run make\n"
                  "RUN make install\n"},
          .good = {"FROM debian:12\n"
                   "RUN make\n"
                   "RUN make install\n"},
          .check = check};
}

}  // namespace dcache::rules::ConsistentInstructionCasing
