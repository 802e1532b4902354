#include "dcache/plan/environment.h"

#include <algorithm>

namespace dcache::plan {

void Environment::set(std::string name, std::string value, uint32_t line, bool argument) {
  std::erase_if(variables_, [&](const Variable& v) { return v.name == name; });
  variables_.push_back({std::move(name), std::move(value), line, argument});
}

void Environment::forget_arguments() {
  std::erase_if(variables_, [](const Variable& variable) { return variable.argument; });
}

std::optional<std::string_view> Environment::get(std::string_view name) const {
  const auto found =
      std::find_if(variables_.begin(), variables_.end(), [&](const Variable& v) { return v.name == name; });
  if (found == variables_.end()) return std::nullopt;
  return found->value;
}

dockerfile::Lookup Environment::lookup() const {
  return [this](std::string_view name) { return get(name); };
}

}  // namespace dcache::plan
