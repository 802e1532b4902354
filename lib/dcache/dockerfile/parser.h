// Text of a Dockerfile -> syntax tree.
//
// Parsing never fails as a whole: what a builder would refuse becomes an Error in the File, with its place
// and what to write instead, and parsing goes on after it, so that an editor still gets the rest. Time and
// memory are linear in the size of the text. The text may contain any bytes; it must be smaller than 4 GiB.
#pragma once

#include <string>

#include "dcache/dockerfile/file.h"

namespace dcache::dockerfile {

File parse(std::string source);

// The longest line, without its newline, that BuildKit reads; a longer one is an error.
inline constexpr size_t kLongestLine = 64 * 1024 - 1;

}  // namespace dcache::dockerfile
