#include <array>
#include <cmath>
#include <utility>

#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/operations.h"

namespace dcache::project::hcl {
namespace {

Value number_of_double(double value) {
  if (std::isnan(value)) fail("the result is not a number");
  return Value::number(Number::of_double(value));
}

template <Operator op>
Value binary(const Call& call) {
  return apply(op, call[0], call[1], call.budget);
}

template <Operator op>
Value unary(const Call& call) {
  return apply(op, call[0]);
}

Value absolute(const Call& call) {
  const Number& number = call[0].as_number();
  return Value::number(number.negative() ? number.negated() : number);
}

Value ceil(const Call& call) {
  return Value::number(call[0].as_number().ceiling());
}
Value floor(const Call& call) {
  return Value::number(call[0].as_number().floor());
}
Value truncate(const Call& call) {
  return Value::number(call[0].as_number().truncated());
}

Value log(const Call& call) {
  return number_of_double(std::log(call[0].as_number().approximate()) /
                          std::log(call[1].as_number().approximate()));
}

Value pow(const Call& call) {
  return number_of_double(std::pow(call[0].as_number().approximate(), call[1].as_number().approximate()));
}

Value signum(const Call& call) {
  const int64_t number = call.integer(0);
  return Value::integer(number < 0 ? -1 : number > 0 ? 1 : 0);
}

template <int sign>
Value extreme(const Call& call) {
  if (call.size() == 0) fail("at least one number is needed");
  Value best = call[0];
  for (const Value& number : call.arguments) {
    if (Number::compare(number.as_number(), best.as_number()) * sign > 0) best = number;
  }
  return best;
}

Value parseint(const Call& call) {
  if (!call[0].type().is(Kind::kString)) fail("parseint() takes a text, not " + call[0].type().phrase());
  const int64_t base = call.integer(1);
  if (base < 2 || base > 62) fail("the base has to be from 2 to 62");
  const auto number = Number::parse_integer(call.text(0), static_cast<uint32_t>(base));
  if (!number) fail("\"" + call.text(0) + "\" is not a whole number in base " + std::to_string(base));
  return Value::number(*number);
}

}  // namespace

std::span<const Function> number_functions() {
  const Type number = Type::number();
  const Type truth = Type::boolean();
  const Parameter any{Type::any(), KnownPart::kWholly, true};
  static const std::array kFunctions = {
      Function{"absolute", {{number}}, false, number, absolute},
      Function{"add", {{number}, {number}}, false, number, binary<Operator::kAdd>},
      Function{"and", {{truth}, {truth}}, false, truth, binary<Operator::kAnd>},
      Function{"ceil", {{number}}, false, number, ceil},
      Function{"divide", {{number}, {number}}, false, number, binary<Operator::kDivide>},
      Function{"equal", {any, any}, false, truth, binary<Operator::kEqual>},
      Function{"floor", {{number}}, false, number, floor},
      Function{"greaterthan", {{number}, {number}}, false, truth, binary<Operator::kGreater>},
      Function{"greaterthanorequalto", {{number}, {number}}, false, truth, binary<Operator::kGreaterOrEqual>},
      Function{"int", {{number}}, false, number, truncate},
      Function{"lessthan", {{number}, {number}}, false, truth, binary<Operator::kLess>},
      Function{"lessthanorequalto", {{number}, {number}}, false, truth, binary<Operator::kLessOrEqual>},
      Function{"log", {{number}, {number}}, false, number, log},
      Function{"max", {{number}}, true, number, extreme<1>},
      Function{"min", {{number}}, true, number, extreme<-1>},
      Function{"modulo", {{number}, {number}}, false, number, binary<Operator::kModulo>},
      Function{"multiply", {{number}, {number}}, false, number, binary<Operator::kMultiply>},
      Function{"negate", {{number}}, false, number, unary<Operator::kNegate>},
      Function{"not", {{truth}}, false, truth, unary<Operator::kNot>},
      Function{"notequal", {any, any}, false, truth, binary<Operator::kNotEqual>},
      Function{"or", {{truth}, {truth}}, false, truth, binary<Operator::kOr>},
      Function{"parseint", {{Type::any()}, {number}}, false, number, parseint},
      Function{"pow", {{number}, {number}}, false, number, pow},
      Function{"signum", {{number}}, false, number, signum},
      Function{"subtract", {{number}, {number}}, false, number, binary<Operator::kSubtract>},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
