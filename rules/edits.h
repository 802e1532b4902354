// Edits that several rules make.
#pragma once

#include <string>
#include <string_view>

#include "dcache/lint/diagnostic.h"
#include "dcache/lint/subject.h"

namespace dcache::rules {

// "\r\n" if the file's lines end so, else "\n".
std::string_view line_end(const dockerfile::File& file);

// A safe fix that replaces one stretch of text.
lint::Fix replace(text::Span span, std::string text, std::string description);

// Takes a word of the script out, with the blank in front of it.
void remove_word(const lint::Run& run, const shell::Word& word, std::vector<text::Edit>& edits);

// Takes a command out of a list, with what ties it to the one in front of it. False where that can't be done
// by text alone: it is the first, or a part of something else than a plain list.
bool remove_command(const lint::Run& run, size_t index, std::vector<text::Edit>& edits);

// Puts flags between RUN and what follows it, on a line of their own where the text allows it.
text::Edit insert_flags(const lint::Run& run, const dockerfile::File& file,
                        const std::vector<std::string>& flags);

}  // namespace dcache::rules
