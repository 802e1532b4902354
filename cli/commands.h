// The commands of the program. Each has its options' values alive as long as it is.
#pragma once

#include <vector>

#include "cli/command.h"

namespace dcache::cli {

Command affected_command();
Command complete_names_command();
Command completion_command();
Command config_command();
Command context_command();
Command explain_command();
Command format_command();
Command graph_command();
Command history_command();
Command images_command();
Command keys_command();
Command lint_command();
Command log_command();
Command lsp_command();
Command manuals_command();
Command optimize_command();
Command parse_command();
Command report_command();
Command rules_command();
Command snapshot_command();

// All of them, in the order of help.
std::vector<Command> all_commands();
// Options that can be given before or after every command's name: --color, --help and --version.
const Command& program();

}  // namespace dcache::cli
