// The tokens of HCL outside of templates.
#pragma once

#include <cstdint>
#include <string_view>

#include "dcache/text/span.h"

namespace dcache::project::hcl {

enum class TokenKind : uint8_t {
  kEnd,
  kNewline,
  kIdentifier,
  kNumber,
  kQuote,    // the start of a text
  kHeredoc,  // << and the marker, with its newline
  kSymbol,   // an operator or a bracket: its text
  kInvalid,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  text::Span span = {};
  std::string_view text = {};

  bool is(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  bool is_word(std::string_view word) const { return kind == TokenKind::kIdentifier && text == word; }
};

// The token at a place, after spaces and comments; newlines are skipped too unless they count.
Token next_token(std::string_view source, uint32_t at, bool newlines_count);

// Where the comment that starts at a place ends: before its line end, or after `*/`. The same place if none
// starts there.
uint32_t end_of_comment(std::string_view source, uint32_t at);

// Whether the text is one identifier.
bool is_identifier(std::string_view text);

}  // namespace dcache::project::hcl
