// format() and formatlist(), whose verbs are a part of those of C's printf.
// Source: https://github.com/zclconf/go-cty/blob/main/cty/function/stdlib/format.go
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "dcache/project/hcl/convert.h"
#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/letters.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

constexpr int kWidest = 1 << 16;

struct Verb {
  std::string_view text;
  bool zero = false;
  bool sharp = false;
  bool plus = false;
  bool minus = false;
  bool space = false;
  std::optional<int> width = {};
  std::optional<int> precision = {};
  size_t argument = 0;  // from 1
  char mode = ' ';
};

std::string padded(const Verb& verb, std::string text) {
  const auto length = static_cast<int>(character_count(text));
  if (!verb.width || length >= *verb.width) return text;
  const std::string pad(static_cast<size_t>(*verb.width - length), verb.zero ? '0' : ' ');
  return verb.minus ? text + pad : pad + text;
}

// Zeros go after the sign.
std::string padded_number(const Verb& verb, std::string text) {
  const auto length = static_cast<int>(text.size());
  if (!verb.width || length >= *verb.width) return text;
  const auto missing = static_cast<size_t>(*verb.width - length);
  if (verb.minus) return text + std::string(missing, ' ');
  if (!verb.zero) return std::string(missing, ' ') + text;
  const size_t sign = text.starts_with('-') || text.starts_with('+') || text.starts_with(' ') ? 1 : 0;
  return text.insert(sign, missing, '0');
}

std::string sign_of(const Verb& verb, bool negative) {
  return negative ? "-" : verb.plus ? "+" : verb.space ? " " : "";
}

std::string with_exponent(const Decimal& decimal, int digits, char e) {
  std::string text = decimal.digits.empty() ? "0" : decimal.digits.substr(0, 1);
  std::string rest = decimal.digits.size() > 1 ? decimal.digits.substr(1) : "";
  if (digits >= 0) rest.resize(static_cast<size_t>(digits), '0');
  if (!rest.empty()) text += "." + rest;
  const int exponent = decimal.digits.empty() ? 0 : decimal.point - 1;
  const std::string number = std::to_string(std::abs(exponent));
  return text + e + (exponent < 0 ? "-" : "+") + (number.size() < 2 ? "0" : "") + number;
}

std::string without_exponent(const Decimal& decimal, int digits) {
  const auto digit = [&](int at) {
    return at >= 0 && static_cast<size_t>(at) < decimal.digits.size()
               ? decimal.digits[static_cast<size_t>(at)]
               : '0';
  };
  std::string text;
  for (int i = 0; i < decimal.point; ++i)
    text += digit(i);
  if (text.empty()) text = "0";
  const int shown =
      digits >= 0 ? digits : std::max(0, static_cast<int>(decimal.digits.size()) - decimal.point);
  if (shown > 0) text += '.';
  for (int i = 0; i < shown; ++i)
    text += digit(decimal.point + i);
  return text;
}

// %g: with an exponent if it is small or large.
std::string general(const Number& number, std::optional<int> precision, char mode) {
  Decimal decimal = precision ? number.exact() : number.shortest();
  int most = 6;
  if (precision) {
    most = std::max(*precision, 1);
    decimal.round(most);
    const auto digits = static_cast<int>(decimal.digits.size());
    if (most > digits && digits >= decimal.point) most = digits;
  }
  const int exponent = decimal.digits.empty() ? 0 : decimal.point - 1;
  if (exponent < -4 || exponent >= most) return with_exponent(decimal, -1, mode == 'G' ? 'E' : 'e');
  return without_exponent(decimal, -1);
}

std::string float_text(const Verb& verb, const Number& number) {
  if (number.infinite()) return std::string(number.negative() ? "-" : "+") + "Inf";
  std::string text;
  const char mode = verb.mode;
  if (mode == 'g' || mode == 'G') {
    text = general(number, verb.precision, mode);
  } else {
    const int digits = verb.precision.value_or(6);
    Decimal decimal = number.exact();
    decimal.round(mode == 'f' ? decimal.point + digits : digits + 1);
    text = mode == 'f' ? without_exponent(decimal, digits) : with_exponent(decimal, digits, mode);
  }
  return sign_of(verb, number.negative()) + text;
}

std::string integer_text(const Verb& verb, const Number& number) {
  if (!number.whole()) fail("%" + std::string(1, verb.mode) + " needs a whole number");
  static constexpr std::string_view kModes = "bdoxX";
  static constexpr std::array<uint32_t, 5> kBases = {2, 10, 8, 16, 16};
  static constexpr std::array<std::string_view, 5> kPrefixes = {"0b", "", "0", "0x", "0X"};
  const size_t mode = kModes.find(verb.mode);
  std::string digits = number.magnitude().text(kBases.at(mode));
  if (verb.mode == 'X')
    std::ranges::transform(digits, digits.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (verb.precision) {
    const auto least = static_cast<size_t>(*verb.precision);
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  }
  if (verb.sharp) digits.insert(0, kPrefixes.at(mode));
  return sign_of(verb, number.negative() && !number.zero()) + digits;
}

std::string json_of(const Value& value, Budget& budget) {
  return value.is_null() ? "null" : to_json(value, budget);
}

std::string as_is(const Verb& verb, const Value& value, Budget& budget) {
  if (!verb.sharp && !value.is_null()) {
    if (value.type().is(Kind::kString)) return padded(verb, value.as_string());
    if (value.type().is(Kind::kNumber))
      return padded(verb, value.as_number().infinite() ? value.as_number().text()
                                                       : (value.as_number().negative() ? "-" : "") +
                                                             general(value.as_number(), std::nullopt, 'g'));
  }
  return padded(verb, json_of(value, budget));
}

std::string text_value(const Verb& verb, const Value& value, Budget& budget) {
  std::string text = convert(value, Type::string()).as_string();
  if (verb.precision.value_or(0) > 0) {
    size_t end = 0;
    for (int i = 0; i < *verb.precision && end < text.size(); ++i)
      end += character_width(std::string_view(text).substr(end));
    text.resize(end);
  }
  return padded(verb, verb.mode == 's' ? text : to_json(Value::string(text), budget));
}

std::string formatted(const Verb& verb, const Value& value, Budget& budget) {
  const std::string name = "%" + std::string(1, verb.mode);
  if (verb.mode != 'v' && value.is_null()) fail(name + " can't show a null value");
  switch (verb.mode) {
    case 'v':
      return as_is(verb, value, budget);
    case 't':
      return convert(value, Type::boolean()).is_true() ? "true" : "false";
    case 'b':
    case 'd':
    case 'o':
    case 'x':
    case 'X':
      return padded_number(verb, integer_text(verb, convert(value, Type::number()).as_number()));
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return padded_number(verb, float_text(verb, convert(value, Type::number()).as_number()));
    case 's':
    case 'q':
      return text_value(verb, value, budget);
    default:
      fail("format() does not know " + name);
  }
}

class VerbReader {
 public:
  explicit VerbReader(std::string_view format) : text_(format) {}

  // After a %. `next` is the number of the argument to use if none is written.
  Verb read(size_t& at, size_t& next);

 private:
  std::optional<int> number(size_t& at) const {
    if (at >= text_.size() || !text::is_ascii_digit(text_[at])) return std::nullopt;
    int value = 0;
    for (; at < text_.size() && text::is_ascii_digit(text_[at]); ++at)
      value = std::min(value * 10 + (text_[at] - '0'), kWidest + 1);
    if (value > kWidest) Budget::stop("the width in the format is too large");
    return value;
  }
  std::string_view text_;
};

Verb VerbReader::read(size_t& at, size_t& next) {
  Verb verb;
  for (; at < text_.size() && std::string_view("0#+- ").find(text_[at]) != std::string_view::npos; ++at) {
    verb.zero = verb.zero || text_[at] == '0';
    verb.sharp = verb.sharp || text_[at] == '#';
    verb.plus = verb.plus || text_[at] == '+';
    verb.minus = verb.minus || text_[at] == '-';
    verb.space = verb.space || text_[at] == ' ';
  }
  verb.width = number(at);
  if (at < text_.size() && text_[at] == '.') {
    ++at;
    verb.precision = number(at).value_or(0);
  }
  if (at < text_.size() && text_[at] == '[') {
    ++at;
    const std::optional<int> index = number(at);
    if (!index || *index < 1 || at >= text_.size() || text_[at] != ']')
      fail("a number in brackets is expected in the format");
    ++at;
    next = static_cast<size_t>(*index);
  }
  if (at >= text_.size()) fail("the format ends within a % sequence");
  verb.mode = text_[at++];
  verb.argument = next++;
  return verb;
}

std::string format_text(std::string_view format, std::span<const Value> arguments, Budget& budget) {
  VerbReader reader(format);
  std::string result;
  size_t next = 1;
  size_t used = 0;
  for (size_t at = 0; at < format.size();) {
    const char c = format[at++];
    if (c != '%') {
      result += c;
      continue;
    }
    if (at < format.size() && format[at] == '%') {
      result += format[at++];
      continue;
    }
    const Verb verb = reader.read(at, next);
    if (verb.argument > arguments.size())
      fail("the format needs " + std::to_string(verb.argument) + " values, and there are " +
           std::to_string(arguments.size()));
    used = std::max(used, verb.argument);
    result += formatted(verb, arguments[verb.argument - 1], budget);
    budget.spend(1);
    if (result.size() > Value::kLargest) Budget::stop("the text is too long");
  }
  if (used < arguments.size()) {
    fail("the format uses " + std::to_string(used) + " of " + std::to_string(arguments.size()) + " values");
  }
  return result;
}

Value format(const Call& call) {
  return call.result(format_text(call.text(0), call.arguments.subspan(1), call.budget));
}

bool goes_through(const Value& value) {
  return value.type().is_sequence() && !value.is_null();
}

Value formatlist(const Call& call) {
  std::optional<size_t> count;
  for (const Value& argument : call.arguments.subspan(1)) {
    if (argument.is_unknown()) return Value::unknown(Type::list(Type::string()), argument.reason());
    if (!goes_through(argument)) continue;
    if (count && *count != argument.length()) fail("the lists of formatlist() have different lengths");
    count = argument.length();
  }
  Value::Items results;
  for (size_t i = 0; i < count.value_or(1); ++i) {
    Value::Items arguments;
    const Value* unknown = nullptr;
    for (const Value& argument : call.arguments.subspan(1)) {
      arguments.push_back(goes_through(argument) ? argument.items()[i] : argument);
      if (!arguments.back().wholly_known()) unknown = &argument;
    }
    call.budget.spend(1 + arguments.size());
    results.push_back(unknown != nullptr ? Value::unknown(Type::string(), unknown->reason())
                                         : call.result(format_text(call.text(0), arguments, call.budget)));
  }
  return Value::list(Type::string(), std::move(results));
}

}  // namespace

std::span<const Function> format_functions() {
  const Type text = Type::string();
  const Parameter any{Type::any(), KnownPart::kWholly, true};
  const Parameter each{Type::any(), KnownPart::kNothing, true};
  static const std::array kFunctions = {
      Function{"format", {{text}, any}, true, text, format},
      Function{"formatlist", {{text}, each}, true, Type::list(text), formatlist},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
