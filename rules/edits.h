// Edits that several rules make.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/diagnostic.h"
#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// "\r\n" if the file's lines end so, else "\n".
std::string_view line_end(const dockerfile::File& file);

// The last line of the instruction's own text, which here-documents follow.
uint32_t last_line_of(const dockerfile::File& file, const dockerfile::Instruction& instruction);

// The line above an instruction, without its indentation; empty for the first.
std::string_view line_above(const dockerfile::File& file, const dockerfile::Instruction& instruction);

// The whole lines of an instruction, with the line end.
text::Span lines_of(const dockerfile::File& file, text::Span span);

// The first line of the comment right above an instruction, or its own line if there is none.
uint32_t line_with_comment(const dockerfile::File& file, const dockerfile::Instruction& instruction);

// A safe fix that replaces one stretch of text.
lint::Fix replace(text::Span span, std::string text, std::string description);

// Words and commands to take out of the script of a RUN, in one go: what is left of the instruction depends
// on all of them. The blanks, lines and line continuations that they leave behind go with them; comments
// stay.
class Removal {
 public:
  Removal(const lint::Run& run, const dockerfile::File& file) : run_(run), file_(file) {}

  void word(const shell::Word& word);
  // A command of a list, with the `&&` before it. False if that can't be done by text alone, or if another
  // command could then run, or fail the RUN: only `&&` or the end of the RUN may follow it.
  bool command(size_t index);

  // Whether the word is one of those.
  bool takes(const shell::Word& word) const;
  // Nothing where text alone does not do.
  std::optional<std::vector<text::Edit>> edits() const;

 private:
  const lint::Run& run_;
  const dockerfile::File& file_;
  std::vector<text::Span> cuts_;
};

// Puts flags between RUN and what follows it, on a line of their own where the text allows it.
text::Edit insert_flags(const lint::Run& run, const dockerfile::File& file,
                        const std::vector<std::string>& flags);

}  // namespace dcache::rules
