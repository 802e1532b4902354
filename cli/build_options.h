// The options that say which build is meant, shared by all commands about one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "dcache/cache/build.h"
#include "dcache/project/discover.h"

namespace dcache::cli {

struct BuildFlags {
  std::vector<std::string> files;
  std::string context;
  std::string target;
  std::string platform = "linux/amd64";
  plan::Builder builder = plan::Builder::kBuildkit;
  std::vector<std::string> build_args;
  std::vector<std::string> build_contexts;
  plan::RunOptions run;
  std::vector<std::string> no_cache_filter;
  bool no_cache = false;
  plan::Store store = plan::Store::kContainerd;
  bool no_store = false;
};

// Where things are kept between runs; empty where the environment names no place.
std::string store_folder();
// Of answers of ShellCheck.
std::string shellcheck_folder();

// Adds --builder, which sets the target.
Option& add_builder(Command& command, const std::function<void(plan::Builder)>& set);

// What the build itself tells the builder and every RUN, for the commands that judge steps: --no-cache,
// --network and the like.
void add_builder_options(Command& command, BuildFlags& flags);

// Whether a command takes -f once or several times.
enum class Dockerfiles : uint8_t { kOne, kSeveral };
void add_build_options(Command& command, BuildFlags& flags, Dockerfiles dockerfiles = Dockerfiles::kOne);

// The build of one of the Dockerfiles, or of the one in the context. Says on standard error what is wrong
// with the flags, and gives nothing then.
std::optional<cache::BuildOptions> build_options_of(const BuildFlags& flags, const std::string& file);
// The build that the flags name. Where it can't be read, says why on standard error and gives nothing.
enum class Ignored : uint8_t { kSkipped, kMeasured };
std::optional<cache::Build> load_build(const BuildFlags& flags, Ignored ignored = Ignored::kSkipped);

// For the commands that hash files.
void add_store_option(Command& command, BuildFlags& flags);
// Shows how far hashing has come.
class HashingLine {
 public:
  void operator()(const context::HashingProgress& done);

 private:
  ProgressLine line_;
};
// Hashes what the steps read, with that; `make_keys` as of Build::hash_files().
void hash_files(cache::Build& build, bool make_keys = true);

// One line per failure on standard error.
void complain_of(const std::vector<cache::Failure>& failures);
// What the walk of the context met, one line each.
void warn_of(const cache::Build& build);

// project::find_dockerfiles(), with a warning for each folder without any.
std::vector<std::string> find_files(const std::vector<std::string>& paths,
                                    const project::FindOptions& options = {});

std::string current_folder();

}  // namespace dcache::cli
