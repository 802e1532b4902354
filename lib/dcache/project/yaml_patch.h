// Patches of a YAML tree, as profiles of Skaffold have them: JSON Patch, and `KEY=VALUE` in a path for the
// maps that contain it.
// Source: https://www.rfc-editor.org/rfc/rfc6902, https://github.com/krishicks/yaml-patch
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dcache/project/yaml.h"

namespace dcache::project::yaml {

struct Patch {
  std::string op = "replace";  // add, remove, replace, move, copy, test
  std::string path = {};       // "/build/artifacts/0/docker"
  std::string from = {};       // of move and copy
  std::optional<Value> value = {};
};

// False if the patch does not fit; the tree may be changed in part then.
bool apply(Value& root, const Patch& patch);

}  // namespace dcache::project::yaml
