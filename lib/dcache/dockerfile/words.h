// Splits the text of an instruction into flags and words, as BuildKit's parser does. Internal to the parser.
//
// All views that come back point into the text that was passed, except those of flags with quotes or escapes
// and of JSON strings with escapes, which live in the arena.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dcache/text/arena.h"

namespace dcache::dockerfile {

// A word and the stretch of the input that spells it (they differ only by quotes and escapes).
struct RawWord {
  std::string_view text;
  std::string_view spelling;
};

struct SplitFlags {
  std::vector<RawWord> flags;
  std::string_view rest;  // what follows the flags
};

// The leading `--flag` words of a line, unquoted, and the rest of it.
SplitFlags split_flags(std::string_view line, text::Arena& arena);

// Words separated by Unicode white space; quotes keep white space together and stay in the word.
void split_quoted(std::string_view line, char escape, std::vector<RawWord>& words);

// Words separated by white space alone. `limit` words at most: the last contains the rest of the line.
void split_blank(std::string_view line, std::vector<RawWord>& words, size_t limit = SIZE_MAX);

enum class JsonForm {
  kNone,        // not a JSON array: the text is in shell form
  kStrings,     // an array of strings
  kOtherTypes,  // a valid JSON array that contains something else: an error
};

// Reads an array of strings; `words` is filled for kStrings alone.
JsonForm split_json(std::string_view line, text::Arena& arena, std::vector<RawWord>& words);

}  // namespace dcache::dockerfile
