// Evaluates expressions of HCL.
// Source: https://github.com/hashicorp/hcl/blob/main/spec.md
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/hcl/error.h"
#include "dcache/project/hcl/syntax.h"
#include "dcache/project/hcl/value.h"

namespace dcache::project::hcl {

// Names that are valid inside of something: a `for`, a function, a target with a matrix.
struct Scope {
  const Scope* parent = nullptr;
  Value::Members variables = {};

  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
      const auto found = scope->variables.find(name);
      if (found != scope->variables.end()) return &found->second;
    }
    return nullptr;
  }
};

// A function that a file defines.
struct UserFunction {
  std::vector<std::string> parameters = {};
  std::string rest = {};  // the name of the list of further arguments; empty for none
  const Expression* result = nullptr;
  const Source* source = nullptr;
};

// What names mean outside of scopes.
class Names {
 public:
  virtual ~Names() = default;
  // Null for a name that there is not.
  virtual const Value* variable(const std::string& name) = 0;
  virtual const UserFunction* function(const std::string& name) = 0;
};

class Evaluator {
 public:
  // `home` is what homedir() gives; empty if it is not known. `buildx` is the minor version whose functions
  // there are; 0 for all.
  Evaluator(Names& names, Budget& budget, std::string home, uint32_t buildx)
      : names_(names), budget_(budget), home_(std::move(home)), buildx_(buildx) {}

  // Throws an Error with the place.
  Value evaluate(const Expression& expression, const Source& source, const Scope* scope = nullptr);

 private:
  Value value(const Expression& expression, const Scope* scope);
  Value value_of_kind(const Expression& expression, const Scope* scope);
  Value of_template(const Expression& expression, const Scope* scope);
  Value of_join(const Expression& expression, const Scope* scope);
  Value of_variable(const Expression& expression, const Scope* scope);
  Value of_splat(const Expression& expression, const Scope* scope);
  Value of_tuple(const Expression& expression, const Scope* scope);
  Value of_object(const Expression& expression, const Scope* scope);
  Value of_for(const Expression& expression, const Scope* scope);
  Value of_call(const Expression& expression, const Scope* scope);
  Value of_user_call(const UserFunction& function, const std::string& name, std::vector<Value> arguments);
  Value of_try(const Expression& expression, const Scope* scope, bool can);
  Value of_convert(const Expression& expression, const Scope* scope);
  Value of_conditional(const Expression& expression, const Scope* scope);
  Value of_binary(const Expression& expression, const Scope* scope);
  std::vector<Value> arguments_of(const Expression& expression, const Scope* scope, Value& unknown);
  std::string key_of(const Expression& key, const Value& value, bool& known);
  bool included(const Expression* condition, const Scope& scope, Value& unknown);
  Value checked(Value value) const;

  Names& names_;
  Budget& budget_;
  std::string home_;
  uint32_t buildx_;
  const Source* source_ = nullptr;
  std::vector<Value> elements_;  // of the splats around an expression
};

// A text of a value in a template, or null if it is none.
Value text_of(const Value& value);

// What an expression needs: variables that are not bound in it, with the first two attributes that are read
// of them, and functions.
struct Reference {
  std::string name;
  std::vector<std::string> path = {};  // at most two; an index ends it
  bool indexed = false;                // an index follows the path, or there is nothing more
};
struct References {
  std::vector<Reference> variables = {};
  std::vector<std::string> functions = {};
};
References references_of(const Expression& expression);

// The type that an expression names: `string`, `list(number)`, `object({a = optional(bool)})`. Throws an
// Error.
Type type_of(const Expression& expression);

}  // namespace dcache::project::hcl
