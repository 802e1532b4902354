#include "dcache/project/hcl/parser.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "dcache/project/hcl/error.h"
#include "dcache/project/hcl/lexer.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

constexpr uint16_t kDeepestExpression = 150;
// Of a whole file; each takes some hundred bytes.
constexpr size_t kMostExpressions = 400'000;
constexpr size_t kMostFailures = 5;

struct OperatorInfo {
  std::string_view symbol;
  Operator op;
  int precedence;
};
constexpr std::array kOperators = {
    OperatorInfo{"||", Operator::kOr, 1},      OperatorInfo{"&&", Operator::kAnd, 2},
    OperatorInfo{"==", Operator::kEqual, 3},   OperatorInfo{"!=", Operator::kNotEqual, 3},
    OperatorInfo{">", Operator::kGreater, 4},  OperatorInfo{">=", Operator::kGreaterOrEqual, 4},
    OperatorInfo{"<", Operator::kLess, 4},     OperatorInfo{"<=", Operator::kLessOrEqual, 4},
    OperatorInfo{"+", Operator::kAdd, 5},      OperatorInfo{"-", Operator::kSubtract, 5},
    OperatorInfo{"*", Operator::kMultiply, 6}, OperatorInfo{"/", Operator::kDivide, 6},
    OperatorInfo{"%", Operator::kModulo, 6},
};

const OperatorInfo* find_operator(const Token& token) {
  if (token.kind != TokenKind::kSymbol) return nullptr;
  const auto found = std::ranges::find(kOperators, token.text, &OperatorInfo::symbol);
  return found == kOperators.end() ? nullptr : &*found;
}

// What a template consists of, before its directives are matched.
struct TemplatePart {
  enum class Kind : uint8_t { kText, kValue, kIf, kElse, kEndIf, kFor, kEndFor };
  Kind kind = Kind::kText;
  text::Span span = {};
  std::string text = {};
  std::string key_name = {};
  std::string name = {};
  ExpressionPtr value = {};
};
using TemplateParts = std::vector<TemplatePart>;

// What ends a template: a quote, the marker of a heredoc, or the end of the text.
struct TemplateEnd {
  enum class Kind : uint8_t { kQuote, kHeredoc, kText };
  Kind kind = Kind::kText;
  std::string_view marker = {};
};

// Removes the indentation that all lines have (`<<-`).
void remove_indentation(TemplateParts& parts) {
  size_t least = std::numeric_limits<size_t>::max();
  std::vector<TemplatePart*> first_in_line;
  bool newline = true;
  for (TemplatePart& part : parts) {
    const bool text = part.kind == TemplatePart::Kind::kText;
    if (newline) {
      const std::string_view rest = text ? text::trim_left(part.text) : std::string_view();
      const bool blank = text && rest.empty() && part.text.ends_with('\n');
      if (text && !blank) first_in_line.push_back(&part);
      if (!blank) least = std::min(least, text ? part.text.size() - rest.size() : 0);
    }
    newline = text && part.text.ends_with('\n');
  }
  for (TemplatePart* part : first_in_line)
    part->text.erase(0, std::min(least, part->text.size()));
}

class Parser {
 public:
  // `place` is where errors are, if the text is a part of another one.
  explicit Parser(std::string_view text, std::optional<text::Span> place = std::nullopt)
      : text_(text), place_(place) {}

  void file(File& file);
  ExpressionPtr whole_expression();
  ExpressionPtr whole_template() { return template_until({}, place_.value_or(text::Span{}), false); }

 private:
  // Whether newlines count, for as long as it lives.
  class Newlines {
   public:
    Newlines(Parser& parser, bool count) : parser_(parser), before_(std::exchange(parser.newlines_, count)) {}
    Newlines(const Newlines&) = delete;
    Newlines& operator=(const Newlines&) = delete;
    ~Newlines() { parser_.newlines_ = before_; }

   private:
    Parser& parser_;
    bool before_;
  };

  Token peek() const { return next_token(text_, at_, newlines_); }
  Token read() {
    const Token token = peek();
    at_ = token.span.end;
    return token;
  }
  bool accept(std::string_view symbol) {
    const Token token = peek();
    if (token.is(symbol)) at_ = token.span.end;
    return token.is(symbol);
  }
  void expect(std::string_view symbol, const std::string& where) {
    if (!accept(symbol)) wrong(peek(), "'" + std::string(symbol) + "' is expected " + where);
  }

  [[noreturn]] void stop(text::Span span, std::string message) const {
    throw Error{.message = std::move(message), .span = place_.value_or(span)};
  }
  // What is wrong, and what is there.
  [[noreturn]] void wrong(const Token& token, const std::string& message) const {
    stop(token.span,
         message + (token.kind == TokenKind::kEnd       ? ", and the file ends"
                    : token.kind == TokenKind::kNewline ? ", and the line ends"
                                                        : ", not '" + std::string(token.text) + "'"));
  }

  ExpressionPtr make(ExpressionKind kind, text::Span span);
  ExpressionPtr finish(ExpressionPtr expression) const;

  ExpressionPtr expression();
  ExpressionPtr binary(int precedence);
  ExpressionPtr with_traversals(ExpressionPtr from);
  ExpressionPtr after_dot(ExpressionPtr from);
  ExpressionPtr after_bracket(ExpressionPtr from);
  ExpressionPtr attribute_splat(ExpressionPtr from);
  ExpressionPtr attribute(ExpressionPtr from, const Token& name);
  ExpressionPtr numbered(ExpressionPtr from, const Token& number);
  ExpressionPtr term();
  ExpressionPtr number(const Token& token);
  ExpressionPtr word(const Token& token);
  ExpressionPtr call(const Token& name);
  ExpressionPtr tuple(const Token& open);
  ExpressionPtr object(const Token& open);
  ExpressionPtr object_key();
  ExpressionPtr for_expression(const Token& open, bool objects);
  void for_names(Expression& loop);
  std::string identifier(const std::string& message);

  ExpressionPtr template_until(const TemplateEnd& end, text::Span start, bool indented);
  TemplateParts template_parts(const TemplateEnd& end, text::Span start);
  bool at_template_end(const TemplateEnd& end, bool line_start, text::Span start);
  TemplatePart template_text(const TemplateEnd& end);
  void escape(std::string& to);
  TemplatePart template_sequence();
  TemplatePart directive(uint32_t start);
  ExpressionPtr template_of(TemplateParts& parts, size_t& at, text::Span span, const TemplatePart* opened);
  ExpressionPtr condition_of(TemplateParts& parts, size_t& at);
  ExpressionPtr loop_of(TemplateParts& parts, size_t& at);
  ExpressionPtr text_of(std::string text, text::Span span);

  Body body(const Source& source);
  void body_item(const Source& source, Body& to, bool single_line);
  Block block(const Source& source, const Token& type);
  std::string label();
  void end_of_item(const std::string& what);
  void add(Body& to, Attribute attribute);
  void skip_to_next_item();

  std::string_view text_;
  std::optional<text::Span> place_;
  uint32_t at_ = 0;
  bool newlines_ = true;
  uint16_t depth_ = 0;
  std::optional<LostBlock> outermost_ = {};  // the one that is read, in the others that are open
  size_t expressions_ = 0;
};

ExpressionPtr Parser::make(ExpressionKind kind, text::Span span) {
  if (++expressions_ > kMostExpressions) stop(span, "the file has too many expressions");
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->span = place_.value_or(span);
  return made;
}

// Called when all parts are there.
ExpressionPtr Parser::finish(ExpressionPtr made) const {
  for (const ExpressionPtr& part : made->parts) {
    if (part) made->depth = std::max(made->depth, static_cast<uint16_t>(part->depth + 1));
  }
  if (made->depth > kDeepestExpression) stop(made->span, "the expression is nested too deeply");
  return made;
}

ExpressionPtr Parser::whole_expression() {
  newlines_ = false;
  ExpressionPtr parsed = expression();
  if (peek().kind != TokenKind::kEnd) wrong(peek(), "the expression has to end here");
  return parsed;
}

ExpressionPtr Parser::expression() {
  if (++depth_ > kDeepestExpression) stop(peek().span, "the expression is nested too deeply");
  ExpressionPtr condition = binary(1);
  if (accept("?")) {
    ExpressionPtr made = make(ExpressionKind::kConditional, condition->span);
    made->parts.push_back(std::move(condition));
    made->parts.push_back(expression());
    expect(":", "between the two results of a condition");
    made->parts.push_back(expression());
    made->span.end = made->parts.back()->span.end;
    condition = finish(std::move(made));
  }
  --depth_;
  return condition;
}

ExpressionPtr Parser::binary(int precedence) {
  ExpressionPtr left = with_traversals(term());
  for (;;) {
    const OperatorInfo* op = find_operator(peek());
    if (op == nullptr || op->precedence < precedence) return left;
    read();
    ExpressionPtr made = make(ExpressionKind::kBinary, left->span);
    made->op = op->op;
    made->parts.push_back(std::move(left));
    made->parts.push_back(binary(op->precedence + 1));
    made->span.end = made->parts.back()->span.end;
    left = finish(std::move(made));
  }
}

ExpressionPtr Parser::with_traversals(ExpressionPtr from) {
  for (;;) {
    if (accept(".")) {
      from = after_dot(std::move(from));
    } else if (accept("[")) {
      from = after_bracket(std::move(from));
    } else {
      return from;
    }
  }
}

ExpressionPtr Parser::attribute(ExpressionPtr from, const Token& name) {
  ExpressionPtr made = make(ExpressionKind::kAttribute, {from->span.begin, name.span.end});
  made->name = name.text;
  made->parts.push_back(std::move(from));
  return finish(std::move(made));
}

// `a.0` is `a[0]`.
ExpressionPtr Parser::numbered(ExpressionPtr from, const Token& token) {
  if (token.text.find('.') != std::string_view::npos)
    stop(token.span, "two indexes in a row are written in brackets: [0][1]");
  ExpressionPtr made = make(ExpressionKind::kIndex, {from->span.begin, token.span.end});
  made->parts.push_back(std::move(from));
  made->parts.push_back(number(token));
  return finish(std::move(made));
}

ExpressionPtr Parser::after_dot(ExpressionPtr from) {
  const Token token = read();
  if (token.kind == TokenKind::kIdentifier) return attribute(std::move(from), token);
  if (token.kind == TokenKind::kNumber) return numbered(std::move(from), token);
  if (token.is("*")) return attribute_splat(std::move(from));
  wrong(token, "a name is expected after the dot");
}

// `a.*.b` takes attributes and numbers, `a[*]` everything that follows.
ExpressionPtr Parser::attribute_splat(ExpressionPtr from) {
  ExpressionPtr made = make(ExpressionKind::kSplat, from->span);
  ExpressionPtr each = make(ExpressionKind::kElement, from->span);
  while (accept(".")) {
    const Token token = read();
    if (token.kind == TokenKind::kIdentifier) {
      each = attribute(std::move(each), token);
    } else if (token.kind == TokenKind::kNumber) {
      each = numbered(std::move(each), token);
    } else {
      wrong(token, "a name is expected after the dot");
    }
  }
  made->parts.push_back(std::move(from));
  made->parts.push_back(std::move(each));
  return finish(std::move(made));
}

ExpressionPtr Parser::after_bracket(ExpressionPtr from) {
  if (accept("*")) {
    expect("]", "after the * of a splat");
    ExpressionPtr made = make(ExpressionKind::kSplat, from->span);
    made->parts.push_back(std::move(from));
    if (++depth_ > kDeepestExpression) stop(made->span, "the expression is nested too deeply");
    made->parts.push_back(with_traversals(make(ExpressionKind::kElement, made->span)));
    --depth_;
    return finish(std::move(made));
  }
  ExpressionPtr made = make(ExpressionKind::kIndex, from->span);
  made->parts.push_back(std::move(from));
  {
    const Newlines skipped(*this, false);
    made->parts.push_back(expression());
    expect("]", "after an index");
  }
  made->span.end = place_ ? made->span.end : at_;
  return finish(std::move(made));
}

ExpressionPtr Parser::term() {
  const Token token = read();
  switch (token.kind) {
    case TokenKind::kNumber:
      return number(token);
    case TokenKind::kIdentifier:
      return word(token);
    case TokenKind::kQuote:
      return template_until({TemplateEnd::Kind::kQuote}, token.span, false);
    case TokenKind::kHeredoc: {
      const bool indented = token.text.starts_with("<<-");
      const std::string_view marker = text::trim(token.text.substr(indented ? 3 : 2));
      return template_until({TemplateEnd::Kind::kHeredoc, marker}, token.span, indented);
    }
    default:
      break;
  }
  if (token.is("[")) return tuple(token);
  if (token.is("{")) return object(token);
  if (token.is("(")) {
    const Newlines skipped(*this, false);
    ExpressionPtr made = make(ExpressionKind::kParentheses, token.span);
    made->parts.push_back(expression());
    expect(")", "after an expression in parentheses");
    made->span.end = place_ ? made->span.end : at_;
    return finish(std::move(made));
  }
  if (token.is("-") || token.is("!")) {
    if (++depth_ > kDeepestExpression) stop(token.span, "the expression is nested too deeply");
    ExpressionPtr made = make(ExpressionKind::kUnary, token.span);
    made->op = token.is("-") ? Operator::kNegate : Operator::kNot;
    made->parts.push_back(with_traversals(term()));
    made->span.end = made->parts.back()->span.end;
    --depth_;
    return finish(std::move(made));
  }
  wrong(token, "a value is expected");
}

ExpressionPtr Parser::number(const Token& token) {
  std::optional<Number> value = Number::parse(token.text);
  if (!value) stop(token.span, "this is not a number, or one that is too large");
  ExpressionPtr made = make(ExpressionKind::kLiteral, token.span);
  made->literal = Value::number(*std::move(value));
  return made;
}

ExpressionPtr Parser::word(const Token& token) {
  if (peek().is("(") || peek().is("::")) return call(token);
  ExpressionPtr made = make(ExpressionKind::kLiteral, token.span);
  made->name = token.text;  // which may be meant as the key of an object
  if (token.text == "null") return made;
  if (token.text == "true" || token.text == "false") {
    made->literal = Value::boolean(token.text == "true");
    return made;
  }
  made->kind = ExpressionKind::kVariable;
  return made;
}

ExpressionPtr Parser::call(const Token& name) {
  ExpressionPtr made = make(ExpressionKind::kCall, name.span);
  made->name = name.text;
  while (accept("::")) {
    made->name += "::";
    made->name += identifier("the name of a function is expected after ::");
  }
  expect("(", "before the arguments of a function");
  const Newlines skipped(*this, false);
  while (!accept(")")) {
    made->parts.push_back(expression());
    if (accept("...")) {
      made->expands = true;
      expect(")", "after the ... of the last argument");
      break;
    }
    if (!accept(",") && !peek().is(")")) wrong(peek(), "a comma is expected between arguments");
  }
  made->span.end = place_ ? made->span.end : at_;
  return finish(std::move(made));
}

ExpressionPtr Parser::tuple(const Token& open) {
  const Newlines skipped(*this, false);
  if (peek().is_word("for")) return for_expression(open, false);
  ExpressionPtr made = make(ExpressionKind::kTuple, open.span);
  while (!accept("]")) {
    made->parts.push_back(expression());
    if (!accept(",") && !peek().is("]")) wrong(peek(), "a comma is expected between elements");
  }
  made->span.end = place_ ? made->span.end : at_;
  return finish(std::move(made));
}

// A bare name is the text of the key.
ExpressionPtr Parser::object_key() {
  ExpressionPtr key = expression();
  const std::string name = keyword_of(*key);
  if (!name.empty()) return text_of(name, key->span);
  const Expression* root = key.get();
  while (root->kind == ExpressionKind::kAttribute)
    root = root->parts.front().get();
  if (root != key.get() && root->kind == ExpressionKind::kVariable)
    stop(key->span, "a key with dots is written in quotes, and a reference in parentheses");
  return key;
}

ExpressionPtr Parser::object(const Token& open) {
  {
    const Newlines skipped(*this, false);
    if (peek().is_word("for")) return for_expression(open, true);
  }
  const Newlines counted(*this, true);
  ExpressionPtr made = make(ExpressionKind::kObject, open.span);
  for (;;) {
    while (peek().kind == TokenKind::kNewline)
      read();
    if (accept("}")) break;
    made->parts.push_back(object_key());
    if (!accept("=") && !accept(":")) wrong(peek(), "'=' is expected after the key of an object");
    made->parts.push_back(expression());
    if (peek().kind == TokenKind::kNewline || accept(",")) continue;
    if (!peek().is("}")) wrong(peek(), "a comma or a new line is expected between the members of an object");
  }
  made->span.end = place_ ? made->span.end : at_;
  return finish(std::move(made));
}

std::string Parser::identifier(const std::string& message) {
  const Token token = read();
  if (token.kind != TokenKind::kIdentifier) wrong(token, message);
  return std::string(token.text);
}

// `v in` or `k, v in`.
void Parser::for_names(Expression& loop) {
  loop.name = identifier("a name is expected after 'for'");
  if (accept(",")) {
    loop.key_name = std::move(loop.name);
    loop.name = identifier("a second name is expected after the comma");
  }
  if (!read().is_word("in")) stop(loop.span, "'in' is expected after the names of 'for'");
}

ExpressionPtr Parser::for_expression(const Token& open, bool objects) {
  const Newlines skipped(*this, false);
  read();  // for
  ExpressionPtr made = make(ExpressionKind::kFor, open.span);
  made->objects = objects;
  for_names(*made);
  made->parts.resize(4);
  made->parts[0] = expression();
  expect(":", "after the collection of 'for'");
  made->parts[1] = expression();
  if (accept("=>")) {
    made->parts[2] = std::move(made->parts[1]);
    made->parts[1] = expression();
  }
  made->expands = accept("...");
  if (peek().is_word("if")) {
    read();
    made->parts[3] = expression();
  }
  expect(objects ? "}" : "]", "at the end of 'for'");
  if (objects != (made->parts[2] != nullptr))
    stop(made->span,
         objects ? "a 'for' in braces needs a key: key => value" : "a 'for' in brackets has no key");
  if (!objects && made->expands) stop(made->span, "a 'for' in brackets can't group with ...");
  made->span.end = place_ ? made->span.end : at_;
  return finish(std::move(made));
}

// ---- Templates

ExpressionPtr Parser::text_of(std::string text, text::Span span) {
  ExpressionPtr made = make(ExpressionKind::kLiteral, span);
  made->quoted = true;
  made->literal = Value::string(std::move(text));
  return made;
}

ExpressionPtr Parser::template_until(const TemplateEnd& end, text::Span start, bool indented) {
  if (++depth_ > kDeepestExpression) stop(start, "the template is nested too deeply");
  TemplateParts parts = template_parts(end, start);
  if (indented) remove_indentation(parts);
  const text::Span span{start.begin, place_ ? start.end : at_};
  ExpressionPtr made;
  if (parts.size() == 1 && parts[0].kind == TemplatePart::Kind::kValue) {
    // "${a}" is the value itself, not a text.
    made = make(ExpressionKind::kParentheses, span);
    made->parts.push_back(std::move(parts[0].value));
    made = finish(std::move(made));
  } else {
    size_t at = 0;
    made = template_of(parts, at, span, nullptr);
  }
  --depth_;
  return made;
}

bool Parser::at_template_end(const TemplateEnd& end, bool line_start, text::Span start) {
  const std::string_view rest = text_.substr(at_);
  if (end.kind == TemplateEnd::Kind::kText) return rest.empty();
  if (end.kind == TemplateEnd::Kind::kQuote) {
    if (rest.empty()) stop(start, "the text has no closing quote");
    if (rest[0] == '\n' || rest[0] == '\r')
      stop({at_, at_ + 1}, "a text in quotes ends on its line; write \\n, or use <<EOT for several lines");
    if (rest[0] == '"') ++at_;
    return rest[0] == '"';
  }
  if (rest.empty()) stop(start, "no line consists of " + std::string(end.marker) + ", which ends the text");
  if (!line_start) return false;
  const size_t newline = rest.find('\n');
  if (newline == std::string_view::npos || text::trim(rest.substr(0, newline)) != end.marker) return false;
  // The newline stays: it ends the attribute.
  at_ += static_cast<uint32_t>(rest.substr(0, newline).ends_with('\r') ? newline - 1 : newline);
  return true;
}

// The parts as they are written; spaces next to `~` are removed from them.
TemplateParts Parser::template_parts(const TemplateEnd& end, text::Span start) {
  TemplateParts parts;
  bool trim_next = false;
  bool line_start = true;
  while (!at_template_end(end, line_start, start)) {
    const std::string_view rest = text_.substr(at_);
    const bool sequence = rest.starts_with("${") || rest.starts_with("%{");
    if (!sequence) {
      TemplatePart part = template_text(end);
      line_start = part.text.ends_with('\n');
      if (trim_next) part.text = std::string(text::trim_left(part.text));
      trim_next = false;
      parts.push_back(std::move(part));
      continue;
    }
    line_start = false;
    const bool trims = rest.size() > 2 && rest[2] == '~';
    if (trims && !parts.empty() && parts.back().kind == TemplatePart::Kind::kText)
      parts.back().text = std::string(text::trim_right(parts.back().text));
    parts.push_back(template_sequence());
    trim_next = text_[at_ - 2] == '~';
  }
  return parts;
}

// A text up to a sequence, the end of the line, or the end.
TemplatePart Parser::template_text(const TemplateEnd& end) {
  TemplatePart part{.span = {at_, at_}};
  const bool quoted = end.kind == TemplateEnd::Kind::kQuote;
  const std::string_view rest = text_.substr(at_);
  if (rest[0] == '$' || rest[0] == '%') {
    const bool escaped = rest.size() > 2 && rest[1] == rest[0] && rest[2] == '{';
    part.text = escaped ? std::string{rest[0], '{'} : std::string{rest[0]};
    at_ += escaped ? 3 : 1;
    part.span.end = at_;
    return part;
  }
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '$' || c == '%' || (quoted && (c == '"' || c == '\n' || c == '\r'))) break;
    if (quoted && c == '\\') {
      escape(part.text);
      continue;
    }
    part.text.push_back(c);
    ++at_;
    if (c == '\n') break;
  }
  part.span.end = at_;
  return part;
}

void Parser::escape(std::string& to) {
  const uint32_t start = at_++;
  const char c = at_ < text_.size() ? text_[at_++] : ' ';
  static constexpr std::string_view kNames = "nrt\"\\";
  static constexpr std::string_view kMeanings = "\n\r\t\"\\";
  const size_t index = kNames.find(c);
  if (index != std::string_view::npos) {
    to.push_back(kMeanings[index]);
    return;
  }
  const uint32_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0)
    stop({start, at_}, "'\\" + std::string(1, c) + "' is not an escape; write \\\\ for a backslash");
  char32_t rune = 0;
  for (uint32_t i = 0; i < digits; ++i) {
    const char d = at_ < text_.size() ? text::ascii_lower(text_[at_]) : ' ';
    const size_t value = std::string_view("0123456789abcdef").find(d);
    if (value == std::string_view::npos)
      stop({start, at_}, "the escape needs " + std::to_string(digits) + " hexadecimal digits");
    rune = rune * 16 + static_cast<char32_t>(value);
    ++at_;
  }
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
    stop({start, at_}, "the escape is not a character of Unicode");
  text::append_rune(to, rune);
}

TemplatePart Parser::template_sequence() {
  const uint32_t start = at_;
  const bool control = text_[at_] == '%';
  at_ += 2;
  if (text_.substr(at_).starts_with('~')) ++at_;
  const Newlines skipped(*this, false);
  TemplatePart part = control ? directive(start) : TemplatePart{.kind = TemplatePart::Kind::kValue};
  if (!control) part.value = expression();
  if (!accept("}") && !accept("~}"))
    wrong(peek(), "'}' is expected after the expression; a literal ${ is $${");
  part.span = {start, at_};
  return part;
}

TemplatePart Parser::directive(uint32_t start) {
  using PartKind = TemplatePart::Kind;
  TemplatePart part;
  const Token word = read();
  if (word.is_word("if")) {
    part.kind = PartKind::kIf;
    part.value = expression();
  } else if (word.is_word("for")) {
    Expression loop;
    loop.span = {start, at_};
    for_names(loop);
    part.kind = PartKind::kFor;
    part.name = std::move(loop.name);
    part.key_name = std::move(loop.key_name);
    part.value = expression();
  } else if (word.is_word("else")) {
    part.kind = PartKind::kElse;
  } else if (word.is_word("endif")) {
    part.kind = PartKind::kEndIf;
  } else if (word.is_word("endfor")) {
    part.kind = PartKind::kEndFor;
  } else {
    wrong(word, "if, else, endif, for or endfor is expected after %{; a literal %{ is %%{");
  }
  return part;
}

// The parts up to the one that ends `opened`, which stays the next one; up to the end for none.
ExpressionPtr Parser::template_of(TemplateParts& parts, size_t& at, text::Span span,
                                  const TemplatePart* opened) {
  using PartKind = TemplatePart::Kind;
  if (++depth_ > kDeepestExpression) stop(span, "the template is nested too deeply");
  ExpressionPtr made = make(ExpressionKind::kTemplate, span);
  while (at < parts.size()) {
    TemplatePart& part = parts[at];
    if (part.kind == PartKind::kText) {
      std::string text;
      for (; at < parts.size() && parts[at].kind == PartKind::kText; ++at)
        text += parts[at].text;
      made->parts.push_back(text_of(std::move(text), part.span));
    } else if (part.kind == PartKind::kValue) {
      made->parts.push_back(std::move(part.value));
      ++at;
    } else if (part.kind == PartKind::kIf) {
      made->parts.push_back(condition_of(parts, at));
    } else if (part.kind == PartKind::kFor) {
      made->parts.push_back(loop_of(parts, at));
    } else if (opened != nullptr) {
      break;
    } else {
      stop(part.span, "there is nothing that this directive belongs to");
    }
  }
  --depth_;
  if (opened != nullptr && at == parts.size())
    stop(opened->span, opened->kind == PartKind::kFor ? "the 'for' has no endfor" : "the 'if' has no endif");
  if (made->parts.empty()) return text_of("", span);
  if (made->parts.size() == 1 && made->parts[0]->quoted) {
    made->parts[0]->span = made->span;
    return std::move(made->parts[0]);
  }
  return finish(std::move(made));
}

ExpressionPtr Parser::condition_of(TemplateParts& parts, size_t& at) {
  using PartKind = TemplatePart::Kind;
  const TemplatePart& opened = parts[at++];
  ExpressionPtr made = make(ExpressionKind::kConditional, opened.span);
  made->parts.push_back(std::move(parts[at - 1].value));
  made->parts.push_back(template_of(parts, at, opened.span, &opened));
  if (parts[at].kind == PartKind::kElse) {
    ++at;
    made->parts.push_back(template_of(parts, at, opened.span, &opened));
  } else {
    made->parts.push_back(text_of("", opened.span));
  }
  if (parts[at].kind != PartKind::kEndIf) stop(parts[at].span, "endif is expected here");
  ++at;
  return finish(std::move(made));
}

ExpressionPtr Parser::loop_of(TemplateParts& parts, size_t& at) {
  TemplatePart& opened = parts[at++];
  ExpressionPtr loop = make(ExpressionKind::kFor, opened.span);
  loop->name = opened.name;
  loop->key_name = opened.key_name;
  loop->parts.resize(4);
  loop->parts[0] = std::move(opened.value);
  loop->parts[1] = template_of(parts, at, opened.span, &opened);
  if (parts[at].kind != TemplatePart::Kind::kEndFor) stop(parts[at].span, "endfor is expected here");
  ++at;
  ExpressionPtr made = make(ExpressionKind::kJoin, opened.span);
  made->parts.push_back(finish(std::move(loop)));
  return finish(std::move(made));
}

// ---- Bodies

void Parser::file(File& file) {
  const Source& source = *file.source;
  if (text_.starts_with(text::kByteOrderMark)) at_ = static_cast<uint32_t>(text::kByteOrderMark.size());
  for (;;) {
    outermost_.reset();
    try {
      while (peek().kind == TokenKind::kNewline)
        read();
      if (peek().kind == TokenKind::kEnd) break;
      body_item(source, file.body, false);
    } catch (const Error& error) {
      file.failures.push_back(source.failure(error.span, error.message));
      if (outermost_) file.lost.push_back(*std::move(outermost_));
      if (file.failures.size() == kMostFailures || expressions_ > kMostExpressions) break;
      skip_to_next_item();
    }
  }
}

void Parser::skip_to_next_item() {
  newlines_ = true;
  depth_ = 0;
  for (;;) {
    const size_t newline = text_.find('\n', at_);
    if (newline == std::string_view::npos) {
      at_ = static_cast<uint32_t>(text_.size());
      return;
    }
    at_ = static_cast<uint32_t>(newline + 1);
    const char c = at_ < text_.size() ? text::ascii_lower(text_[at_]) : ' ';
    if (c >= 'a' && c <= 'z') return;
  }
}

Body Parser::body(const Source& source) {
  Body all;
  for (;;) {
    while (peek().kind == TokenKind::kNewline)
      read();
    if (accept("}")) return all;
    if (peek().kind == TokenKind::kEnd) wrong(peek(), "'}' is expected at the end of the block");
    body_item(source, all, false);
  }
}

void Parser::end_of_item(const std::string& what) {
  const Token end = peek();
  if (end.kind != TokenKind::kNewline && end.kind != TokenKind::kEnd)
    wrong(end, what + " ends with its line");
}

void Parser::add(Body& to, Attribute attribute) {
  const text::Span span = attribute.name_span;
  const std::string name = attribute.name;
  if (to.add(std::move(attribute))) return;
  const Attribute* before = to.find(name);
  const uint32_t line = before->source->lines.line_of(before->name_span.begin);
  stop(span, "\"" + name + "\" is set twice, before in line " + std::to_string(line));
}

void Parser::body_item(const Source& source, Body& to, bool single_line) {
  const Token name = read();
  if (name.kind != TokenKind::kIdentifier) wrong(name, "an attribute or a block is expected");
  const Token next = peek();
  if (next.is("=")) {
    read();
    Attribute made{std::string(name.text), name.span, &source, expression()};
    if (!single_line) end_of_item("an attribute");
    add(to, std::move(made));
    return;
  }
  const bool header = next.is("{") || next.kind == TokenKind::kQuote || next.kind == TokenKind::kIdentifier;
  if (!header || single_line) wrong(next, "'=' is expected after the name of an attribute");
  if (++depth_ > kDeepestExpression) stop(name.span, "the blocks are nested too deeply");
  to.blocks.push_back(block(source, name));
  --depth_;
}

// A text without templates.
std::string Parser::label() {
  const Token token = read();
  if (token.kind == TokenKind::kIdentifier) return std::string(token.text);
  if (token.kind != TokenKind::kQuote) wrong(token, "a name in quotes or '{' is expected");
  std::string text;
  while (!at_template_end({TemplateEnd::Kind::kQuote}, false, token.span)) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("${") || rest.starts_with("%{"))
      stop({at_, at_ + 2}, "the name of a block is a plain text, without templates");
    text += template_text({TemplateEnd::Kind::kQuote}).text;
  }
  return text;
}

Block Parser::block(const Source& source, const Token& type) {
  Block made{std::string(type.text), {}, type.span, type.span, &source, {}, type.span};
  while (!peek().is("{")) {
    const text::Span start = peek().span;
    made.labels.push_back(label());
    if (made.labels.size() == 1) made.label_span = {start.begin, at_};
  }
  made.span.end = at_;
  if (!outermost_ && !made.labels.empty()) outermost_ = LostBlock{made.type, made.labels.front()};
  read();  // {
  const Token first = peek();
  if (first.kind == TokenKind::kNewline || first.kind == TokenKind::kEnd || first.is("}")) {
    made.body = body(source);
  } else {
    body_item(source, made.body, true);
    if (!accept("}"))
      stop(peek().span,
           "a block on one line has one attribute, and '}' after it: write this one on several lines");
  }
  made.whole.end = at_;
  end_of_item("a block");
  return made;
}

}  // namespace

std::string keyword_of(const Expression& expression) {
  if (expression.json) return is_identifier(expression.json_text) ? expression.json_text : "";
  const bool word = expression.kind == ExpressionKind::kVariable ||
                    (expression.kind == ExpressionKind::kLiteral && !expression.quoted);
  if (word) return expression.name;
  return {};
}

File parse_hcl(std::string path, std::string text) {
  File file;
  file.source = std::make_unique<const Source>(std::move(path), std::move(text));
  Parser(file.source->text).file(file);
  return file;
}

ExpressionPtr parse_expression(std::string_view text, text::Span span) {
  return Parser(text, span).whole_expression();
}

ExpressionPtr parse_template(std::string_view text, text::Span span) {
  return Parser(text, span).whole_template();
}

}  // namespace dcache::project::hcl
