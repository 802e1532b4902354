// The options of `dcache lint`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/build_options.h"
#include "cli/command.h"
#include "dcache/lint/overrides.h"

namespace dcache::cli {

struct LintOptions {
  std::vector<std::string> paths;  // empty for the current folder
  bool no_gitignore = false;
  std::vector<std::string> exclude;  // patterns, relative to the current folder
  std::vector<std::string> formats;  // FORMAT or FORMAT=FILE
  std::string output;
  std::string sarif_category;
  bool sarif_suppressed = false;
  lint::Overrides rules;
  // What variables of the environment change, by their names; `rules` have the last word.
  std::vector<std::pair<std::string, lint::Overrides>> of_environment;
  bool no_shellcheck = false;
  bool verbose = false;
  bool statistics = false;
  bool by_impact = false;  // in that order, and not by file
  std::string baseline;
  std::string new_baseline;
  std::string config;
  bool show_config = false;
  BuildFlags build;  // --context, --image and what says where that is defined
  bool fix = false;
  bool unsafe_fixes = false;
  bool diff = false;
  bool watch = false;
  std::string add_ignores;  // the reason in the comments; empty for none

  // Whether texts of files change, or are shown as they would be.
  bool changes_texts() const { return fix || diff || !add_ignores.empty(); }
  bool applies_fixes() const { return fix || (diff && add_ignores.empty()); }
  bool writes_files() const { return !diff && (fix || !add_ignores.empty()); }
  // Whether only some rules run, whatever configurations say.
  bool selects() const;
};

// Defines them; `options` has to outlive the command.
void add_lint_options(Command& command, LintOptions& options);
// Those that say which rules run, for `dcache config`.
void add_config_options(Command& command, LintOptions& options);

// Takes what the command line does not say from variables such as DCACHE_IGNORE: into `of_environment`.
void add_environment(LintOptions& options);

}  // namespace dcache::cli
