// What the program prints, and to whom.
#pragma once

#include <string>
#include <string_view>

namespace dcache::cli {

// Writes `out` to standard output and empties it.
void print_and_clear(std::string& out);

// One line on standard error, after the program's name.
void complain(std::string_view message);

// What --color says; by default colours are shown on a terminal, unless NO_COLOR forbids them.
enum class Colour { kAuto, kAlways, kNever };
void set_colour(Colour colour);
bool use_colour();

}  // namespace dcache::cli
