#include "dcache/dockerfile/layout.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::dockerfile {
namespace {

void add_instruction(const Instruction& instruction, std::vector<Token>& out) {
  out.push_back({TokenKind::kKeyword, instruction.name_span});
  for (const Flag& flag : instruction.flags)
    out.push_back({TokenKind::kFlag, flag.span});
  for (const Word& word : instruction.arguments)
    out.push_back({TokenKind::kArgument, word.span});
  if (instruction.onbuild != nullptr) add_instruction(*instruction.onbuild, out);
  for (const Heredoc& heredoc : instruction.heredocs) {
    out.push_back({TokenKind::kHeredocBody, heredoc.body});
    out.push_back({TokenKind::kHeredocEnd, heredoc.terminator});
  }
}

// What is between two tokens is layout if it is blank or continues a line.
bool is_layout(std::string_view text, char escape) {
  if (text.starts_with(text::kByteOrderMark)) text.remove_prefix(text::kByteOrderMark.size());
  while (!text.empty()) {
    const text::Rune rune = text::decode_rune(text);
    if (!text::is_space(rune.value) && rune.value != static_cast<unsigned char>(escape)) return false;
    text.remove_prefix(rune.width);
  }
  return true;
}

}  // namespace

std::vector<Token> tokens(const File& file) {
  std::vector<Token> known;
  for (const Instruction& instruction : file.instructions())
    add_instruction(instruction, known);
  for (const Comment& comment : file.comments()) {
    const bool directive = std::any_of(file.directives().begin(), file.directives().end(),
                                       [&](const Directive& d) { return d.span == comment.span; });
    known.push_back({directive ? TokenKind::kDirective : TokenKind::kComment, comment.span});
  }
  // Comments inside a continued word cut it in pieces: they start later and end sooner than the word.
  std::stable_sort(known.begin(), known.end(), [](const Token& a, const Token& b) {
    return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end > b.span.end;
  });

  std::vector<Token> row;
  std::vector<Token> open;  // words that a comment interrupts
  uint32_t at = 0;
  const auto fill_to = [&](uint32_t end) {
    while (at < end) {
      while (!open.empty() && open.back().span.end <= at)
        open.pop_back();
      const uint32_t stop = open.empty() ? end : std::min(end, open.back().span.end);
      const Span gap{at, stop};
      const TokenKind kind = !open.empty()                                     ? open.back().kind
                             : is_layout(gap.of(file.source()), file.escape()) ? TokenKind::kLayout
                                                                               : TokenKind::kOther;
      row.push_back({kind, gap});
      at = stop;
    }
  };
  for (const Token& token : known) {
    if (token.span.empty()) continue;
    fill_to(token.span.begin);
    open.push_back(token);
  }
  fill_to(static_cast<uint32_t>(file.source().size()));
  return row;
}

}  // namespace dcache::dockerfile
