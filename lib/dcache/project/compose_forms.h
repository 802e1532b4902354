// The forms that members of Compose's `build` have.
// Source: https://github.com/compose-spec/compose-go/blob/main/schema/compose-spec.json
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dcache/project/compose_model.h"

namespace dcache::project {

// Adds failures for members of another form, and for unknown ones. False if one has another form: the build
// can't be read then.
bool check_compose_build(const yaml::Value& build, ComposeModel& model);

// Whether a value is true or false, or a word that Compose takes for one of them. So is what a variable
// without a value leaves.
// Source: toBoolean in https://github.com/compose-spec/compose-go/blob/main/interpolation/interpolation.go
bool is_compose_switch(const yaml::Value& value, const ComposeModel& model);

// What is wrong with one of `ulimits`, which is a number or two of them; empty for nothing.
std::string fault_of_compose_limit(const yaml::Member& limit, const ComposeModel& model);

// One of a map, or of a list of NAME=VALUE.
struct ComposePair {
  std::string name;
  std::optional<std::string> value;
  yaml::Place place;
};

// Of a null none.
std::vector<ComposePair> compose_pairs(const yaml::Value* value);

}  // namespace dcache::project
