// Every rule that dcache has.
#pragma once

#include <span>

#include "dcache/lint/rule.h"

namespace dcache::lint {

// Sorted by origin and code. The rules live as long as the program. (The list is made from the files in
// rules/.)
std::span<const Rule> catalogue();

}  // namespace dcache::lint
