// Lists that have each text once.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dcache::project {

// Adds the texts that are not in the list yet, in their order, and none that is empty.
void add_once(std::vector<std::string>& to, std::vector<std::string> more);

}  // namespace dcache::project
