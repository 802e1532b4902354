// The options of a Workspace that users write down, in JSON: for the language server and the C interface.
// Internal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/editor/workspace.h"

namespace dcache::editor {

// Reads members of one object into values of the right type, and notes the names of those that have another.
class SettingsReader {
 public:
  explicit SettingsReader(const nlohmann::json& given) : given_(given) {}

  // Leaves `value` alone where there is no such member, or null.
  template <typename T>
  void read(const char* name, T& value) {
    known_.emplace_back(name);
    if (!given_.is_object() || !given_.contains(name) || given_.at(name).is_null()) return;
    try {
      given_.at(name).get_to(value);
    } catch (const nlohmann::json::exception&) {  // the library reports by exception
      wrong_.emplace_back(name);
    }
  }
  // "context", "config", "target", "platform", "buildArgs" and "builder".
  void read_workspace(Workspace::Options& options);

  const std::vector<std::string>& wrong() const { return wrong_; }
  // What is wrong with the object, as far as it was read: a member with a value of another type, or one that
  // was not asked for. Empty for nothing.
  std::string complaint() const;

 private:
  const nlohmann::json& given_;
  std::vector<std::string_view> known_;
  std::vector<std::string> wrong_;
};

}  // namespace dcache::editor
