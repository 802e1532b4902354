// What users are told of something that they have to put right.
#pragma once

#include <string>

#include "dcache/cache/build.h"

namespace dcache::report {

// "path:line:column: message; remedy", as far as there is each.
std::string words_of(const cache::Failure& failure);

}  // namespace dcache::report
