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

// Puts flags between RUN and what follows it, on a line of their own where the text allows it.
text::Edit insert_flags(const lint::Run& run, const dockerfile::File& file,
                        const std::vector<std::string>& flags);

}  // namespace dcache::rules
