// Commands that do nothing but what their words say: tools of the system that start no other program.
#pragma once

#include <span>

#include "dcache/shell/script.h"

namespace dcache::rules {

// Whether the program of the words is a plain one, and is not told to start another or to run a script from a
// file, as `find -exec` and `awk -f` do. What it starts may be plain too.
bool is_plain_command(std::span<const shell::Word> words);

}  // namespace dcache::rules
