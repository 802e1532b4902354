// The variables of a service: its `environment` and its `env_file`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dcache/project/compose_model.h"
#include "dcache/project/target.h"

namespace dcache::project {

class ComposeEnvironment {
 public:
  // Reads the env files, which start at `folder`.
  ComposeEnvironment(const yaml::Value& service, const std::string& folder, ComposeModel& model,
                     const ReadOptions& options);

  // The value of a variable of the service, or else of the project.
  std::optional<std::string> find(const std::string& name) const;

  // Env files that are not there, and not optional.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  void read_file(const yaml::Value& file, const std::string& folder, const ReadOptions& options,
                 Variables& read);

  ComposeModel& model_;
  Variables own_;
  std::vector<std::string> missing_;
};

}  // namespace dcache::project
