// Text of several lines for a terminal or the log of a CI job.
#pragma once

#include <string>

namespace dcache::report {

// The lines as `printable` shows one: with line ends, tabs and the colors of Style as they are. A backslash
// goes into what GitHub Actions and Azure Pipelines would take for a command: `::error::` at the start of a
// line,
// `##[error]` and `##vso[…]` anywhere. What JsonWriter has written means the same afterwards.
// Without `colored` an escape sequence is none of ours: a diff or a file.
std::string printable_lines(std::string text, bool colored = true);

}  // namespace dcache::report
