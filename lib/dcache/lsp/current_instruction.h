// The instruction that is being written, up to the cursor. It seldom parses, so it is taken as text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/dockerfile/keyword.h"

namespace dcache::lsp {

// Views of the file's source.
struct CurrentInstruction {
  std::vector<std::string_view> words;  // before the one being written, the instruction's name first
  std::string_view word;                // may be empty
  bool in_comment = false;
  bool after_onbuild = false;
  bool in_heredoc = false;  // then there is the word alone

  dockerfile::Keyword keyword() const;
  // Whether nothing but flags comes before the word.
  bool only_flags() const;
};

// Without the ONBUILD before another instruction.
CurrentInstruction current_instruction(const dockerfile::File& file, uint32_t offset);

}  // namespace dcache::lsp
