// Docker Compose, where it is run from another folder than that of its first file.
#pragma once

#include <string>
#include <vector>

#include "dcache/project/target.h"

namespace dcache::project {

// As read_compose(), for a project folder: paths start there, and .env is there. Bake takes the folder it is
// run in.
Definitions read_compose_in(const std::vector<std::string>& paths, const std::string& folder,
                            const ReadOptions& options);

}  // namespace dcache::project
