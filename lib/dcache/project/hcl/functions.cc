#include "dcache/project/hcl/functions.h"

#include <array>
#include <utility>

#include "dcache/project/hcl/convert.h"

namespace dcache::project::hcl {
namespace {

using Table = std::map<std::string_view, const Function*>;

Table make_table() {
  Table table;
  for (const auto& functions :
       {text_functions(), format_functions(), number_functions(), collection_functions(), set_functions(),
        encoding_functions(), pattern_functions(), network_functions(), time_functions(),
        version_functions()}) {
    for (const Function& function : functions)
      table.emplace(function.name, &function);
  }
  return table;
}

void check_count(const Function& function, size_t given) {
  const size_t named = function.parameters.size() - (function.variadic ? 1 : 0);
  if (given < named)
    fail(std::string(function.name) + "() takes " + (function.variadic ? "at least " : "") +
         std::to_string(named) + " arguments, not " + std::to_string(given));
  if (given > named && !function.variadic)
    fail(std::string(function.name) + "() takes " + std::to_string(named) + " arguments, not " +
         std::to_string(given));
}

}  // namespace

int64_t Call::integer(size_t index) const {
  const auto value = arguments[index].as_number().integer();
  if (!value) fail("argument " + std::to_string(index + 1) + " has to be a whole number");
  return *value;
}

Value Call::result(std::string text) const {
  budget.spend(text.size() / 16);
  Value value = Value::string(std::move(text));
  if (value.too_large()) Budget::stop("the text is too long");
  return value;
}

const Function* find_function(std::string_view name) {
  static const Table kTable = make_table();
  const auto found = kTable.find(name);
  return found == kTable.end() ? nullptr : found->second;
}

Value call_function(const Function& function, std::vector<Value> arguments, Budget& budget,
                    std::string_view home) {
  check_count(function, arguments.size());
  const Value* unknown = nullptr;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Parameter& parameter = function.parameters[std::min(i, function.parameters.size() - 1)];
    Value& argument = arguments[i];
    budget.spend(1 + argument.size() / 16);
    try {
      argument = convert(argument, parameter.type);
    } catch (Error& error) {
      error.message = "argument " + std::to_string(i + 1) + " of " + std::string(function.name) +
                      "() does not fit: " + error.message;
      throw;
    }
    if (argument.is_null() && !parameter.null)
      fail("argument " + std::to_string(i + 1) + " of " + std::string(function.name) + "() must not be null");
    const bool enough =
        parameter.known == KnownPart::kNothing ||
        (parameter.known == KnownPart::kItself ? argument.is_known() : argument.wholly_known());
    if (!enough && unknown == nullptr) unknown = &argument;
  }
  if (unknown != nullptr) return Value::unknown(function.result, unknown->reason());
  Value result = function.call({arguments, budget, home});
  budget.spend(result.length() + result.size() / 16);
  if (result.too_large()) Budget::stop("the result of " + std::string(function.name) + "() is too large");
  return result;
}

}  // namespace dcache::project::hcl
