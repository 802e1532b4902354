// What a service of Compose builds.
#pragma once

#include <optional>
#include <string>

#include "dcache/project/compose_model.h"
#include "dcache/project/target.h"

namespace dcache::project {

// The name of a service for bake, which knows no dots.
std::string compose_target_name(std::string service);

// Nothing if the service is not built, or if its `build` can't be read, which adds to the model's failures.
std::optional<Target> read_compose_service(const std::string& name, const yaml::Value& service,
                                           const std::string& folder, ComposeModel& model,
                                           const ReadOptions& options);

}  // namespace dcache::project
