// What rules know of package managers. The knowledge is data: rules/data/package-managers.json.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/subject.h"

namespace dcache::rules {

using Words = std::span<const std::string_view>;

// A folder in which a package manager keeps what it downloaded or compiled.
struct Cache {
  std::string_view name;
  std::string_view path;          // "~" is the home of the user who runs it
  Words env = {};                 // variables that move it
  Words also = {};                // other places that serve as well
  std::string_view sharing = {};  // of a cache mount for it; empty for the default
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
  Words words = {};   // a trailing `*` stands for any rest of the word
  Words caches = {};  // by name
  Installs installs = Installs::kNothing;
  std::string_view fetch = {};      // kImplied: the command that only downloads
  Words needs_sources_unless = {};  // it wants the project's sources too, unless one of these is given
};

// How a command names the versions of what it installs.
struct Pin {
  Words programs;
  Words commands;                   // one of them is among the arguments
  std::string_view only_with = {};  // an argument that has to be there too
  Words unless = {};                // arguments that must not
  Words options_with_value = {};
  Words exempt_options = {};      // with one of these the versions stand elsewhere
  std::string_view pinned;        // RE2: a package that names its version, or that is a local file
  std::string_view loose = {};    // RE2: one that does so but to name a moving version
  std::string_view example = {};  // "{}=VERSION"
};

// How a command is told not to ask.
struct Confirmation {
  Words programs = {};
  Words commands = {};
  Words options = {};
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
  Words scripts = {};               // text in a manifest that says that installing runs the project's scripts
  bool separable = true;            // the install works before the sources are there
  std::span<const Cache> caches = {};
  Words file_options = {};
  Words options_with_value = {};
  Words opt_out = {};  // options that keep it from caching
  Words opt_out_env = {};
  bool unsafe_fix = false;  // a cache mount for it changes what the image holds
  std::span<const Action> actions = {};
  std::span<const Pin> pins = {};
  Confirmation confirms = {};
  Cleanup cleanup = {};
  std::span<const Words> empties = {};  // commands that empty its caches: program and words
  Words cleaning_rules = {};  // of other catalogues: a cache mount is the better answer to what they ask for

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
  const shell::Command* command = nullptr;  // as it stands in the RUN, wrappers included
  std::span<const shell::Word> arguments;   // behind the sub-command
  bool installs_dependencies = false;       // from manifests or files
  std::vector<std::string> files;           // those that its options name
};

// In the order of the script. The uses point into `run`, one of the subject's.
std::span<const Use> uses_of(lint::Subject& subject, const lint::Run& run);

// Who runs a step, by names or numbers as USER gives them; root where it gives none.
struct Owner {
  std::string user;
  std::string group;  // the user again where USER names none

  bool is_root() const { return user == "root" || user == "0"; }
};
Owner read_owner(std::string_view given);
Owner owner_of(const plan::Step& step);

// Where `cache` is for a step: variables of its environment and its user count.
std::string cache_path(const Cache& cache, const plan::Step& step);

// Takes out of the RUN what empties the package manager's caches. False if some of it can't be taken out by
// text alone.
bool remove_clean_ups(const lint::Run& run, const PackageManager& manager, const plan::Step& step,
                      std::vector<text::Edit>& edits);

// Whether a command of it empties its caches (`npm cache clean`).
bool empties_caches(const PackageManager& manager, const shell::Command& command);

// Whether one of the mounts keeps `cache` between builds.
bool is_mounted(const Cache& cache, const plan::Step& step, std::span<const dockerfile::Mount> mounts);

}  // namespace dcache::rules
