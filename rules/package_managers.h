// What rules know of package managers. The knowledge is data: rules/data/package-managers.json.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "rules/edits.h"

namespace dcache::rules {

using Words = std::span<const std::string_view>;

struct Pair {
  std::string_view name;
  std::string_view value;
};

// What a file of a project has if packages come from files of the project or the machine. One that was
// replaced under its version may not be noticed.
struct LocalSource {
  std::string_view file;     // its name, which may be a pattern
  std::string_view pattern;  // RE2
  std::string_view unless;   // RE2, of what the pattern matched: a source that is used in place
};

// Where a cache is on images of these names: the last part of the name, without registry and tag. With "<N"
// only tags whose first number is lower count; what ends in a slash is a folder of the registry.
struct ImagePath {
  Words images;
  std::string_view path;
};

// A folder in which a package manager keeps what it downloaded or compiled. A path that starts with "~" is in
// the home of the user who runs it.
struct Cache {
  std::string_view name;
  std::string_view path = {};                 // empty where only the image can tell
  std::string_view of_root = {};              // the same for root, if it is another one
  std::span<const ImagePath> on_images = {};  // before `path`
  std::string_view on_distributions = {};     // on images of a Linux distribution, which set nothing
  // Variables that move it, and options of the command that do: its folder is their value with the second
  // text after it. "?" means one that nobody can tell, "?TEXT" where the value contains that text.
  std::span<const Pair> env = {};
  std::span<const Pair> options = {};
  Words also = {};                 // other places that serve as well
  std::string_view own_part = {};  // what is in the folder, if others keep their files next to it
  std::string_view sharing = {};   // of a cache mount for it; empty for the default
  bool used_from = false;          // packages are used from there, not only copied out of it
  // What was compiled is kept there, and the package manager does not tell glibc and musl apart.
  bool compiled = false;
};

// A sub-command that downloads or compiles something.
struct Action {
  enum class Installs : uint8_t {
    kNothing,   // names what it installs itself
    kManifest,  // what the manifests list
    kBare,      // the same, if it is given no package
    kFiles,     // what the files named by its options list
    kImplied,   // fetches what the manifests list on the way to something else
  };
  Words words = {};   // a trailing `*` means any rest of the word
  Words caches = {};  // by name
  Installs installs = Installs::kNothing;
  std::string_view fetch = {};      // kImplied: the command that only downloads
  Words needs_sources_unless = {};  // it wants the project's sources too, unless one of these is given
  Words without_sources = {};       // options with which it installs all but the project
};

// How a command names the versions of what it installs.
struct Pin {
  Words programs;
  Words commands;                   // one of them is among the arguments
  Words starts_program = {};        // those of them that start one package and hand it the rest
  std::string_view only_with = {};  // an argument that has to be there too
  Words unless = {};                // arguments that must not
  std::string_view ends_at = {};    // what follows this argument is for somebody else
  Words options_with_value = {};
  Words exempt_options = {};      // with one of these the versions are elsewhere
  std::string_view pinned;        // RE2: a package that names its version, or that is a local file
  std::string_view loose = {};    // RE2: one that does so but to name a moving version
  std::string_view example = {};  // "{}=VERSION"
};

// How a command is told not to ask.
struct Confirmation {
  Words programs = {};
  Words commands = {};
  Words options = {};
  Words quiet = {};  // options that say so too where they are given twice, or with level 2
};

// What an install leaves in the layer, and what takes it away again.
struct Cleanup {
  Words programs = {};
  Words commands = {};
  Words unless = {};                     // arguments with which it installs nothing
  bool shipped_only = false;             // stages that are only copied from may keep it
  std::span<const Words> cleaners = {};  // program and first arguments
  Words folders = {};
};

struct PackageManager {
  std::string_view name;
  std::span<const Words> programs;  // ["python", "-m", "pip"]
  Words manifests = {};             // all needed
  Words optional = {};              // taken along where they exist
  Words inseparable_if = {};        // text in a manifest that refers to sources
  Words inseparable_with = {};      // files that do
  Words scripts = {};               // of a package.json that an install of the project runs by itself
  bool separable = true;            // the install is known to work before the sources are there
  std::span<const Cache> caches = {};
  Words file_options = {};
  Words options_with_value = {};
  Words opt_out = {};  // options that keep it from caching
  Words opt_out_env = {};
  bool unsafe_fix = false;  // a cache mount for it changes what the image contains
  std::span<const Action> actions = {};
  std::span<const Pin> pins = {};
  Confirmation confirms = {};
  Cleanup cleanup = {};
  std::span<const Words> empties = {};  // commands that empty its caches: program and words
  Words cleaning_rules = {};  // of other catalogues: a cache mount is the better answer to what they ask for
  Words configured_unless = {};               // settings that move no cache: their names up to a dot
  std::span<const Words> configured_by = {};  // commands that may move its caches: their first words
  std::span<const Pair> configured_in = {};  // files of the project that may, if they contain the second text
  Words ask = {};  // commands that tell where they are, that of the newest version first
  std::span<const LocalSource> local_sources = {};
  Words local_options = {};  // whose value is such a source, if it is not an address
  Words local_env = {};      // the same of variables
  Words offline = {};        // arguments that keep it from downloading
  Words offline_env = {};    // "NAME=VALUE" of variables that do
  Words no_fix_env = {};     // with one of these a mount takes away what was installed
  // Files and folders with settings outside of the project, absolute or in the home of the user ("~/.npmrc").
  Words settings = {};
  // First arguments of commands that do their work without the packages that are installed, such as
  // `--version`. What they need themselves they download.
  std::span<const Words> needs_nothing = {};

  const Cache& cache(std::string_view wanted) const;
};

// Tables that the build makes of the data.
std::span<const PackageManager> package_managers();
// The one of that name, which has to be there.
const PackageManager& package_manager(std::string_view name);

// One use of a package manager in a RUN.
struct Use {
  const PackageManager* manager = nullptr;
  const Action* action = nullptr;
  const shell::Command* command = nullptr;  // as it is in the RUN, wrappers included
  std::span<const shell::Word> arguments;   // after the sub-command
  bool installs_dependencies = false;       // from manifests or files
  std::vector<std::string> files;           // those that its options name
  const plan::Step* step = nullptr;         // that it is in, if the RUN is one
};

// In the order of the script. The uses point into `run`, one of the Dockerfile's.
std::span<const Use> uses_of(lint::Dockerfile& dockerfile, const lint::Run& run);
// The one that a command of the RUN makes; null if it makes none.
const Use* use_by(lint::Dockerfile& dockerfile, const lint::Run& run, const shell::Command& command);

// Who runs a step, by names or numbers as USER gives them; root where it gives none.
struct Owner {
  std::string user;
  std::string group;  // the user again where USER names none

  bool is_root() const { return user == "root" || user == "0"; }
};
Owner read_owner(std::string_view given);
Owner owner_of(const plan::Step& step);

// Where a package manager's cache is for a RUN, as the command's options and variables, the stage's variables
// and user, and the base image tell. Nothing where they don't. `command` is the one that uses it, null for
// any.
std::optional<std::string> cache_path(lint::Dockerfile& dockerfile, const lint::Run& run,
                                      const PackageManager& manager, const Cache& cache,
                                      const shell::Command* command);

// Whether the command of a RUN keeps the package manager from downloading, so that it needs what is there
// already.
bool is_offline(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                const shell::Command& command);

// Whether the command of a use has an option that keeps the package manager from caching.
bool opts_out(const Use& use);
// Whether a variable does that the stage, the RUN or the command itself sets.
bool opts_out_by_variable(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use);
// Whether the step sets one of the variables so that its value is, or has as one of its words, that of its
// pair "NAME=VALUE".
bool sets_any(const plan::Step& step, Words pairs);

// For each step whether `holds` is true of it or of one that it starts from.
std::vector<bool> holds_up_to(const plan::Graph& graph, const std::function<bool(size_t step)>& holds);

// The name of the setting that `config` changes among the words of a command, as in `bundle config set
// --local without test`. Empty for none.
std::string_view setting_named(std::span<const shell::Word> words);

// Whether the command calls the package manager, whatever for.
bool calls(const PackageManager& manager, const shell::Command& command);

// Whether the Go modules or the crates that a step uses are in the project's vendor folder.
bool is_vendored(lint::Dockerfile& dockerfile, const Use& use, const plan::Step& step);

// Whether path_in() may give a path for a word.
inline bool may_be_path(std::string_view word) {
  return word.starts_with('/') || word.starts_with('~') || word.starts_with('$');
}

// A path in a shell word, "~" and variables of the step replaced and cleaned; nothing if that is not an
// absolute path then.
std::optional<std::string> path_in(std::string_view word, const plan::Step& step);

// Takes out of the RUN what empties the package manager's caches. False if some of it can't be taken out by
// text alone.
bool remove_clean_ups(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                      Removal& removal);

// Whether a command of it empties its caches (`npm cache clean`).
bool empties_caches(const PackageManager& manager, const shell::Command& command);

// Whether a mount of the RUN keeps the cache between builds, or keeps it out of the layer. `command` as of
// cache_path(). If the folder can't be known, a mount that is not at another package manager's is taken for
// it.
bool is_mounted(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                const Cache& cache, const shell::Command* command);

// The same, of a cache and a mount whose folders are known.
bool is_mounted_for_sure(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                         const Cache& cache, const shell::Command* command);

// The same for any of its caches.
bool is_any_mounted(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                    const shell::Command* command);

}  // namespace dcache::rules
