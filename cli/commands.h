// The sub-commands. Each adds its options to the program and sets what runs when it is chosen.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace dcache::cli {

// Exit status of the program.
enum Status : int { kOk = 0, kFindings = 1, kError = 2 };

// Runs the chosen command and gives the exit status.
using Action = std::function<int()>;

void add_completion(CLI::App& app, Action& action);
void add_context(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_keys(CLI::App& app, Action& action);
void add_lint(CLI::App& app, Action& action);
void add_lsp(CLI::App& app, Action& action);
void add_manuals(CLI::App& app, Action& action);
void add_parse(CLI::App& app, Action& action);
void add_rules(CLI::App& app, Action& action);
void add_snapshot(CLI::App& app, Action& action);

}  // namespace dcache::cli
