#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"

namespace dcache::rules {
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

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const dockerfile::File& file = subject.file();
  if (file.first_error(dockerfile::Error::Phase::kSyntax) != nullptr) return;
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.end_line == instruction.start_line) continue;
    const std::vector<text::Span> empty = empty_lines(file, instruction);
    if (empty.empty()) continue;
    lint::Diagnostic& diagnostic =
        reporter.report(file.lines().line_span(last_line_of(file, instruction)),
                        "an empty line stands in the middle of this instruction", "delete it");
    diagnostic.focus = empty.front();
    lint::Fix fix;
    fix.description = "delete the empty lines";
    for (const text::Span span : empty)
      fix.edits.push_back({span, ""});
    diagnostic.fix = std::move(fix);
  }
}

}  // namespace

lint::Rule NoEmptyContinuation() {
  return {.code = "NoEmptyContinuation",
          .name = "NoEmptyContinuation",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kSafe,
          .whole_file = true,
          .summary = "A continued instruction has an empty line in it",
          .rationale =
              "An empty line behind a `\\` is skipped today, with a warning, and will end the instruction "
              "one day: the next line is then an instruction of its own.",
          .fix_note = "Deletes the empty lines.",
          .bad = {"FROM debian:12\n"
                  "RUN echo a && \\\n"
                  "\n"
                  "    echo b\n"},
          .good = {"FROM debian:12\n"
                   "RUN echo a && \\\n"
                   "    echo b\n"},
          .check = check};
}

}  // namespace dcache::rules
