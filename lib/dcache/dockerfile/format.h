// The layout of a Dockerfile: keywords in capitals, no white space at the ends of lines, a line end after the
// last line. What a builder makes of the file stays as it is, and so do its cache keys,
// but where a step copies the file itself.
#pragma once

#include <string>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/text/edit.h"

namespace dcache::dockerfile {

// In the order of the file; none overlaps another. Comments, heredocs, and what is not an instruction stay as
// they are, except for white space at the end of a line of a comment.
std::vector<text::Edit> format_edits(const File& file);

// The text after those edits.
std::string formatted(const File& file);

}  // namespace dcache::dockerfile
