// The options that say which build is meant, shared by all commands about one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "dcache/cache/build.h"

namespace dcache::cli {

struct BuildFlags {
  std::string file;
  std::string context;
  std::string target;
  std::string platform = "linux/amd64";
  std::vector<std::string> build_args;
  std::vector<std::string> build_contexts;
  bool no_store = false;
};

void add_build_options(CLI::App& command, BuildFlags& flags);

// The build that the flags name. Where it can't be read, says why on standard error and gives nothing.
std::optional<cache::Build> load_build(const BuildFlags& flags);

// For the commands that hash files.
void add_store_option(CLI::App& command, BuildFlags& flags);
// Hashes what the steps read and shows how far that has come.
void hash_files(cache::Build& build);

// One line per failure: path:line:column: error: message; remedy.
void complain_of(const std::vector<cache::Failure>& failures);
// What the walk of the context met, one line each.
void warn_of(const cache::Build& build);

std::string current_folder();

}  // namespace dcache::cli
