#include "dcache/project/hcl/operations.h"

#include <optional>
#include <utility>

#include "dcache/project/hcl/convert.h"

namespace dcache::project::hcl {
namespace {

Value number_of(std::optional<Number> number) {
  if (!number) fail("the result is not a number");
  if (number->out_of_range()) fail("the number is too large or too small");
  return Value::number(*std::move(number));
}

Value calculate(Operator op, const Number& a, const Number& b) {
  const bool infinite = a.infinite() || b.infinite();
  switch (op) {
    case Operator::kAdd:
    case Operator::kSubtract: {
      const Number other = op == Operator::kAdd ? b : b.negated();
      if (a.infinite() && other.infinite() && a.negative() != other.negative())
        fail("the sum of two opposite infinities is not a number");
      return number_of(Number::sum(a, other));
    }
    case Operator::kMultiply:
      if (infinite && (a.zero() || b.zero())) fail("zero times infinity is not a number");
      return number_of(Number::product(a, b));
    case Operator::kDivide:
      return number_of(Number::quotient(a, b));
    default:
      if (infinite && (a.zero() || b.zero())) fail("the remainder of zero and infinity is not a number");
      return number_of(Number::remainder(a, b));
  }
}

bool is_in_order(Operator op, int order) {
  switch (op) {
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterOrEqual:
      return order >= 0;
    case Operator::kLess:
      return order < 0;
    default:
      return order <= 0;
  }
}

bool is_comparison(Operator op) {
  return op >= Operator::kGreater && op <= Operator::kLessOrEqual;
}

// Values that are not known can still be different by their types, or by one of them being null.
Value equality(Operator op, const Value& a, const Value& b) {
  if (!a.wholly_known() || !b.wholly_known()) {
    const Value& unknown = a.wholly_known() ? b : a;
    return Value::unknown(Type::boolean(), unknown.reason());
  }
  return Value::boolean(equal(a, b) == (op == Operator::kEqual));
}

Value element_at(const Value& sequence, const Value& key) {
  const std::optional<int64_t> at = key.as_number().integer();
  if (!at) fail("an index has to be a whole number");
  if (*at < 0) fail("an index must not be negative");
  if (static_cast<uint64_t>(*at) >= sequence.length())
    fail("there is no element " + std::to_string(*at) + ": there are " + std::to_string(sequence.length()));
  return sequence.items()[static_cast<size_t>(*at)];
}

Value member(const Value& mapping, const std::string& name) {
  const auto found = mapping.members().find(name);
  if (found == mapping.members().end()) fail("there is no attribute or key \"" + name + "\"");
  return found->second;
}

}  // namespace

Type operand_type(Operator op) {
  switch (op) {
    case Operator::kOr:
    case Operator::kAnd:
    case Operator::kNot:
      return Type::boolean();
    case Operator::kEqual:
    case Operator::kNotEqual:
      return Type::any();
    default:
      return Type::number();
  }
}

Type result_type(Operator op) {
  return op >= Operator::kAdd && op != Operator::kNot ? Type::number() : Type::boolean();
}

Value apply(Operator op, const Value& left, const Value& right, Budget& budget) {
  budget.spend(1 + (left.size() + right.size()) / 16);
  if (op == Operator::kEqual || op == Operator::kNotEqual) return equality(op, left, right);
  if (left.is_null() || right.is_null()) fail("an operand is null");
  if (left.is_unknown() || right.is_unknown())
    return Value::unknown(result_type(op), left.is_unknown() ? left.reason() : right.reason());
  if (op == Operator::kAnd) return Value::boolean(left.is_true() && right.is_true());
  if (op == Operator::kOr) return Value::boolean(left.is_true() || right.is_true());
  if (is_comparison(op))
    return Value::boolean(is_in_order(op, Number::compare(left.as_number(), right.as_number())));
  budget.spend(16);
  return calculate(op, left.as_number(), right.as_number());
}

Value apply(Operator op, const Value& operand) {
  if (operand.is_null()) fail("the operand is null");
  if (operand.is_unknown()) return Value::unknown(result_type(op), operand.reason());
  if (op == Operator::kNot) return Value::boolean(!operand.is_true());
  return Value::number(operand.as_number().negated());
}

Value index(const Value& collection, const Value& key) {
  if (collection.is_null()) fail("the value is null and has no elements");
  if (key.is_null()) fail("the index is null");
  const Type& type = collection.type();
  if (type.is_any()) return Value::unknown({}, collection.reason());
  if (type.is_primitive()) fail(type.phrase() + " has no elements");
  if (type.is(Kind::kSet)) fail("the elements of a set have no index");
  const Type wanted = type.is_mapping() ? Type::string() : Type::number();
  const Value converted = convert(key, wanted);
  if (converted.is_unknown()) return Value::unknown({}, converted.reason());
  if (collection.is_unknown()) return Value::unknown({}, collection.reason());
  return type.is_mapping() ? member(collection, converted.as_string()) : element_at(collection, converted);
}

Value attribute(const Value& object, const std::string& name) {
  if (object.is_null()) fail("the value is null and has no attribute \"" + name + "\"");
  const Type& type = object.type();
  if (type.is_any()) return Value::unknown({}, object.reason());
  if (!type.is_mapping()) fail(type.phrase() + " has no attribute \"" + name + "\"");
  if (object.is_unknown()) {
    if (type.is(Kind::kObject) && !type.attributes().contains(name))
      fail("there is no attribute \"" + name + "\"");
    return Value::unknown({}, object.reason());
  }
  return member(object, name);
}

}  // namespace dcache::project::hcl
