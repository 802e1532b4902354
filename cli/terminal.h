// What the program prints, and to whom.
#pragma once

#include <string>
#include <string_view>

namespace dcache::cli {

// Writes `out` to standard output and empties it.
void print_and_clear(std::string& out);

// One line on standard error, after the program's name.
void complain(std::string_view message);

// Whether standard output is a terminal that shows colours, and NO_COLOR does not forbid them.
bool use_colour();

}  // namespace dcache::cli
