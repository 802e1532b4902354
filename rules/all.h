// Every rule that dcache has.
#pragma once

#include <span>

#include "dcache/lint/rule.h"

namespace dcache::rules {

// Sorted by folder and code. The rules live as long as the program.
std::span<const lint::Rule> all();

}  // namespace dcache::rules
