#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"

namespace dcache::rules::InvalidDefinitionDescription {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// The last comment between an instruction and the one above it; empty for none.
std::string_view comment_above(const dockerfile::File& file, const Instruction& instruction,
                               const Instruction* above) {
  const auto comments = file.comments();
  const auto behind =
      std::ranges::lower_bound(comments, instruction.span.begin, {},
                               [](const dockerfile::Comment& comment) { return comment.span.begin; });
  std::string_view last;
  if (behind != comments.begin()) {
    const dockerfile::Comment& comment = *std::prev(behind);
    const bool between = above == nullptr || comment.span.begin >= above->span.end;
    // Below a shebang line BuildKit's parser takes directives for comments.
    const bool shebang = comments.front().span.of(file.source()).starts_with("#!");
    const bool directive =
        !shebang && std::ranges::find(file.directives(), comment.line, &dockerfile::Directive::line) !=
                        file.directives().end();
    if (between && !directive) last = comment.span.of(file.source());
  }
  while (last.starts_with('#'))
    last.remove_prefix(1);
  return text::trim(last);
}

std::vector<std::string_view> names_of(const Instruction& instruction) {
  std::vector<std::string_view> names;
  if (instruction.keyword == Keyword::kFrom && instruction.arguments.size() == 3)
    names.push_back(instruction.arguments[2].text);
  if (instruction.keyword != Keyword::kArg) return names;
  for (const dockerfile::Word& word : instruction.arguments)
    names.push_back(word.text.substr(0, word.text.find('=')));
  return names;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const Instruction* above = nullptr;
  for (const Instruction& instruction : readable_instructions(dockerfile)) {
    const std::vector<std::string_view> names = names_of(instruction);
    const std::string_view comment =
        names.empty() ? std::string_view()
                      : comment_above(dockerfile.file(), instruction, std::exchange(above, &instruction));
    above = &instruction;
    if (comment.empty() || std::ranges::find(names, comment.substr(0, comment.find(' '))) != names.end())
      continue;
    reporter.report(instruction.span,
                    "the comment above does not start with the name of what it "
                    "describes",
                    fmt::format("start the comment with {}", names.front()));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "InvalidDefinitionDescription",
          .name = "InvalidDefinitionDescription",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .on_by_default = false,
          .experimental = true,
          .summary = "The comment above an ARG or a named FROM does not start with its name",
          .rationale =
              "`docker build --call=outline` shows the comment above an ARG or a stage as its "
              "description, if the comment starts with its name. The rule is for files that use such "
              "descriptions. It is off unless `# check=experimental=InvalidDefinitionDescription` "
              "enables it.",
          .bad = {"# check=experimental=all\n"
                  "# the version to build\n"
                  "ARG VERSION\n"
                  "FROM debian:12\n"},
          .good = {"# check=experimental=all\n"
                   "# VERSION is the version to build\n"
                   "ARG VERSION\n"
                   "FROM debian:12\n"},
          .check = check};
}

}  // namespace dcache::rules::InvalidDefinitionDescription
