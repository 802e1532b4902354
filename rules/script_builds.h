// What commands in a file of the project build: their contexts and Dockerfiles, as the shell that runs them
// knows the folder and the variables.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/build_script.h"
#include "rules/project_files.h"

namespace dcache::rules {

// The commands that are looked for.
struct WantedBuilds {
  std::string_view part;  // a text that each of them has
  project::BuildScript::Reader reader = project::read_build_command;
  // Whether it is one of them after its shell has set what it may depend on.
  std::function<bool(const project::CiBuild& build)> is_wanted = [](const project::CiBuild&) { return true; };
};

// The contexts and Dockerfiles that a build names, from the folder of its file or from the root of the
// repository. Empty if it may build any.
std::vector<std::string> paths_of(const project::CiBuild& build);

// The same of each build that the commands at `places` start; a command whose folder or words are not known
// may build any. Scripts, and the scripts of CI files, are read as a whole; of other files each line.
std::vector<std::vector<std::string>> built_paths(const ProjectFile& file, std::span<const size_t> places,
                                                  const WantedBuilds& wanted);

}  // namespace dcache::rules
