// The source of a Dockerfile as a row of tokens that covers every byte of it: the concrete syntax under the
// tree. Highlighting and formatting work on it, and it proves that the tree loses nothing.
#pragma once

#include <string>
#include <vector>

#include "dcache/dockerfile/file.h"

namespace dcache::dockerfile {

enum class TokenKind : uint8_t {
  kLayout,  // white space, line ends, escape characters that continue a line, a byte order mark
  kComment,
  kDirective,
  kKeyword,
  kFlag,
  kArgument,
  kOther,  // text that belongs to no word: `=` of a pair, brackets and commas of a JSON form
  kHeredocBody,
  kHeredocEnd,
};

struct Token {
  TokenKind kind;
  Span span;
};

// In the order of the source, without gaps and without empty tokens.
std::vector<Token> tokens(const File& file);

}  // namespace dcache::dockerfile
