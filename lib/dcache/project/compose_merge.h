// How Docker Compose puts the parts of services together: those of several files, and what `extends` adds.
//
// Works on trees as they are read. Only what builds need is known here: `build`, `environment` and `env_file`
// have rules of their own, anything else is merged as maps and lists are.
// Source: https://github.com/compose-spec/compose-spec/blob/main/13-merge.md
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/yaml.h"

namespace dcache::project {

// What takes failures: where, and what is wrong there.
using Complain = std::function<void(yaml::Place place, std::string message, std::string remedy)>;

// Puts `over` on top of the service `base`. What can't be put together stays as it is in `base`.
void merge_service(yaml::Value& base, yaml::Value over, const Complain& complain);

// Removes services that are not maps, and `services` itself if it is not one.
void keep_service_maps(yaml::Value& root, const Complain& complain);

// Puts the services of `root` on top of those of `project`, and makes them canonical.
void merge_services(yaml::Value& project, yaml::Value& root, const Complain& complain);

// The long forms of `build` and of its `additional_contexts`; lists in which each key is once.
void make_canonical(yaml::Value& service);

// Makes relative paths of a service start one folder further out: "src" is "folder/src" then. `home` is for
// "~".
void move_paths(yaml::Value& service, std::string_view folder, std::string_view home);

// The values that `!reset` and `!override` are written at: the names that lead to each.
using ResetPaths = std::vector<std::vector<std::string>>;

// Removes values with `!reset`, and collects the places of both tags.
ResetPaths take_resets(yaml::Value& document);

// Removes what is at the places.
void apply_resets(yaml::Value& document, const ResetPaths& resets);

}  // namespace dcache::project
