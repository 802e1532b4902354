#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/edits.h"
#include "rules/json_form.h"
#include "rules/shell_form.h"
#include "rules/stages.h"

namespace dcache::rules::DC4001 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// What the builder does with the text instead; empty for instructions without a JSON form.
std::string_view taken_for(Keyword keyword) {
  switch (keyword) {
    case Keyword::kRun:
    case Keyword::kCmd:
    case Keyword::kEntrypoint:
      return "a shell runs it as text";
    case Keyword::kShell:
      return "the builder does not accept it";
    case Keyword::kCopy:
    case Keyword::kAdd:
      return "its parts are taken for names of files";
    case Keyword::kVolume:
      return "its parts are taken for names of volumes";
    case Keyword::kHealthcheck:
      return "a shell runs it as text";
    default:
      return {};
  }
}

// Whether a text that begins with `[` and a blank may be meant for the shell: `[ "$a" = b ]`. Strings that
// are separated by commas are not.
bool may_be_test(Keyword keyword, std::string_view text) {
  const bool is_for_shell = keyword == Keyword::kRun || keyword == Keyword::kHealthcheck;
  return is_for_shell && (text.find(',') == std::string_view::npos || !repaired_json(text));
}

// The text that may be a JSON array.
std::string_view array_text(const Instruction& instruction) {
  if (instruction.keyword != Keyword::kHealthcheck) return instruction.rest;
  const dockerfile::Word* const command = health_check_command(instruction);
  return command == nullptr ? std::string_view() : command->text;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& outer : dockerfile.file().instructions()) {
    const Instruction& instruction = carried(outer);
    if (instruction.json || taken_for(instruction.keyword).empty()) continue;
    const std::string_view text = array_text(instruction);
    if (text.size() < 2 || text[0] != '[' || (text[1] == ' ' && may_be_test(instruction.keyword, text)))
      continue;
    const auto broken = what_breaks_json(text);
    if (!broken) continue;
    auto& finding = reporter.report(
        outer.span, fmt::format("this is not valid JSON, so {}", taken_for(instruction.keyword)), *broken);
    if (instruction.keyword == Keyword::kCmd || instruction.keyword == Keyword::kEntrypoint)
      finding.aliases = {"JSONArgsRecommended", "DL3025"};
    const auto json = repaired_json(text);
    if (!json || instruction.start_line != instruction.end_line) continue;
    const auto& words = instruction.arguments;
    const text::Span span =
        instruction.keyword == Keyword::kHealthcheck ? words[1].span : instruction.source_span(text);
    finding.fix = replace(span, *json, "write valid JSON");
    finding.fix->unsafe_because = "the build or the image then runs another command than today";
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#shell-and-exec-form"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4001",
      .name = "invalid-json-form",
      .level = lint::Level::kError,
      .fix = lint::FixKind::kUnsafe,
      .summary = "A text that looks like a JSON array is not valid JSON",
      .rationale =
          "The builder takes the arguments for a list only if they are valid JSON: double quotes, commas "
          "between the elements, and nothing after the bracket. Otherwise it takes the text as it is: RUN "
          "gives it to a shell, which looks for a program called `[a`, and COPY looks for a file called "
          "`['a',`. Text processors and web pages change double quotes into typographic ones (`“a”`), which "
          "are "
          "not JSON. A finding about CMD or ENTRYPOINT takes the place of that of JSONArgsRecommended.",
      .fix_note = "Writes plain double quotes and commas. The fix is unsafe: it changes what the build does.",
      .bad = {"FROM debian:12\n"
              "RUN ['apt-get', 'update']\n"},
      .good = {"FROM debian:12\n"
               "RUN [\"apt-get\", \"update\"]\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC4001
