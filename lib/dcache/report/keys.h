// What `dcache keys` says, for people and for programs.
#pragma once

#include <string>

#include "dcache/cache/build.h"
#include "dcache/report/style.h"

namespace dcache::report {

// One line per step: line, key, number and bytes of the files after it, instruction. `line` other than 0
// also lists the files of the step that starts there.
void append_keys(const cache::Build& build, uint32_t line, const Style& style, std::string& out);
void append_keys_json(const cache::Build& build, std::string& out);

}  // namespace dcache::report
