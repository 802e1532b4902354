// Whether each instruction of a parsed file is well formed: number of arguments, flags and their values,
// stage names. It is what the builder verifies before it looks at stages or files.
#pragma once

#include <vector>

#include "dcache/dockerfile/file.h"

namespace dcache::dockerfile {

// Appends an error of Phase::kInstruction for each instruction that a builder refuses.
void check_instructions(const File& file, std::vector<Error>& errors);

}  // namespace dcache::dockerfile
