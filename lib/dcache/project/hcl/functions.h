// The functions that a bake file can call, as docker buildx has them.
// Source: https://github.com/docker/buildx/blob/master/docs/bake-stdlib.md
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/hcl/error.h"
#include "dcache/project/hcl/value.h"

namespace dcache::project::hcl {

// How much of an argument has to be known. What isn't makes the result unknown.
enum class KnownPart : uint8_t { kWholly, kItself, kNothing };

struct Parameter {
  Type type = {};
  KnownPart known = KnownPart::kWholly;
  bool null = false;  // whether it may be null
};

// What a call reads.
struct Call {
  std::span<const Value> arguments;
  Budget& budget;
  std::string_view home;  // the home folder; empty if it is not known

  const Value& operator[](size_t index) const { return arguments[index]; }
  size_t size() const { return arguments.size(); }
  const std::string& text(size_t index) const { return arguments[index].as_string(); }
  // A whole number.
  int64_t integer(size_t index) const;
  // A text as the result; its size counts.
  Value result(std::string text) const;
};

struct Function {
  std::string_view name;
  std::vector<Parameter> parameters = {};
  bool variadic = false;  // the last parameter takes any number of arguments
  Type result = {};       // any if it depends on the arguments
  // Throws an Error.
  Value (*call)(const Call& call) = nullptr;
  uint32_t since = 0;  // the minor version of buildx (0.x) that has it first
};

// Null for a name that is none.
const Function* find_function(std::string_view name);

// What a call means: its arguments are converted first.
Value call_function(const Function& function, std::vector<Value> arguments, Budget& budget,
                    std::string_view home);

// By topic.
std::span<const Function> text_functions();
std::span<const Function> format_functions();
std::span<const Function> number_functions();
std::span<const Function> collection_functions();
std::span<const Function> set_functions();
std::span<const Function> encoding_functions();
std::span<const Function> pattern_functions();
std::span<const Function> network_functions();
std::span<const Function> time_functions();
std::span<const Function> version_functions();

// A value in JSON, as jsonencode() gives it, and back.
std::string to_json(const Value& value, Budget& budget);
Value from_json(std::string_view text, Budget& budget);

}  // namespace dcache::project::hcl
