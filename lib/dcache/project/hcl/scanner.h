// A file of HCL in pieces, with its comments and the insides of its texts: for what cares how it is written.
//
// Any text can be scanned; what is not HCL has pieces too. A scan takes time in proportion to the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dcache/text/span.h"

namespace dcache::project::hcl {

enum class PieceKind : uint8_t {
  kEnd,
  kNewline,
  kComment,  // without its line end
  kIdentifier,
  kNumber,
  kSymbol,         // an operator or a bracket
  kQuote,          // on either side of a text
  kText,           // a part of a text without templates
  kHeredoc,        // << and the marker
  kHeredocEnd,     // the marker again
  kTemplateStart,  // ${ or %{, with its ~
  kTemplateEnd,    // } or ~}
  kInvalid,
};

struct Piece {
  PieceKind kind = PieceKind::kEnd;
  text::Span span = {};
  std::string_view text = {};

  bool is(std::string_view symbol) const { return kind == PieceKind::kSymbol && text == symbol; }
  bool is_word(std::string_view word) const { return kind == PieceKind::kIdentifier && text == word; }
  bool opens() const { return is("{") || is("[") || is("("); }
  bool closes() const { return is("}") || is("]") || is(")"); }
};

class Scanner {
 public:
  // The text has to outlive the scanner and its pieces.
  explicit Scanner(std::string_view source);

  // The next piece; kEnd at the end of the text, however often it is asked for.
  Piece next();

  // Whether what comes next is in a text: in one of its templates too.
  bool in_text() const { return texts_ > 0; }

 private:
  enum class Kind : uint8_t { kBracket, kQuoted, kHeredoc, kTemplate };
  struct Level {
    Kind kind;
    std::string_view marker;  // of a heredoc
  };

  Piece piece(PieceKind kind, uint32_t end);
  void push(Kind kind, std::string_view marker = {});
  void pop();
  bool is_in(Kind kind) const { return !levels_.empty() && levels_.back().kind == kind; }
  Piece code();
  Piece symbol(uint32_t end);
  Piece heredoc(uint32_t end);
  Piece text();
  bool ends_heredoc() const;

  std::string_view source_;
  uint32_t at_ = 0;
  uint32_t texts_ = 0;
  bool line_start_ = false;      // in a heredoc
  bool comments_closed_ = true;  // false if no `*/` follows
  std::vector<Level> levels_ = {};
};

}  // namespace dcache::project::hcl
