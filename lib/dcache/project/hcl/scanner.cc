#include "dcache/project/hcl/scanner.h"

#include <algorithm>

#include "dcache/project/hcl/lexer.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

PieceKind kind_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEnd:
      return PieceKind::kEnd;
    case TokenKind::kNewline:
      return PieceKind::kNewline;
    case TokenKind::kIdentifier:
      return PieceKind::kIdentifier;
    case TokenKind::kNumber:
      return PieceKind::kNumber;
    case TokenKind::kQuote:
      return PieceKind::kQuote;
    case TokenKind::kHeredoc:
      return PieceKind::kHeredoc;
    case TokenKind::kSymbol:
      return PieceKind::kSymbol;
    case TokenKind::kInvalid:
      break;
  }
  return PieceKind::kInvalid;
}

bool starts_template(std::string_view text) {
  return text.starts_with("${") || text.starts_with("%{");
}

bool starts_escaped_template(std::string_view text) {
  return text.starts_with("$${") || text.starts_with("%%{");
}

}  // namespace

Scanner::Scanner(std::string_view source) : source_(source) {
  if (source.starts_with(text::kByteOrderMark)) at_ = static_cast<uint32_t>(text::kByteOrderMark.size());
}

Piece Scanner::piece(PieceKind kind, uint32_t end) {
  const text::Span span{at_, end};
  at_ = end;
  return {kind, span, span.of(source_)};
}

void Scanner::push(Kind kind, std::string_view marker) {
  if (kind == Kind::kQuoted || kind == Kind::kHeredoc) ++texts_;
  levels_.push_back({kind, marker});
}

void Scanner::pop() {
  const Kind kind = levels_.back().kind;
  if (kind == Kind::kQuoted || kind == Kind::kHeredoc) --texts_;
  levels_.pop_back();
}

Piece Scanner::next() {
  return is_in(Kind::kQuoted) || is_in(Kind::kHeredoc) ? text() : code();
}

Piece Scanner::code() {
  const auto size = static_cast<uint32_t>(source_.size());
  while (at_ < size && (source_[at_] == ' ' || source_[at_] == '\t'))
    ++at_;
  const std::string_view rest = source_.substr(at_);
  const bool block_comment = rest.starts_with("/*");
  if (rest.starts_with('#') || rest.starts_with("//") || (block_comment && comments_closed_)) {
    uint32_t end = end_of_comment(source_, at_);
    comments_closed_ = end != at_;
    if (!block_comment && source_[end - 1] == '\r') --end;
    if (end != at_) return piece(PieceKind::kComment, end);
  }
  // Of the comment that does not end, without a search for its end each time.
  if (block_comment) return piece(PieceKind::kInvalid, at_ + 2);
  const Token token = next_token(source_, at_, true);
  if (token.kind == TokenKind::kHeredoc) return heredoc(token.span.end);
  if (token.kind == TokenKind::kSymbol) return symbol(token.span.end);
  if (token.kind == TokenKind::kQuote) push(Kind::kQuoted);
  return piece(kind_of(token.kind), token.span.end);
}

Piece Scanner::symbol(uint32_t end) {
  const std::string_view text = source_.substr(at_, end - at_);
  if (is_in(Kind::kTemplate) && (text == "}" || text == "~}")) {
    pop();
    return piece(PieceKind::kTemplateEnd, end);
  }
  const Piece found = piece(PieceKind::kSymbol, end);
  if (found.opens()) push(Kind::kBracket);
  if (found.closes() && is_in(Kind::kBracket)) pop();
  return found;
}

// Its line end belongs to no piece.
Piece Scanner::heredoc(uint32_t end) {
  const std::string_view opened = text::trim_right(source_.substr(at_, end - at_));
  push(Kind::kHeredoc, opened.substr(opened.starts_with("<<-") ? 3 : 2));
  const Piece found = piece(PieceKind::kHeredoc, at_ + static_cast<uint32_t>(opened.size()));
  at_ = end;
  line_start_ = true;
  return found;
}

// Whether the line at this place consists of the marker.
bool Scanner::ends_heredoc() const {
  const std::string_view marker = levels_.back().marker;
  const std::string_view rest = text::trim_left(source_.substr(at_, source_.find('\n', at_) - at_));
  return line_start_ && rest.starts_with(marker) && text::trim_right(rest).size() == marker.size();
}

Piece Scanner::text() {
  const bool quoted = is_in(Kind::kQuoted);
  const auto size = static_cast<uint32_t>(source_.size());
  const uint32_t begin = at_;
  uint32_t end = at_;
  for (; end < size; ++end) {
    const std::string_view rest = source_.substr(end);
    if (!quoted && (end == begin ? line_start_ : source_[end - 1] == '\n')) {
      at_ = end;
      line_start_ = true;
      const bool ends = ends_heredoc();
      at_ = begin;
      if (ends) break;
    }
    if (starts_template(rest) || (quoted && (rest[0] == '"' || rest[0] == '\n' || rest[0] == '\r'))) break;
    if (starts_escaped_template(rest)) end += 2;
    if (quoted && rest[0] == '\\' && end + 1 < size && source_[end + 1] != '\n') ++end;
  }
  end = std::min(end, size);
  if (end > begin) {
    line_start_ = source_[end - 1] == '\n';
    return piece(PieceKind::kText, end);
  }
  if (starts_template(source_.substr(at_))) {
    push(Kind::kTemplate);
    line_start_ = false;
    return piece(PieceKind::kTemplateStart, at_ + (source_.substr(at_ + 2).starts_with('~') ? 3 : 2));
  }
  const std::string_view marker = levels_.back().marker;
  pop();
  if (quoted && source_.substr(at_).starts_with('"')) return piece(PieceKind::kQuote, at_ + 1);
  if (!quoted && at_ < size) {
    while (source_.substr(at_, marker.size()) != marker)
      ++at_;
    return piece(PieceKind::kHeredocEnd, at_ + static_cast<uint32_t>(marker.size()));
  }
  return code();  // a text without its end
}

}  // namespace dcache::project::hcl
