// Compares what a reader of definitions gives with what `docker buildx bake --print` printed.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/project/target.h"

namespace dcache::conformance {

// A line for each difference: "api.args: {} and {"A":"1"}". `printed` has `target`, by name.
std::vector<std::string> differences_of_builds(const nlohmann::json& printed,
                                               const project::Definitions& read);

}  // namespace dcache::conformance
