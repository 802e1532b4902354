#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"

namespace dcache::rules::NoEmptyContinuation {
namespace {

using dockerfile::Instruction;

// The empty lines within an instruction, here-documents left out.
std::vector<text::Span> empty_lines(const dockerfile::File& file, const Instruction& instruction) {
  std::vector<text::Span> empty;
  const uint32_t last = last_line_of(file, instruction);
  for (uint32_t line = instruction.start_line + 1; line <= last; ++line) {
    const text::Span span = file.lines().line_span(line);
    if (text::trim(span.of(file.source())).empty()) empty.push_back(span);
  }
  return empty;
}

// An instruction that the line before an empty one swallows, as its continuation was not meant.
struct SwallowedInstruction {
  std::string_view name;
  uint32_t line = 0;
  uint32_t continued = 0;  // the line that goes on
};

bool has_small_letters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

// The name of the instruction that a line begins with, written in the same letters as `of`: `env` within
// `RUN` is a program.
std::string_view instruction_name(std::string_view line, std::string_view of) {
  const std::string_view text = text::trim_left(line);
  const std::string_view name = text.substr(0, text.find_first_of(" \t"));
  const bool same_letters = has_small_letters(of) ? text.size() == line.size() : !has_small_letters(name);
  const bool has_more = !text::trim(text.substr(name.size())).empty();
  const bool known = dockerfile::keyword_of(name) != dockerfile::Keyword::kUnknown;
  return known && same_letters && has_more ? name : std::string_view();
}

std::optional<SwallowedInstruction> find_swallowed(const dockerfile::File& file,
                                                   const Instruction& instruction) {
  const uint32_t last = last_line_of(file, instruction);
  uint32_t continued = instruction.start_line;
  bool behind_empty = false;
  for (uint32_t line = instruction.start_line + 1; line <= last; ++line) {
    const std::string_view text = file.lines().line_span(line).of(file.source());
    const std::string_view trimmed = text::trim(text);
    if (trimmed.starts_with('#')) continue;
    if (trimmed.empty()) {
      behind_empty = true;
      continue;
    }
    const std::string_view name = behind_empty ? instruction_name(text, instruction.name) : "";
    if (!name.empty()) return SwallowedInstruction{name, line, continued};
    continued = line;
    behind_empty = false;
  }
  return std::nullopt;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const dockerfile::File& file = dockerfile.file();
  if (file.first_error(dockerfile::Error::Phase::kSyntax) != nullptr) return;
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.end_line == instruction.start_line) continue;
    const std::vector<text::Span> empty = empty_lines(file, instruction);
    if (empty.empty()) continue;
    const text::Span place = file.lines().line_span(last_line_of(file, instruction));
    if (const auto swallowed = find_swallowed(file, instruction)) {
      reporter
          .report(place,
                  fmt::format("line {} continues after an empty line, so {} in line {} is read as part of {}",
                              swallowed->continued, swallowed->name, swallowed->line, instruction.name),
                  fmt::format("remove the {} at the end of line {}", file.escape(), swallowed->continued))
          .focus = empty.front();
      continue;
    }
    lint::Diagnostic& diagnostic =
        reporter.report(place, "an empty line is in the middle of this instruction", "delete it");
    diagnostic.focus = empty.front();
    lint::Fix fix;
    fix.description = "delete the empty lines";
    for (const text::Span span : empty)
      fix.edits.push_back({span, ""});
    diagnostic.fix = std::move(fix);
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "NoEmptyContinuation",
          .name = "NoEmptyContinuation",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .whole_file = true,
          .summary = "An instruction that continues on the next line contains an empty line",
          .rationale =
              "Builders skip an empty line after a `\\` today, with a warning. In the future it will end "
              "the instruction, and the next line will be a new instruction. If the next line already "
              "looks like an instruction, the `\\` is probably a mistake, and the builder reads that "
              "instruction as arguments of the one above.",
          .fix_note = "Deletes the empty lines, unless the line after them looks like an instruction.",
          .bad = {"FROM debian:12\n"
                  "RUN echo a && \\\n"
                  "\n"
                  "    echo b\n"},
          .good = {"FROM debian:12\n"
                   "RUN echo a && \\\n"
                   "    echo b\n"},
          .check = check};
}

}  // namespace dcache::rules::NoEmptyContinuation
