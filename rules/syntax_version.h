// The Dockerfile syntax that a file asks for.
#pragma once

#include "dcache/dockerfile/file.h"

namespace dcache::rules {

// Whether its `# syntax=` line names a version below 1.`minor` of docker/dockerfile; `1` and `1-labs` are the
// newest. False for a file without the line, and for another frontend.
bool has_syntax_below(const dockerfile::File& file, int minor);

}  // namespace dcache::rules
