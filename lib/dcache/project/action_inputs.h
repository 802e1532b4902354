// The inputs of the actions that build.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/docker_command.h"
#include "dcache/project/yaml.h"

namespace dcache::project {

// Whether `uses` names docker/build-push-action, or one that takes the same inputs.
bool is_build_action(std::string_view uses);
// Whether `uses` names docker/bake-action, or one that takes the same inputs.
bool is_bake_action(std::string_view uses);

// The values of an input that is a list: a line each, or also separated by commas. Values may be in double
// quotes. An expression is not split.
std::vector<std::string> list_of_input(std::string_view text, bool commas);

// The build that docker/build-push-action makes of inputs, whose expressions are resolved as far as they are
// known. Nothing if it does something else.
// Source: https://github.com/docker/build-push-action#inputs
std::optional<CiBuild> read_build_action(const yaml::Value& inputs);

// The same of an action or a workflow that this program does not know: inputs called like `dockerfile` or
// `containerfiles` and `context` are taken for those. Nothing without both.
std::optional<CiBuild> read_other_action(const yaml::Value& inputs);

}  // namespace dcache::project
