// The layout of a file of HCL: the indentation of lines, one space on each side of the `=` of an attribute,
// `=` of attributes in lines one after the other below each other, no white space at the ends of lines.
// Nothing but spaces and tabs changes, and none of them that is in a text.
#pragma once

#include <string_view>
#include <vector>

#include "dcache/text/edit.h"

namespace dcache::project::hcl {

// In the order of the file; none overlaps another. `indent` is what a level is indented by: spaces or a tab.
// Empty for a text that is not HCL.
std::vector<text::Edit> format_edits(std::string_view source, std::string_view indent);

}  // namespace dcache::project::hcl
