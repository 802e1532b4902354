// Reads the command line.
#pragma once

#include <string>
#include <variant>

#include "cli/command.h"

namespace dcache::cli {

// What the words of a command line ask for.
struct Arguments {
  enum class Ask : uint8_t { kRun, kHelp, kVersion, kError };
  Ask ask = Ask::kRun;
  std::string message;  // of an error: what is wrong and what to write instead
};

// Gives the options of the command and of the program their values. `words` are those after the program's
// name, with the command's name among them.
Arguments read_arguments(const Command& command, const std::vector<std::string>& words);

}  // namespace dcache::cli
