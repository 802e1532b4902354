// The options that say which build is meant, shared by all commands about one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "dcache/cache/build.h"
#include "dcache/context/boundary.h"
#include "dcache/observe/durations.h"
#include "dcache/project/discover.h"
#include "dcache/project/images.h"

namespace dcache::cli {

struct BuildFlags {
  std::vector<std::string> files;
  std::vector<std::string> images;       // names of images of the repository
  std::vector<std::string> definitions;  // files that define them; empty for those that are found
  std::vector<std::string> profiles;
  std::vector<std::string> set;
  std::string config;  // the configuration for all; empty: the nearest above each
  std::string context;
  std::string target;
  std::string platform;
  plan::Builder builder = plan::Builder::kBuildkit;
  bool builder_is_given = false;
  std::vector<std::string> build_args;
  std::vector<std::string> build_contexts;
  plan::RunOptions run;
  // Of the images of one Dockerfile, those that import a cache are meant, if there are any.
  bool prefers_importing = false;
  // Dockerfiles that a sparse checkout leaves out are images too.
  bool with_left_out = false;
  // All images of a Dockerfile are meant, where otherwise the one would be that is built by default.
  bool means_all_of_file = false;
  std::vector<std::string> no_cache_filter;
  bool no_cache = false;
  plan::Store store = plan::Store::kContainerd;
  bool no_store = false;
};

// Where things are kept between runs; empty where the environment names no place.
std::string store_folder();
// How long steps took when they were built last; empty with --no-store.
observe::Durations known_durations(const BuildFlags& flags);
// Of answers of ShellCheck.
std::string shellcheck_folder();

// Adds --builder, which sets the target.
Option& add_builder(Command& command, const std::function<void(plan::Builder)>& set);
Option& add_builder(Command& command, BuildFlags& flags);

// What the build itself tells the builder and every RUN, for the commands that judge steps: --no-cache,
// --network and the like.
void add_builder_options(Command& command, BuildFlags& flags);

// Whether a command takes -f once or several times.
enum class Dockerfiles : uint8_t { kOne, kSeveral };
void add_build_options(Command& command, BuildFlags& flags, Dockerfiles dockerfiles = Dockerfiles::kOne);

// How a command calls and shows the options below, where it has others of that name.
struct ProjectOptionStyle {
  std::string_view profile = "--profile";
  std::string_view group = "Options";
};
// --definition, --profile and --set, for the commands about the images of a repository.
void add_project_options(Command& command, BuildFlags& flags, const ProjectOptionStyle& style = {});
// --image with those.
void add_image_options(Command& command, BuildFlags& flags, const ProjectOptionStyle& style = {});

// The folders whose files a build may read: the repository that the current folder is in, what the flags
// name, and the repositories of `named` files and folders.
std::vector<std::string> readable_folders(const BuildFlags& flags, const std::vector<std::string>& named);
// The disk, where the files that the flags name are read wherever they lead, and no others outside of
// readable_folders().
std::shared_ptr<const context::FileSystem> disk_of(const BuildFlags& flags);
// Where configurations are read from: --config may name any file, and one above the repository is the user's
// own.
std::shared_ptr<const context::FileSystem> files_of_configurations(const BuildFlags& flags);
// What the flags say of every build, without a Dockerfile. Says on standard error what is wrong with them,
// and gives nothing then.
std::optional<project::ProjectOptions> project_options_of(const BuildFlags& flags);
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
// What steps read of the contexts and can't be read, one line each; with `all`, also what no step reads. True
// if there is nothing but notes.
bool complain_of_problems(const cache::Build& build, bool all = false);

// project::find_dockerfiles(), with a warning for each folder without any. Says what can't be read, and sets
// `failed` then.
project::DiscoveredFiles find_files(const std::vector<std::string>& paths,
                                    const project::FindOptions& options, bool& failed);

// The names given, with `-` replaced by the lines of standard input, which is read once, and those in the
// quotes of git read as it means them. Nothing, with a word on standard error, if standard input can't be
// read.
std::optional<std::vector<std::string>> read_names(const std::vector<std::string>& given);

// What to write where --changed may have no value.
inline constexpr std::string_view kListMayBeEmpty =
    "if the list may be empty, write --changed - and pass it on standard input";

// Whether at most one of --changed, --since and --git is given; says so on standard error if not.
bool is_one_question(const std::vector<std::string>& changed, const std::vector<std::string>& since,
                     const std::vector<std::string>& git);

// One warning for each pattern that matches nothing, and if `all` for each other name too that is not `told`:
// of names that are in no build context.
void warn_of_outside(const std::vector<std::string>& names, bool all,
                     const std::vector<std::string>& told = {});

// The variables of the process.
std::map<std::string, std::string, std::less<>> environment();

using context::current_folder;

}  // namespace dcache::cli
