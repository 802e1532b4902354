// `extends` of Docker Compose: services that start from another one, of the same file or of another.
// Source: https://github.com/compose-spec/compose-spec/blob/main/05-services.md#extends
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "dcache/project/compose_files.h"

namespace dcache::project {

class ComposeExtends {
 public:
  // Both have to outlive it.
  ComposeExtends(ComposeModel& model, ComposeFiles& files);
  ComposeExtends(const ComposeExtends&) = delete;
  ComposeExtends& operator=(const ComposeExtends&) = delete;
  ~ComposeExtends();

  // Completes the services of a document of `file`. Those whose base can't be read are removed.
  void apply(yaml::Value& root, const ResetPaths& resets, const std::string& file, const ComposeScope& scope);

 private:
  struct Services;
  struct BaseFile;

  bool extend(Services& services, size_t at, const ComposeScope& scope, size_t depth);
  bool extend_service(Services& services, size_t at, const ComposeScope& scope, size_t depth);
  bool put_on_base(Services& services, size_t at, const yaml::Value& base);
  Services* base_services(const yaml::Value& file, const ComposeScope& scope);

  ComposeModel& model_;
  ComposeFiles& files_;
  std::map<std::pair<std::string, size_t>, std::unique_ptr<BaseFile>> bases_;  // by path and scope
};

}  // namespace dcache::project
