#include "dcache/project/hcl/evaluator.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/operations.h"
#include "dcache/project/hcl/parser.h"

namespace dcache::project::hcl {
namespace {

// An element of what `for` and splats go through, with its key.
struct Element {
  Value key;
  Value value;
};

std::vector<Element> elements_of(const Value& collection) {
  std::vector<Element> elements;
  int64_t at = 0;
  for (const Value& item : collection.items()) {
    // An element of a set is its own key.
    elements.push_back({collection.type().is(Kind::kSet) ? item : Value::integer(at), item});
    ++at;
  }
  for (const auto& [name, member] : collection.members())
    elements.push_back({Value::string(name), member});
  return elements;
}

}  // namespace

Value text_of(const Value& value) {
  if (value.is_null()) fail("a null value can't be part of a text");
  if (!value.type().is_primitive() && !value.type().is_any())
    fail(value.type().phrase() + " can't be part of a text");
  return convert(value, Type::string());
}

Value Evaluator::evaluate(const Expression& expression, const Source& source, const Scope* scope) {
  const Source* const before = std::exchange(source_, &source);
  std::vector<Value> around = std::exchange(elements_, {});
  const auto restore = [&] {
    source_ = before;
    elements_ = std::move(around);
  };
  try {
    Value result = value(expression, scope);
    restore();
    return result;
  } catch (...) {
    restore();
    throw;
  }
}

Value Evaluator::checked(Value value) const {
  if (value.too_large()) Budget::stop("the value is too large, or nested too deeply");
  return value;
}

Value Evaluator::value(const Expression& expression, const Scope* scope) {
  try {
    const Budget::Level level(budget_);
    budget_.spend(1);
    return value_of_kind(expression, scope);
  } catch (Error& error) {
    if (error.source == nullptr) {
      error.source = source_;
      error.span = expression.span;
    }
    throw;
  }
}

Value Evaluator::value_of_kind(const Expression& expression, const Scope* scope) {
  switch (expression.kind) {
    case ExpressionKind::kLiteral:
      return expression.literal;
    case ExpressionKind::kTemplate:
      return of_template(expression, scope);
    case ExpressionKind::kJoin:
      return of_join(expression, scope);
    case ExpressionKind::kVariable:
      return of_variable(expression, scope);
    case ExpressionKind::kAttribute:
      return attribute(value(*expression.parts[0], scope), expression.name);
    case ExpressionKind::kIndex: {
      const Value collection = value(*expression.parts[0], scope);
      return index(collection, value(*expression.parts[1], scope));
    }
    case ExpressionKind::kSplat:
      return of_splat(expression, scope);
    case ExpressionKind::kElement:
      return elements_.back();
    case ExpressionKind::kTuple:
      return of_tuple(expression, scope);
    case ExpressionKind::kObject:
      return of_object(expression, scope);
    case ExpressionKind::kFor:
      return of_for(expression, scope);
    case ExpressionKind::kCall:
      return of_call(expression, scope);
    case ExpressionKind::kConditional:
      return of_conditional(expression, scope);
    case ExpressionKind::kUnary:
      return apply(expression.op, convert(value(*expression.parts[0], scope), operand_type(expression.op)));
    case ExpressionKind::kBinary:
      return of_binary(expression, scope);
    case ExpressionKind::kParentheses:
      return value(*expression.parts[0], scope);
    case ExpressionKind::kBroken:
      fail(expression.name);
  }
  return {};
}

Value Evaluator::of_template(const Expression& expression, const Scope* scope) {
  std::string text;
  std::optional<Value> unknown;
  for (const ExpressionPtr& part : expression.parts) {
    const Value piece = text_of(value(*part, scope));
    if (piece.is_unknown()) {
      if (!unknown) unknown = piece;
      continue;
    }
    budget_.spend(piece.as_string().size() / 8);
    text += piece.as_string();
    if (text.size() > Value::kLargest) Budget::stop("the text is too long");
  }
  return unknown ? *unknown : Value::string(std::move(text));
}

Value Evaluator::of_join(const Expression& expression, const Scope* scope) {
  const Value pieces = value(*expression.parts[0], scope);
  if (pieces.is_unknown()) return Value::unknown(Type::string(), pieces.reason());
  std::string text;
  for (const Value& item : pieces.items()) {
    const Value piece = text_of(item);
    if (piece.is_unknown()) return piece;
    budget_.spend(1 + piece.as_string().size() / 8);
    text += piece.as_string();
  }
  return checked(Value::string(std::move(text)));
}

Value Evaluator::of_variable(const Expression& expression, const Scope* scope) {
  if (const Value* local = scope == nullptr ? nullptr : scope->find(expression.name)) return *local;
  if (const Value* found = names_.variable(expression.name)) return *found;
  fail("there is no variable \"" + expression.name + "\"");
}

Value Evaluator::of_splat(const Expression& expression, const Scope* scope) {
  Value source = value(*expression.parts[0], scope);
  const bool single = !source.type().is_sequence();
  if (source.is_null()) {
    if (single) return Value::tuple({});
    fail("a splat of null has no elements");
  }
  if (source.is_unknown()) return Value::unknown({}, source.reason());
  if (single) source = Value::tuple({source});
  Value::Items results;
  for (const Value& item : source.items()) {
    elements_.push_back(item);
    try {
      results.push_back(value(*expression.parts[1], scope));
    } catch (...) {
      elements_.pop_back();
      throw;
    }
    elements_.pop_back();
  }
  if (source.type().is(Kind::kTuple)) return checked(Value::tuple(std::move(results)));
  const Type element = results.empty() ? Type::any() : results.front().type();
  const auto same = [&](const Value& item) { return item.type() == element; };
  if (!std::ranges::all_of(results, same)) fail("the elements of the splat have different types");
  return checked(Value::list(element, std::move(results)));
}

Value Evaluator::of_tuple(const Expression& expression, const Scope* scope) {
  Value::Items items;
  items.reserve(expression.parts.size());
  for (const ExpressionPtr& part : expression.parts)
    items.push_back(value(*part, scope));
  return checked(Value::tuple(std::move(items)));
}

// The text of a key; `known` becomes false if it is not known.
std::string Evaluator::key_of(const Expression& key, const Value& given, bool& known) {
  try {
    if (given.is_null()) fail("a key must not be null");
    const Value text = convert(given, Type::string());
    if (text.is_known()) return text.as_string();
    known = false;
    return {};
  } catch (Error& error) {
    if (error.source == nullptr) {
      error.source = source_;
      error.span = key.span;
    }
    throw;
  }
}

Value Evaluator::of_object(const Expression& expression, const Scope* scope) {
  Value::Members members;
  std::optional<Value> unknown;
  for (size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
    const Value given = value(*expression.parts[i], scope);
    bool known = true;
    const std::string key = key_of(*expression.parts[i], given, known);
    Value member = value(*expression.parts[i + 1], scope);
    if (!known) {
      unknown = given;
    } else if (!expression.json) {
      members.insert_or_assign(key, std::move(member));
    } else if (!members.emplace(key, std::move(member)).second) {
      fail("the key \"" + key + "\" is there twice");
    }
  }
  if (unknown) return Value::unknown({}, unknown->reason());
  return checked(Value::object(std::move(members)));
}

// Whether an element is in the result; `unknown` is set if that is not known.
bool Evaluator::included(const Expression* condition, const Scope& scope, Value& unknown) {
  if (condition == nullptr) return true;
  const Value given = value(*condition, &scope);
  if (given.is_null()) fail("the condition of a 'for' must not be null");
  const Value result = convert(given, Type::boolean());
  if (result.is_unknown()) unknown = result;
  return result.is_known() && result.is_true();
}

Value Evaluator::of_for(const Expression& expression, const Scope* scope) {
  const Value collection = value(*expression.parts[0], scope);
  if (collection.is_null()) fail("a 'for' can't go through null");
  if (collection.is_unknown()) return Value::unknown({}, collection.reason());
  if (collection.type().is_primitive()) fail("a 'for' can't go through " + collection.type().phrase());
  Value unknown;
  Value::Items items;
  Value::Members members;
  std::map<std::string, Value::Items, std::less<>> groups;
  for (Element& element : elements_of(collection)) {
    budget_.spend(1);
    Scope inner{scope, {}};
    if (!expression.key_name.empty()) inner.variables.insert_or_assign(expression.key_name, element.key);
    inner.variables.insert_or_assign(expression.name, element.value);
    if (!included(expression.parts[3].get(), inner, unknown)) continue;
    if (!expression.objects) {
      items.push_back(value(*expression.parts[1], &inner));
      continue;
    }
    const Value given = value(*expression.parts[2], &inner);
    bool known = true;
    const std::string key = key_of(*expression.parts[2], given, known);
    if (!known) unknown = given;
    if (!known) continue;
    Value result = value(*expression.parts[1], &inner);
    if (expression.expands) {
      groups[key].push_back(std::move(result));
    } else if (!members.emplace(key, std::move(result)).second) {
      fail("two elements have the key \"" + key + "\"; ... after the value groups them");
    }
  }
  for (auto& [key, values] : groups)
    members.emplace(key, Value::tuple(std::move(values)));
  if (unknown.is_unknown()) return Value::unknown({}, unknown.reason());
  return checked(expression.objects ? Value::object(std::move(members)) : Value::tuple(std::move(items)));
}

// The values of the arguments; `unknown` is set if it is not known how many there are.
std::vector<Value> Evaluator::arguments_of(const Expression& expression, const Scope* scope, Value& unknown) {
  std::vector<Value> arguments;
  for (size_t i = 0; i < expression.parts.size(); ++i) {
    Value argument = value(*expression.parts[i], scope);
    if (!expression.expands || i + 1 < expression.parts.size()) {
      arguments.push_back(std::move(argument));
      continue;
    }
    if (argument.is_null()) fail("the argument before ... is null");
    if (argument.is_unknown()) {
      unknown = argument;
    } else if (!argument.type().is_sequence()) {
      fail("the argument before ... has to be a list, a set or a tuple");
    } else {
      arguments.insert(arguments.end(), argument.items().begin(), argument.items().end());
    }
  }
  return arguments;
}

Value Evaluator::of_call(const Expression& expression, const Scope* scope) {
  if (!expression.expands) {
    if (expression.name == "try" || expression.name == "can")
      return of_try(expression, scope, expression.name == "can");
    if (expression.name == "convert") return of_convert(expression, scope);
  }
  const Function* function = find_function(expression.name);
  if (function != nullptr && buildx_ != 0 && function->since > buildx_)
    fail(expression.name + "() needs docker buildx 0." + std::to_string(function->since));
  const UserFunction* defined = function == nullptr ? names_.function(expression.name) : nullptr;
  if (function == nullptr && defined == nullptr) fail("there is no function \"" + expression.name + "\"");
  Value unknown;
  std::vector<Value> arguments = arguments_of(expression, scope, unknown);
  if (unknown.is_unknown()) return Value::unknown({}, unknown.reason());
  if (defined != nullptr) return of_user_call(*defined, expression.name, std::move(arguments));
  return call_function(*function, std::move(arguments), budget_, home_);
}

Value Evaluator::of_user_call(const UserFunction& function, const std::string& name,
                              std::vector<Value> arguments) {
  const size_t named = function.parameters.size();
  if (arguments.size() < named || (arguments.size() > named && function.rest.empty()))
    fail(name + "() takes " + (function.rest.empty() ? "" : "at least ") + std::to_string(named) +
         " arguments, not " + std::to_string(arguments.size()));
  if (std::ranges::any_of(arguments, [](const Value& argument) { return argument.is_null(); }))
    fail("an argument of " + name + "() is null");
  Scope scope;
  for (size_t i = 0; i < named; ++i)
    scope.variables.insert_or_assign(function.parameters[i], arguments[i]);
  if (!function.rest.empty()) {
    Value::Items rest(arguments.begin() + static_cast<std::ptrdiff_t>(named), arguments.end());
    scope.variables.insert_or_assign(function.rest, Value::tuple(std::move(rest)));
  }
  return evaluate(*function.result, *function.source, &scope);
}

Value Evaluator::of_try(const Expression& expression, const Scope* scope, bool can) {
  if (expression.parts.empty() || (can && expression.parts.size() > 1))
    fail(can ? "can() takes one argument" : "try() takes at least one argument");
  std::optional<Error> last;
  for (const ExpressionPtr& part : expression.parts) {
    try {
      Value result = value(*part, scope);
      return can ? Value::boolean(true) : result;
    } catch (Error& error) {
      if (error.exhausted) throw;
      last = std::move(error);
    }
  }
  if (can) return Value::boolean(false);
  throw *std::move(last);
}

Value Evaluator::of_convert(const Expression& expression, const Scope* scope) {
  if (expression.parts.size() != 2) fail("convert() takes a value and a type");
  const Type type = type_of(*expression.parts[1]);
  return convert(value(*expression.parts[0], scope), type);
}

// Both results are evaluated, since their types decide; an error counts where it is the one that is taken.
Value Evaluator::of_conditional(const Expression& expression, const Scope* scope) {
  std::array<Value, 2> results;
  std::array<std::optional<Error>, 2> errors;
  for (size_t i = 0; i < 2; ++i) {
    try {
      results.at(i) = value(*expression.parts[i + 1], scope);
    } catch (Error& error) {
      if (error.exhausted) throw;
      results.at(i) = Value::unknown({}, "an error");
      errors.at(i) = std::move(error);
    }
  }
  Type type;
  const auto nothing = [](const Value& result) { return result.is_null() && result.type().is_any(); };
  budget_.spend((results[0].size() + results[1].size()) / 16);
  if (nothing(results[0]) || nothing(results[1])) {
    type = results[nothing(results[0]) ? 1 : 0].type();
  } else if (!results[0].type().is_any() && !results[1].type().is_any()) {
    const std::array types{results[0].type(), results[1].type()};
    const std::optional<Type> common = unify(types);
    if (!common)
      fail("the two results of a condition need one type: one is " + types[0].phrase() + ", the other " +
           types[1].phrase());
    type = *common;
  }
  const Value given = value(*expression.parts[0], scope);
  if (given.is_null()) fail("the condition is null");
  const Value condition = convert(given, Type::boolean());
  if (condition.is_unknown()) return Value::unknown(type, condition.reason());
  const size_t taken = condition.is_true() ? 0 : 1;
  if (errors.at(taken)) throw *std::move(errors.at(taken));
  return convert(results.at(taken), type);
}

Value Evaluator::of_binary(const Expression& expression, const Scope* scope) {
  const Operator op = expression.op;
  const bool logic = op == Operator::kAnd || op == Operator::kOr;
  std::array<Value, 2> operands;
  std::array<std::optional<Error>, 2> errors;
  for (size_t i = 0; i < 2; ++i) {
    try {
      operands.at(i) = value(*expression.parts[i], scope);
    } catch (Error& error) {
      if (error.exhausted || !logic) throw;
      errors.at(i) = std::move(error);
      operands.at(i) = Value::unknown({}, "an error");
    }
    operands.at(i) = convert(operands.at(i), operand_type(op));
  }
  if (logic) {
    // One operand can decide, whatever the other one is.
    for (const Value& operand : operands) {
      if (operand.is_known() && !operand.is_null() && operand.is_true() == (op == Operator::kOr))
        return operand;
    }
  }
  for (std::optional<Error>& error : errors) {
    if (error) throw *std::move(error);
  }
  return apply(op, operands[0], operands[1], budget_);
}

// ---- What an expression refers to

namespace {

class ReferenceFinder {
 public:
  void visit(const Expression& expression);
  References found;

 private:
  void path(const Expression& expression);
  bool bound(const std::string& name) const { return std::ranges::find(bound_, name) != bound_.end(); }
  std::vector<std::string> bound_;
  bool json_ = false;
};

// `a.b.c` and `a.b[0]`: the outermost node of them.
void ReferenceFinder::path(const Expression& expression) {
  std::vector<const Expression*> steps;
  const Expression* root = &expression;
  while (root->kind == ExpressionKind::kAttribute || root->kind == ExpressionKind::kIndex) {
    steps.push_back(root);
    if (root->kind == ExpressionKind::kIndex) visit(*root->parts[1]);
    root = root->parts[0].get();
  }
  if (root->kind != ExpressionKind::kVariable) return visit(*root);
  if (bound(root->name)) return;
  Reference reference{.name = root->name};
  for (auto step = steps.rbegin(); step != steps.rend() && reference.path.size() < 2; ++step) {
    if ((*step)->kind == ExpressionKind::kIndex) {
      reference.indexed = true;
      break;
    }
    reference.path.push_back((*step)->name);
  }
  found.variables.push_back(std::move(reference));
}

void ReferenceFinder::visit(const Expression& expression) {
  json_ = json_ || expression.json;
  switch (expression.kind) {
    case ExpressionKind::kVariable:
    case ExpressionKind::kAttribute:
    case ExpressionKind::kIndex:
      return path(expression);
    case ExpressionKind::kFor: {
      visit(*expression.parts[0]);
      const size_t before = bound_.size();
      bound_.push_back(expression.name);
      if (!expression.key_name.empty()) bound_.push_back(expression.key_name);
      for (size_t i = 1; i < expression.parts.size(); ++i) {
        if (expression.parts[i]) visit(*expression.parts[i]);
      }
      bound_.resize(before);
      return;
    }
    case ExpressionKind::kCall:
      if (!json_) found.functions.push_back(expression.name);
      break;
    default:
      break;
  }
  for (const ExpressionPtr& part : expression.parts) {
    if (part) visit(*part);
  }
}

}  // namespace

References references_of(const Expression& expression) {
  ReferenceFinder finder;
  finder.visit(expression);
  return std::move(finder.found);
}

// ---- Types

namespace {

[[noreturn]] void not_a_type(const Expression& expression) {
  throw Error{.message =
                  "this is not a type: string, number, bool, any, list(…), set(…), map(…), tuple([…]) or "
                  "object({…}) is expected",
              .span = expression.span};
}

Type object_type(const Expression& members) {
  Type::Attributes attributes;
  std::set<std::string, std::less<>> optional;
  for (size_t i = 0; i + 1 < members.parts.size(); i += 2) {
    const Value& key = members.parts[i]->literal;
    if (!key.type().is(Kind::kString)) not_a_type(members);
    const Expression* type = members.parts[i + 1].get();
    if (type->kind == ExpressionKind::kCall && type->name == "optional" && type->parts.size() == 1) {
      optional.insert(key.as_string());
      type = type->parts[0].get();
    }
    if (!attributes.emplace(key.as_string(), type_of(*type)).second) not_a_type(members);
  }
  return Type::object(std::move(attributes), std::move(optional));
}

Type type_of_word(const std::string& word, const Expression& expression) {
  if (word == "string") return Type::string();
  if (word == "number") return Type::number();
  if (word == "bool") return Type::boolean();
  if (word == "any") return Type::any();
  not_a_type(expression);
}

}  // namespace

Type type_of(const Expression& expression) {
  const std::string word = keyword_of(expression);
  if (!word.empty()) return type_of_word(word, expression);
  if (expression.json) return type_of(*parse_expression(expression.json_text, expression.span));
  if (expression.kind != ExpressionKind::kCall || expression.parts.size() != 1) not_a_type(expression);
  const Expression& argument = *expression.parts[0];
  if (expression.name == "list") return Type::list(type_of(argument));
  if (expression.name == "set") return Type::set(type_of(argument));
  if (expression.name == "map") return Type::map(type_of(argument));
  if (expression.name == "object" && argument.kind == ExpressionKind::kObject) return object_type(argument);
  if (expression.name != "tuple" || argument.kind != ExpressionKind::kTuple) not_a_type(expression);
  std::vector<Type> elements;
  for (const ExpressionPtr& part : argument.parts)
    elements.push_back(type_of(*part));
  return Type::tuple(std::move(elements));
}

}  // namespace dcache::project::hcl
