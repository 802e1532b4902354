#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/edits.h"

namespace dcache::rules::LegacyKeyValueFormat {
namespace {

using dockerfile::Instruction;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@%+,={}$").find(c) != std::string_view::npos;
}

// NAME=value; nothing where the two forms would differ by more than quotes.
std::optional<std::string> as_pair(const Instruction& instruction) {
  const std::string_view name = instruction.arguments[0].text;
  const std::string_view value = instruction.arguments[1].text;
  if (!value.empty() && std::ranges::all_of(value, is_plain)) return fmt::format("{}={}", name, value);
  const bool quoted = value.size() > 1 && value.front() == '"' && value.back() == '"' &&
                      value.substr(1, value.size() - 2).find_first_of("\"\\`\n") == std::string_view::npos;
  if (quoted) return fmt::format("{}={}", name, value);
  if (value.find_first_of("\"'\\`\n") != std::string_view::npos) return std::nullopt;
  return fmt::format("{}=\"{}\"", name, value);
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const DispatchedInstruction& one : dispatched(dockerfile)) {
    if (!one.instruction->legacy || one.instruction->arguments.size() < 2) continue;
    const auto pair = as_pair(*one.instruction);
    const std::string_view keyword = dockerfile::name_of(one.instruction->keyword);
    lint::Diagnostic& diagnostic = report_at(
        reporter, one, fmt::format("{} {} is set without =", keyword, one.instruction->arguments[0].text),
        fmt::format("write {} {}", keyword, pair.value_or("NAME=value")));
    if (!pair || one.place != one.instruction || one.instruction->start_line != one.instruction->end_line)
      continue;
    const text::Span span{one.instruction->arguments[0].span.begin, one.instruction->arguments[1].span.end};
    diagnostic.fix = replace(span, *pair, fmt::format("write {}", *pair));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "LegacyKeyValueFormat",
          .name = "LegacyKeyValueFormat",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .summary = "ENV or LABEL is written without `=`",
          .rationale =
              "In `ENV name value` the rest of the line is the value, with all spaces. That is different "
              "from all other instructions, and builders may drop this form.",
          .fix_note =
              "Writes `NAME=value`, with quotes if the value contains spaces. Values that contain quotes "
              "or escapes are not changed.",
          .bad = {"FROM debian:12\n"
                  "ENV MODE fast\n"},
          .good = {"FROM debian:12\n"
                   "ENV MODE=fast\n"},
          .check = check};
}

}  // namespace dcache::rules::LegacyKeyValueFormat
