// The options of `dcache lint`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "dcache/plan/graph.h"

namespace dcache::cli {

struct LintOptions {
  std::vector<std::string> paths;  // empty for the current folder
  bool no_gitignore = false;
  std::vector<std::string> formats;  // FORMAT or FORMAT=FILE
  std::string output;
  std::string sarif_category;
  bool sarif_suppressed = false;
  std::string profile;
  std::vector<std::string> select;
  std::vector<std::string> ignore;
  std::string fail_on;
  std::string minimum_engine;
  std::optional<plan::Builder> builder;
  std::vector<std::string> trusted_registries;
  std::vector<std::pair<std::string, std::string>> levels;  // rule and level
  std::vector<std::pair<std::string, std::string>> labels;  // label and type
  bool strict_labels = false;
  bool report_unused = false;
  bool no_shellcheck = false;
  bool verbose = false;
  std::string baseline;
  std::string new_baseline;
  std::string config;
  bool show_config = false;
  std::string context;
  bool fix = false;
  bool unsafe_fixes = false;
  bool diff = false;
};

// Defines them; `options` has to outlive the command.
void add_lint_options(Command& command, LintOptions& options);

}  // namespace dcache::cli
