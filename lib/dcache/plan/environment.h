// The variables of a stage, in the order that a builder hands them to a process.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/expand.h"

namespace dcache::plan {

struct Variable {
  std::string name;
  std::string value;
  uint32_t line = 0;      // of the ENV or ARG that set it; 0 for a predefined one
  bool argument = false;  // an ARG set it
};

class Environment {
 public:
  // A variable that is set again moves to the end.
  void set(std::string name, std::string value, uint32_t line, bool argument = false);
  // Without what ARG set.
  void forget_arguments();
  std::optional<std::string_view> get(std::string_view name) const;
  std::span<const Variable> variables() const { return variables_; }
  dockerfile::Lookup lookup() const;

 private:
  std::vector<Variable> variables_;
};

}  // namespace dcache::plan
