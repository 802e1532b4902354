#include "dcache/project/workflow_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "dcache/project/ci_text.h"
#include "dcache/project/yaml_scalars.h"
#include "dcache/text/json.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Kind;
using yaml::Value;
using Result = std::optional<Value>;
using Results = std::vector<Result>;

constexpr uint32_t kDeepestExpression = 50;

Value text_value(std::string text) {
  return yaml::make_text(std::move(text), {});
}
Value bool_value(bool value) {
  return {Kind::kBool, {}, value ? "true" : "false", {}, {}, {}};
}

// Whether a part of it is not known. Only plain texts are looked at.
bool is_partial(const Value& value) {
  return value.is_text() && value.text.find("${{") != std::string::npos;
}
bool is_whole(const Result& value) {
  return value && !is_partial(*value);
}

double number_of(const Value& value) {
  if (value.is_null()) return 0;
  if (value.kind == Kind::kBool) return yaml::is_true(value) ? 1 : 0;
  if (!value.is_scalar()) return std::nan("");
  const std::string text(text::trim(yaml::printed(value)));
  if (text.empty()) return 0;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : std::nan("");
}

std::optional<bool> truth_of(const Result& value) {
  if (!is_whole(value)) return std::nullopt;
  switch (value->kind) {
    case Kind::kNull:
      return false;
    case Kind::kBool:
      return yaml::is_true(*value);
    case Kind::kInteger:
    case Kind::kFloat: {
      const double number = number_of(*value);
      return number != 0 && !std::isnan(number);
    }
    case Kind::kTime:
    case Kind::kText:
      return !value->text.empty();
    case Kind::kList:
    case Kind::kMap:
      return true;
  }
  return std::nullopt;
}

// -1, 0 or 1; 2 if they can't be compared.
int compare(const Value& a, const Value& b) {
  if (a.is_text() && b.is_text()) {
    const std::string left = text::to_lower(a.text);
    const std::string right = text::to_lower(b.text);
    return left < right ? -1 : static_cast<int>(left > right);
  }
  const double left = number_of(a);
  const double right = number_of(b);
  if (std::isnan(left) || std::isnan(right)) return 2;
  return left < right ? -1 : static_cast<int>(left > right);
}

enum class Operator : uint8_t { kNone, kEqual, kUnequal, kLess, kAtMost, kMore, kAtLeast };

struct Symbol {
  std::string_view text;
  Operator op;
};
// Longer ones first.
constexpr std::array<Symbol, 6> kComparisons = {{{"==", Operator::kEqual},
                                                 {"!=", Operator::kUnequal},
                                                 {"<=", Operator::kAtMost},
                                                 {">=", Operator::kAtLeast},
                                                 {"<", Operator::kLess},
                                                 {">", Operator::kMore}}};

bool holds(Operator op, int order) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kUnequal:
      return order != 0;
    case Operator::kLess:
      return order == -1;
    case Operator::kAtMost:
      return order == -1 || order == 0;
    case Operator::kMore:
      return order == 1;
    case Operator::kAtLeast:
      return order == 1 || order == 0;
    case Operator::kNone:
      break;
  }
  return false;
}

Result compared(Operator op, const Result& a, const Result& b) {
  if (!is_whole(a) || !is_whole(b)) return std::nullopt;
  if (a->is_list() || a->is_map() || b->is_list() || b->is_map()) return std::nullopt;
  return bool_value(holds(op, compare(*a, *b)));
}

Result contains(const Results& of) {
  if (of.size() != 2 || !is_whole(of[0]) || !is_whole(of[1])) return std::nullopt;
  if (of[0]->is_list()) {
    if (std::ranges::any_of(of[0]->items, is_partial)) return std::nullopt;
    return bool_value(std::ranges::any_of(of[0]->items, [&](const Value& item) {
      return !item.is_list() && !item.is_map() && compare(item, *of[1]) == 0;
    }));
  }
  const std::string text = text::to_lower(yaml::printed(*of[0]));
  return bool_value(text.find(text::to_lower(yaml::printed(*of[1]))) != std::string::npos);
}

Result starts_with(const Results& of) {
  if (of.size() != 2 || !is_whole(of[0]) || !is_whole(of[1])) return std::nullopt;
  return bool_value(text::to_lower(yaml::printed(*of[0])).starts_with(text::to_lower(yaml::printed(*of[1]))));
}

Result ends_with(const Results& of) {
  if (of.size() != 2 || !is_whole(of[0]) || !is_whole(of[1])) return std::nullopt;
  return bool_value(text::to_lower(yaml::printed(*of[0])).ends_with(text::to_lower(yaml::printed(*of[1]))));
}

Result format(const Results& of) {
  if (of.empty() || !std::ranges::all_of(of, &Result::has_value)) return std::nullopt;
  std::string text;
  const std::string pattern = yaml::printed(*of[0]);
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const std::string_view rest = std::string_view(pattern).substr(i);
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      text += c;
      ++i;
    } else if (c != '{') {
      text += c;
    } else {
      size_t number = 0;
      const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), number);
      if (error != std::errc() || end == rest.data() + rest.size() || *end != '}' || number + 1 >= of.size())
        return std::nullopt;
      text += yaml::printed(*of[number + 1]);
      i += static_cast<size_t>(end - rest.data());
    }
    if (text.size() > kLongestCiText) return std::nullopt;
  }
  return text_value(std::move(text));
}

Result join(const Results& of) {
  if (of.empty() || of.size() > 2 || !std::ranges::all_of(of, &Result::has_value)) return std::nullopt;
  const std::string separator = of.size() == 2 ? yaml::printed(*of[1]) : ",";
  if (!of[0]->is_list()) return text_value(yaml::printed(*of[0]));
  std::string text;
  for (const Value& item : of[0]->items) {
    if (&item != of[0]->items.data()) text += separator;
    text += yaml::printed(item);
    if (text.size() > kLongestCiText) return std::nullopt;
  }
  return text_value(std::move(text));
}

// Deeper parts are left out.
Value value_of_json(const nlohmann::json& json, uint32_t depth) {
  Value value;
  if (json.is_string()) return text_value(json.get<std::string>());
  if (json.is_boolean()) return bool_value(json.get<bool>());
  if (json.is_number()) return {yaml::kind_of_plain(json.dump()), {}, json.dump(), {}, {}, {}};
  if (json.is_null() || depth == kDeepestExpression) return value;
  value.kind = json.is_array() ? Kind::kList : Kind::kMap;
  for (const auto& [name, item] : json.items()) {
    if (json.is_array()) {
      value.items.push_back(value_of_json(item, depth + 1));
    } else {
      value.members.push_back({name, Kind::kText, {}, value_of_json(item, depth + 1)});
    }
  }
  return value;
}

Result from_json(const Results& of) {
  if (of.size() != 1 || !is_whole(of[0]) || !of[0]->is_scalar()) return std::nullopt;
  if (of[0]->text.size() > kLongestCiText) return std::nullopt;
  const nlohmann::json json = text::parse_json(yaml::printed(*of[0]));
  if (json.is_discarded()) return std::nullopt;
  return value_of_json(json, 0);
}

struct Function {
  std::string_view name;  // in lower case
  Result (*call)(const Results& of);
};
constexpr std::array<Function, 6> kFunctions = {{{"contains", contains},
                                                 {"startswith", starts_with},
                                                 {"endswith", ends_with},
                                                 {"format", format},
                                                 {"join", join},
                                                 {"fromjson", from_json}}};

bool is_name_char(char c) {
  return text::is_name_start(c) || text::is_ascii_digit(c) || c == '-';
}

// Reads and evaluates at once. What is not an expression makes `wrong_`.
class Evaluator {
 public:
  Evaluator(std::string_view text, const ExpressionLookup& lookup) : text_(text), lookup_(lookup) {}

  Result evaluate() {
    Result value = either();
    skip_space();
    if (wrong_ || at_ < text_.size()) return std::nullopt;
    return value;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && text::is_ascii_space(text_[at_]))
      ++at_;
  }

  bool take(std::string_view symbol) {
    skip_space();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  Result either() {
    if (++depth_ > kDeepestExpression) wrong_ = true;
    Result left = both();
    while (!wrong_ && take("||")) {
      Result right = both();
      const auto truth = truth_of(left);
      if (!truth) left = std::nullopt;
      if (truth && !*truth) left = std::move(right);
    }
    --depth_;
    return left;
  }

  Result both() {
    Result left = comparison();
    while (!wrong_ && take("&&")) {
      Result right = comparison();
      const auto truth = truth_of(left);
      if (!truth) left = std::nullopt;
      if (truth && *truth) left = std::move(right);
    }
    return left;
  }

  Result comparison() {
    Result left = unary();
    while (!wrong_) {
      const auto* const symbol =
          std::ranges::find_if(kComparisons, [&](const Symbol& one) { return take(one.text); });
      if (symbol == kComparisons.end()) break;
      left = compared(symbol->op, left, unary());
    }
    return left;
  }

  Result unary() {
    size_t negations = 0;
    while (take("!"))
      ++negations;
    Result value = primary();
    if (negations == 0) return value;
    const auto truth = truth_of(value);
    if (!truth) return std::nullopt;
    return bool_value(*truth == (negations % 2 == 0));
  }

  Result primary() {
    skip_space();
    if (wrong_ || at_ >= text_.size()) return fail();
    const char c = text_[at_];
    if (c == '\'') return quoted();
    if (c == '(') {
      ++at_;
      Result value = either();
      if (!take(")")) return fail();
      return parts_after(std::move(value));
    }
    if (text::is_ascii_digit(c) || c == '-' || c == '+' || c == '.') return number();
    if (text::is_name_start(c)) return named();
    return fail();
  }

  Result fail() {
    wrong_ = true;
    return std::nullopt;
  }

  Result quoted() {
    std::string text;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '\'') {
        text += text_[at_];
      } else if (text_.substr(at_ + 1).starts_with('\'')) {
        text += text_[at_++];
      } else {
        ++at_;
        return text_value(std::move(text));
      }
    }
    return fail();
  }

  Result number() {
    const size_t begin = at_;
    while (at_ < text_.size() && (is_name_char(text_[at_]) || text_[at_] == '.' || text_[at_] == '+'))
      ++at_;
    std::string text(text_.substr(begin, at_ - begin));
    const Kind kind = yaml::kind_of_plain(text);
    if (kind != Kind::kInteger && kind != Kind::kFloat) return fail();
    return Value{kind, {}, std::move(text), {}, {}, {}};
  }

  std::string name() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_]))
      ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result named() {
    std::string first = name();
    if (take("(")) return parts_after(called(text::to_lower(first)));
    if (first == "true" || first == "false") return bool_value(first == "true");
    if (first == "null") return Value();
    if (first == "NaN" || first == "Infinity") return std::nullopt;
    std::vector<std::string> parts;
    parts.push_back(std::move(first));
    if (!read_parts(parts)) return std::nullopt;
    return lookup_(parts);
  }

  Result called(const std::string& function) {
    Results arguments;
    if (!take(")")) {
      do
        arguments.push_back(either());
      while (!wrong_ && take(","));
      if (!take(")")) return fail();
    }
    const auto* const known = std::ranges::find(kFunctions, function, &Function::name);
    return known == kFunctions.end() ? std::nullopt : known->call(arguments);
  }

  Result parts_after(Result value) {
    std::vector<std::string> parts;
    const bool known = read_parts(parts);
    if (!known || !value) return std::nullopt;
    return parts.empty() ? std::move(value) : part_of(*value, parts, 0);
  }

  // `.name` and `[index]`. False if one of them is not known.
  bool read_parts(std::vector<std::string>& parts) {
    bool known = true;
    while (!wrong_) {
      if (take(".")) {
        skip_space();
        if (take("*")) {
          known = false;
        } else {
          parts.push_back(name());
          if (parts.back().empty()) wrong_ = true;
        }
      } else if (take("[")) {
        const bool all = take("*");
        const Result index = all ? std::nullopt : either();
        if (!take("]")) wrong_ = true;
        known = known && is_whole(index) && index->is_scalar();
        if (known) parts.push_back(yaml::printed(*index));
      } else {
        break;
      }
    }
    return known && !wrong_;
  }

  std::string_view text_;
  const ExpressionLookup& lookup_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  bool wrong_ = false;
};

std::string_view inside_of(std::string_view expression) {
  return expression.substr(3, expression.size() - 5);
}

}  // namespace

std::optional<Value> evaluate_expression(std::string_view text, const ExpressionLookup& lookup) {
  if (text.size() > kLongestCiText) return std::nullopt;
  Result value = Evaluator(text, lookup).evaluate();
  if (value && value->text.size() > kLongestCiText) return std::nullopt;
  return value;
}

std::optional<bool> truth_of_expression(const Result& value) {
  return truth_of(value);
}

std::string resolve_expressions(std::string_view text, const ExpressionLookup& lookup) {
  constexpr size_t kMostReplaced = size_t{4} << 20U;
  std::string result;
  const size_t longest = text.size() + kMostReplaced;
  while (!text.empty() && result.size() < longest) {
    const size_t plain = std::min(text.find("${{"), text.size());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    const size_t size = expression_size(text);
    if (size == 0) break;
    const auto value = evaluate_expression(inside_of(text.substr(0, size)), lookup);
    const bool shown = value && !value->is_list() && !value->is_map();
    if (shown) {
      result += yaml::printed(*value);
    } else {
      result += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  result += text;
  return result;
}

Value resolve_values(const Value& value, const ExpressionLookup& lookup) {
  if (value.is_text()) {
    const std::string_view text = text::trim(value.text);
    if (!text.empty() && expression_size(text) == text.size()) {
      auto result = evaluate_expression(inside_of(text), lookup);
      if (!result) return value;
      result->place = value.place;
      return *std::move(result);
    }
    return yaml::make_text(resolve_expressions(value.text, lookup), value.place);
  }
  Value result = value;
  for (Value& item : result.items)
    item = resolve_values(item, lookup);
  for (yaml::Member& member : result.members)
    member.value = resolve_values(member.value, lookup);
  return result;
}

Value part_of(const Value& value, const std::vector<std::string>& parts, size_t from) {
  const Value* at = &value;
  for (size_t i = from; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    if (at->is_list()) {
      size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc() || index >= at->items.size()) return {};
      at = &at->items[index];
    } else {
      const auto found = std::ranges::find_if(at->members, [&](const yaml::Member& member) {
        return text::equals_ignoring_case(member.name, part);
      });
      if (found == at->members.end()) return {};
      at = &found->value;
    }
  }
  return *at;
}

}  // namespace dcache::project
