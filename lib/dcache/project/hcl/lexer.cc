#include "dcache/project/hcl/lexer.h"

#include <algorithm>
#include <array>

#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

uint32_t width_of_identifier(std::string_view text) {
  uint32_t width = 0;
  while (width < text.size()) {
    const text::Rune rune = text::decode_rune(text.substr(width));
    const bool letter =
        rune.value == '_' || (rune.value != text::kReplacementRune && text::is_letter(rune.value));
    const bool inside = width > 0 && (rune.value == '-' || text::is_digit(rune.value));
    if (!letter && !inside) break;
    width += rune.width;
  }
  return width;
}

// Digits, dots and exponents; the last character is not a dot.
uint32_t width_of_number(std::string_view text) {
  uint32_t width = 0;
  uint32_t at = 0;
  while (at < text.size()) {
    if (text::is_ascii_digit(text[at])) {
      width = ++at;
    } else if (text[at] == '.') {
      ++at;
    } else if (text[at] == 'e' || text[at] == 'E') {
      const size_t sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-') ? 1 : 0;
      if (at + 1 + sign >= text.size() || !text::is_ascii_digit(text[at + 1 + sign])) break;
      at += static_cast<uint32_t>(2 + sign);
      width = at;
    } else {
      break;
    }
  }
  return width;
}

// `<<` or `<<-`, the marker and the newline; 0 for something else.
uint32_t width_of_heredoc(std::string_view text) {
  if (!text.starts_with("<<")) return 0;
  uint32_t width = text.starts_with("<<-") ? 3 : 2;
  const uint32_t marker = width_of_identifier(text.substr(width));
  width += marker;
  if (text.substr(width).starts_with('\r')) ++width;
  return marker > 0 && text.substr(width).starts_with('\n') ? width + 1 : 0;
}

uint32_t width_of_symbol(std::string_view text) {
  static constexpr std::array<std::string_view, 10> kLong = {
      "...", "==", "!=", ">=", "<=", "&&", "||", "::", "=>", "~}"};
  for (const std::string_view symbol : kLong) {
    if (text.starts_with(symbol)) return static_cast<uint32_t>(symbol.size());
  }
  return std::string_view("[](){}.,*/%+-=<>!?:").find(text[0]) != std::string_view::npos ? 1 : 0;
}

size_t skip_spaces(std::string_view source, size_t at, bool newlines_count) {
  while (at < source.size()) {
    const char c = source[at];
    const bool newline = c == '\n' || (c == '\r' && source.substr(at).starts_with("\r\n"));
    if (c == ' ' || c == '\t' || (newline && !newlines_count)) {
      ++at;
      continue;
    }
    const uint32_t end = end_of_comment(source, static_cast<uint32_t>(at));
    if (end == at) break;
    at = end;
  }
  return at;
}

}  // namespace

uint32_t end_of_comment(std::string_view source, uint32_t at) {
  const std::string_view text = source.substr(at);
  if (text.starts_with('#') || text.starts_with("//"))
    return static_cast<uint32_t>(std::min(source.find('\n', at), source.size()));
  if (!text.starts_with("/*")) return at;
  const size_t end = source.find("*/", size_t{at} + 2);
  return end == std::string_view::npos ? at : static_cast<uint32_t>(end + 2);
}

Token next_token(std::string_view source, uint32_t at, bool newlines_count) {
  const auto start = static_cast<uint32_t>(skip_spaces(source, at, newlines_count));
  const auto token = [&](TokenKind kind, uint32_t width) {
    return Token{kind, {start, start + width}, source.substr(start, width)};
  };
  if (start >= source.size()) return token(TokenKind::kEnd, 0);
  const std::string_view text = source.substr(start);
  if (text[0] == '\n') return token(TokenKind::kNewline, 1);
  if (text.starts_with("\r\n")) return token(TokenKind::kNewline, 2);
  if (text[0] == '"') return token(TokenKind::kQuote, 1);
  if (text::is_ascii_digit(text[0])) return token(TokenKind::kNumber, width_of_number(text));
  if (const uint32_t width = width_of_identifier(text)) return token(TokenKind::kIdentifier, width);
  if (const uint32_t width = width_of_heredoc(text)) return token(TokenKind::kHeredoc, width);
  if (const uint32_t width = width_of_symbol(text)) return token(TokenKind::kSymbol, width);
  return token(TokenKind::kInvalid, std::max(text::decode_rune(text).width, 1U));
}

bool is_identifier(std::string_view text) {
  return !text.empty() && width_of_identifier(text) == text.size();
}

}  // namespace dcache::project::hcl
