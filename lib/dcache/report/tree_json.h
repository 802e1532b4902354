// The syntax tree of a Dockerfile as JSON, one object on one line.
//
//   {"file":…,"escape":"\\","instructions":[{"instruction","flags","arguments","json","start_line","end_line",
//    "heredocs"?,"onbuild"?}],"instruction_error"?}
//   {"file":…,"error":{"message","line"}}                    where the text can't be split into instructions
#pragma once

#include <string>
#include <string_view>

#include "dcache/dockerfile/file.h"

namespace dcache::report {

// Appends the object and a newline to `out`.
void append_tree(const dockerfile::File& file, std::string_view name, std::string& out);

}  // namespace dcache::report
