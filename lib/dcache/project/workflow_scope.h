// What is known of the values that a job of GitHub Actions reads: its inputs, its environment, its matrix.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/contexts
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/ci_text.h"
#include "dcache/project/target.h"
#include "dcache/project/yaml.h"

namespace dcache::project {

class WorkflowScope {
 public:
  // `looked_up` counts the characters of values that were looked up, of all scopes together: after too many,
  // values are not known.
  WorkflowScope(const ReadOptions& options, size_t& looked_up) : options_(&options), looked_up_(&looked_up) {}

  // Inputs that are declared: `given` has the values for them, and others have their default. `called` says
  // that there are no others than those given; otherwise a person may have typed them.
  void set_inputs(const yaml::Value* declared, const yaml::Value& given, bool called);
  // `complete` says that what is not a member is empty.
  void set_matrix(yaml::Value matrix, bool complete);
  // The folder of the action that runs, from the root of the repository.
  void set_action(std::string folder) { action_ = std::move(folder); }
  // Adds the members of `env`; null for none.
  void add_environment(const yaml::Value* env);
  void set_variable(const std::string& name, const CiText& value);
  void forget_environment() { environment_.clear(); }

  // Whether a job or step runs, by its `if`: that may say yes or no to what the matrix or the caller gives.
  // Nothing if that is not known.
  std::optional<bool> runs(const yaml::Value& job_or_step) const;
  std::string resolve(std::string_view text) const;
  yaml::Value resolve(const yaml::Value& value) const;
  // A variable of the environment.
  std::optional<CiText> variable(std::string_view name) const;
  const std::map<std::string, std::string, std::less<>>& environment() const { return environment_; }
  // What a copy costs, in characters.
  size_t size() const;
  // The short texts and numbers of the matrix, by name: "image.tag" for a member of a member.
  std::vector<std::pair<std::string, std::string>> matrix_values() const;

 private:
  std::optional<yaml::Value> look_up(const std::vector<std::string>& parts) const;
  std::optional<yaml::Value> find(const std::vector<std::string>& parts) const;
  std::optional<yaml::Value> find_github(const std::vector<std::string>& parts) const;

  const ReadOptions* options_;
  size_t* looked_up_;
  yaml::Value inputs_;
  bool inputs_complete_ = false;
  yaml::Value matrix_;
  bool matrix_complete_ = true;
  std::string action_;
  std::map<std::string, std::string, std::less<>> environment_;  // values may contain expressions
};

}  // namespace dcache::project
