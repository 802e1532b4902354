#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::FromAsCasing {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

std::string in_capitals(std::string_view word) {
  std::string capitals(word);
  std::ranges::transform(capitals, capitals.begin(), text::ascii_upper);
  return capitals;
}

// Looks at any second word of three: what is not AS is refused afterwards.
void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& from : examined_instructions(dockerfile)) {
    if (from.keyword != Keyword::kFrom || from.arguments.size() < 3) continue;
    const bool lower = from.name == "from";
    if (!lower && from.name != "FROM") continue;
    const dockerfile::Word& as = from.arguments[1];
    const std::string_view wanted = lower ? "as" : "AS";
    if (as.text == (lower ? text::to_lower(as.text) : in_capitals(as.text))) continue;
    lint::Diagnostic& diagnostic = reporter.report(
        from.span, fmt::format("{} and {} are not in the same letter case", from.name, as.text),
        fmt::format("write {}", wanted));
    diagnostic.focus = as.span;
    if (text::equals_ignoring_case(as.text, wanted))
      diagnostic.fix = replace(as.span, std::string(wanted), fmt::format("write {}", wanted));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "FromAsCasing",
          .name = "FromAsCasing",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .summary = "`FROM` and `AS` are not in the same letter case",
          .rationale =
              "Two keywords of one instruction in different letter cases are hard to read and "
              "to search for.",
          .fix_note = "Writes AS in the letter case of FROM.",
          .bad = {"FROM debian:12 as build\n"
                  "RUN make\n"},
          .good = {"FROM debian:12 AS build\n"
                   "RUN make\n"},
          .check = check};
}

}  // namespace dcache::rules::FromAsCasing
