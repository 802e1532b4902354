#include <algorithm>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"

namespace dcache::rules::DC4002 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// The instruction that a line starts with, in capitals and without indentation; empty for none.
std::string_view instruction_at(std::string_view line) {
  const size_t end = line.find_first_of(" \t");
  if (end == std::string_view::npos || line.size() <= end + 1) return {};
  const std::string_view word = line.substr(0, end);
  const Keyword keyword = dockerfile::keyword_of(word);
  return keyword != Keyword::kUnknown && dockerfile::name_of(keyword) == word ? word : std::string_view();
}

// Whether a text in double quotes is open at the end.
bool is_quoted_at_end(std::string_view text) {
  bool open = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      open = !open;
  }
  return open;
}

// Whether the instruction takes another one as its argument, and the text of it up to here has none yet: CMD
// after the options of HEALTHCHECK, or any after ONBUILD.
bool takes_instruction(std::string_view before, std::string_view keyword, char escape) {
  std::vector<std::string_view> words;
  while (!before.empty()) {
    const size_t end = std::min(before.find('\n'), before.size());
    std::string_view line = text::trim(before.substr(0, end));
    before.remove_prefix(std::min(end + 1, before.size()));
    if (line.starts_with('#')) continue;
    if (line.ends_with(escape)) line.remove_suffix(1);
    while (!(line = text::trim(line)).empty()) {
      words.push_back(line.substr(0, line.find_first_of(" \t")));
      line.remove_prefix(words.back().size());
    }
  }
  const auto rest = std::span(words).subspan(
      !words.empty() && text::equals_ignoring_case(words.front(), "ONBUILD") ? 1 : 0);
  if (rest.empty()) return true;
  return keyword == "CMD" && text::equals_ignoring_case(rest.front(), "HEALTHCHECK") &&
         std::ranges::all_of(rest.subspan(1), [](std::string_view word) { return word.starts_with("--"); });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const dockerfile::File& file = dockerfile.file();
  const std::string_view source = file.source();
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.start_line == instruction.end_line || !instruction.heredocs.empty()) continue;
    for (uint32_t line = instruction.start_line + 1; line <= instruction.end_line; ++line) {
      const text::Span span = file.lines().line_span(line);
      const std::string_view keyword = instruction_at(span.of(source));
      if (keyword.empty()) continue;
      const std::string_view before =
          source.substr(instruction.span.begin, span.begin - instruction.span.begin);
      if (is_quoted_at_end(before) || takes_instruction(before, keyword, file.escape())) continue;
      auto& finding = reporter.report(
          instruction.span,
          fmt::format("the line before {} ends with {}, so {} is a part of this {}", keyword, file.escape(),
                      keyword, dockerfile::name_of(instruction.keyword)),
          file.escape() == '\\'
              ? fmt::format("remove the \\ before line {}; to end a line with a path of Windows, write # "
                            "escape=` at the top of the file",
                            line)
              : fmt::format("remove the {} before line {}", file.escape(), line));
      finding.focus = text::Span{span.begin, span.begin + static_cast<uint32_t>(keyword.size())};
      break;
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#escape"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4002",
          .name = "swallowed-instruction",
          .level = lint::Level::kError,
          .summary = "An instruction is a part of the one above it, whose last line ends with `\\`",
          .rationale =
              "A line that ends with `\\` continues in the next line; empty lines and comments between do "
              "not end it. If "
              "the next line is an instruction, it becomes a part of the one above: RUN calls a program "
              "`COPY`, and the COPY does not happen. This is easy to overlook if the last line of a list was "
              "removed, or with paths of Windows, which can end with `\\`.",
          .bad = {"FROM debian:12\n"
                  "RUN apt-get update && \\\n"
                  "    apt-get install -y curl \\\n"
                  "COPY app /app\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get update && \\\n"
                   "    apt-get install -y curl\n"
                   "COPY app /app\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4002
