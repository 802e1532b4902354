// The options of a Workspace that users write down, in JSON: for the language server and the C interface.
// Internal.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/editor/workspace.h"

namespace dcache::editor {

// Reads members of one object into values of the right type, and notes those that have another.
class SettingsReader {
 public:
  struct WrongSetting {
    std::string name;
    std::string_view expected;  // "a string"
  };

  explicit SettingsReader(const nlohmann::json& given) : given_(given) {}

  // Leaves `value` alone where there is no such member, or null.
  template <typename T>
  void read(const char* name, T& value) {
    known_.emplace_back(name);
    if (!given_.is_object() || !given_.contains(name) || given_.at(name).is_null()) return;
    try {
      given_.at(name).get_to(value);
    } catch (const nlohmann::json::exception&) {  // the library reports by exception
      wrong_.push_back({name, words_of_type<T>()});
    }
  }
  // "context", "config", "target", "platform", "buildArgs" and "builder".
  void read_workspace(Workspace::Options& options);

  const std::vector<WrongSetting>& wrong() const { return wrong_; }
  // What is wrong with the object, as far as it was read: a member with a value of another type, or one that
  // was not asked for. Empty for nothing.
  std::string complaint() const;

 private:
  template <typename T>
  static constexpr std::string_view words_of_type() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::string>) return "a string";
    if constexpr (std::is_same_v<T, std::vector<std::string>>) return "a list of strings";
    return "an object whose values are strings";
  }

  const nlohmann::json& given_;
  std::vector<std::string_view> known_;
  std::vector<WrongSetting> wrong_;
};

}  // namespace dcache::editor
