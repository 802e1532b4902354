// The variables of a stage, in the order that a builder hands them to a process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/dockerfile/expand.h"

namespace dcache::plan {

struct Variable {
  std::string name;
  std::string value;
  uint32_t line = 0;      // of the ENV or ARG that set it; 0 for a predefined one
  bool argument = false;  // an ARG set it
  bool open = false;      // build arguments or the base image may give it another value
};

// A value that is cheap to copy, however many variables it contains: each RUN keeps the one that it sees, and
// a stage starts with that of the stage it is made from. What is set is written to a log that all copies
// share, and each of them knows how much of it is its own.
//
// Copies may be read from many threads; set() while another thread reads any of them is not safe.
class Environment {
 public:
  Environment();
  // A variable that is set again moves to the end.
  void set(Variable variable);
  void set(std::string name, std::string value, uint32_t line, bool argument = false) {
    set({.name = std::move(name), .value = std::move(value), .line = line, .argument = argument});
  }
  // Without what ARG set.
  void forget_arguments();
  // Null if it is not set. It lives as long as this or a copy of it; so do the views.
  const Variable* find(std::string_view name) const;
  std::optional<std::string_view> get(std::string_view name) const;
  std::vector<const Variable*> variables() const;
  dockerfile::Lookup lookup() const;

 private:
  struct Log;

  std::shared_ptr<Log> log_;
  size_t length_ = 0;  // how much of the log counts
};

}  // namespace dcache::plan
