// What --help prints.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace dcache::cli {

// "-f, --file FILE"
std::string heading_of(const Option& option);
std::string help_of(const Command& command);
// The text in lines of at most 100 columns. The first one starts at a column.
std::string wrapped(std::string_view text, size_t column = 0);
std::string help_of_program(std::span<const Command> commands);

}  // namespace dcache::cli
