// What --help prints.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace dcache::cli {

// "-f, --file FILE"
std::string heading_of(const Option& option);
std::string help_of(const Command& command);
std::string help_of_program(std::span<const Command> commands);

}  // namespace dcache::cli
