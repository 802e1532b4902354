#include "dcache/lsp/current_instruction.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::lsp {
namespace {

// Where the line that contains the byte before `at` starts.
size_t line_start(std::string_view source, size_t at) {
  const size_t newline = at == 0 ? std::string_view::npos : source.rfind('\n', at - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

// Where the instruction starts that the end of `source` is in: lines that go on belong together.
size_t instruction_start(std::string_view source, char escape) {
  size_t begin = line_start(source, source.size());
  while (begin > 0) {
    const std::string_view above = source.substr(0, begin - 1);
    const size_t last = above.find_last_not_of(" \t\r");
    if (last == std::string_view::npos || above[last] != escape) break;
    begin = line_start(source, begin - 1);
  }
  return begin;
}

}  // namespace

dockerfile::Keyword CurrentInstruction::keyword() const {
  return words.empty() ? dockerfile::Keyword::kUnknown : dockerfile::keyword_of(words.front());
}

bool CurrentInstruction::only_flags() const {
  return !words.empty() && std::all_of(words.begin() + 1, words.end(),
                                       [](std::string_view one) { return one.starts_with("--"); });
}

namespace {

bool is_in_heredoc(const dockerfile::Instruction& instruction, uint32_t offset) {
  const auto contains = [&](const dockerfile::Heredoc& heredoc) {
    return heredoc.body.begin <= offset && offset <= heredoc.terminator.end;
  };
  return std::ranges::any_of(instruction.heredocs, contains) ||
         (instruction.onbuild != nullptr && is_in_heredoc(*instruction.onbuild, offset));
}

}  // namespace

CurrentInstruction current_instruction(const dockerfile::File& file, uint32_t offset) {
  const std::string_view source = file.source().substr(0, offset);
  if (std::ranges::any_of(file.instructions(),
                          [&](const auto& instruction) { return is_in_heredoc(instruction, offset); })) {
    const size_t space = source.find_last_of(" \t\r\n");
    CurrentInstruction written;
    written.word = source.substr(space == std::string_view::npos ? 0 : space + 1);
    written.in_heredoc = true;
    return written;
  }
  const char escape = file.escape();
  std::vector<std::string_view> words = {{}};
  for (size_t at = instruction_start(source, escape); at < source.size(); ++at) {
    const bool escaped_end =
        source[at] == escape && at + 1 < source.size() && (source[at + 1] == '\n' || source[at + 1] == '\r');
    if (text::is_ascii_space(source[at]) || escaped_end) {
      if (!words.back().empty()) words.emplace_back();
    } else {
      std::string_view& last = words.back();
      last = last.empty() ? source.substr(at, 1) : std::string_view(last.data(), last.size() + 1);
    }
  }
  CurrentInstruction written;
  written.word = words.back();
  words.pop_back();
  written.after_onbuild = !words.empty() && text::equals_ignoring_case(words.front(), "ONBUILD");
  if (written.after_onbuild) words.erase(words.begin());
  written.words = std::move(words);
  written.in_comment = std::ranges::any_of(file.comments(), [&](const dockerfile::Comment& comment) {
    return comment.span.begin < offset && offset <= comment.span.end;
  });
  return written;
}

}  // namespace dcache::lsp
