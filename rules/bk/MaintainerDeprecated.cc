#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/edits.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::MaintainerDeprecated {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : examined_instructions(dockerfile)) {
    if (instruction.keyword != Keyword::kMaintainer) continue;
    const std::string_view who =
        instruction.arguments.empty() ? std::string_view() : instruction.arguments.front().text;
    const std::string label = fmt::format("LABEL org.opencontainers.image.authors={}", quoted(unquoted(who)));
    lint::Diagnostic& diagnostic = report_maintainer(reporter, instruction, label);
    if (dockerfile.file().escape() != '\\') continue;
    diagnostic.fix = replace(instruction.span, label, "replace it with a label");
    diagnostic.fix->removed = {instruction.span.begin};
    diagnostic.fix->added = {label};
    diagnostic.fix->unsafe_because = "the image then has one more label, and no author";
  }
}

constexpr std::string_view kCovers[] = {"DL4000"};

}  // namespace

lint::Rule rule() {
  return {.code = "MaintainerDeprecated",
          .name = "MaintainerDeprecated",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .fix = lint::FixKind::kUnsafe,
          .summary = "MAINTAINER is deprecated",
          .rationale = "A label has the same meaning, is read like all other labels, and is not deprecated.",
          .fix_note =
              "Writes the label. The fix is unsafe because the image then has one more label, and no author.",
          .bad = {"FROM debian:12\n"
                  "MAINTAINER someone@example.com\n"},
          .good = {"FROM debian:12\n"
                   "LABEL org.opencontainers.image.authors=\"someone@example.com\"\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::MaintainerDeprecated
