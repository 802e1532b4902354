// The syntax tree of a bake file, of HCL's own syntax or its JSON form.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/project/hcl/value.h"
#include "dcache/text/failure.h"
#include "dcache/text/line_index.h"
#include "dcache/text/span.h"

namespace dcache::project::hcl {

// A file. Trees point to it, so it stays where it is.
struct Source {
  Source(std::string file, std::string content)
      : path(std::move(file)), text(std::move(content)), lines(text) {}
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  std::string path;
  std::string text;
  text::LineIndex lines;

  text::Failure failure(text::Span span, std::string message, std::string remedy = {}) const {
    const text::Position at = lines.position_of(span.begin);
    return {path, at.line, at.column, std::move(message), std::move(remedy)};
  }
};

// What an expression is; the comment says what `parts` are.
enum class ExpressionKind : uint8_t {
  kLiteral,
  kTemplate,     // what is joined to a text
  kJoin,         // the `for` whose results are joined to a text
  kVariable,     // `name`
  kAttribute,    // of the object; `name`
  kIndex,        // collection, key
  kSplat,        // source, what is done with each element
  kElement,      // the element of the splat around it
  kTuple,        // elements
  kObject,       // key, value, key, value…
  kFor,          // collection, value, key or none, condition or none; `key_name` and `name` are bound
  kCall,         // arguments; `name` is called
  kConditional,  // condition, then, otherwise
  kUnary,        // operand
  kBinary,       // left, right
  kParentheses,  // what is in them
  kBroken,       // a template of JSON that is not one; `name` says why
};

enum class Operator : uint8_t {
  kNone,
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kNot,
  kNegate,
};

struct Expression {
  ExpressionKind kind = ExpressionKind::kLiteral;
  Operator op = Operator::kNone;
  bool expands = false;  // the last argument of a call, or the values of a `for` that are grouped
  bool objects = false;  // a `for` that makes an object
  bool quoted = false;   // a text that was written in quotes
  bool json = false;     // a text or an object of JSON
  uint16_t depth = 1;
  text::Span span = {};
  std::string name = {};
  std::string key_name = {};
  std::string json_text = {};  // what a text of JSON is before it is read as a template
  Value literal = {};
  std::vector<std::unique_ptr<Expression>> parts = {};
};
using ExpressionPtr = std::unique_ptr<Expression>;

struct Attribute {
  std::string name;
  text::Span name_span;
  const Source* source = nullptr;
  ExpressionPtr value;
};

struct Block;

class Body {
 public:
  // False, without adding it, if there is one of that name.
  bool add(Attribute attribute);
  const Attribute* find(std::string_view name) const;
  const std::vector<Attribute>& attributes() const { return attributes_; }

  std::vector<Block> blocks;

 private:
  std::vector<Attribute> attributes_ = {};
  std::map<std::string, size_t, std::less<>> index_ = {};
};

struct Block {
  std::string type;
  std::vector<std::string> labels;
  text::Span span;        // of its header
  text::Span label_span;  // of the first label, or the type
  const Source* source = nullptr;
  Body body;
  text::Span whole = {};  // from its type to its closing bracket
};

inline bool Body::add(Attribute attribute) {
  if (!index_.emplace(attribute.name, attributes_.size()).second) return false;
  attributes_.push_back(std::move(attribute));
  return true;
}

inline const Attribute* Body::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &attributes_[found->second];
}

// The name that an expression consists of: `a`, and "a" in JSON. Empty for another one.
std::string keyword_of(const Expression& expression);

}  // namespace dcache::project::hcl
