// What rules know of package managers. The knowledge is data: rules/data/package-managers.json.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/subject.h"

namespace dcache::rules {

extern const char* const kPackageManagersJson;

// A folder in which a package manager keeps what it downloaded or compiled.
struct Cache {
  std::string path;               // "~" is the home of the user who runs it
  std::vector<std::string> env;   // variables that move it
  std::vector<std::string> also;  // other places that serve as well
  std::string sharing;            // of a cache mount for it; empty for the default
};

// A sub-command that downloads or compiles something.
struct Action {
  enum class Installs {
    kNothing,   // names what it installs itself
    kManifest,  // what the manifests list
    kBare,      // the same, if it is given no package
    kFiles,     // what the files named by its options list
    kImplied,   // fetches what the manifests list on the way to something else
  };
  std::vector<std::string> words;  // a trailing `*` stands for any rest of the word
  std::vector<std::string> caches;
  Installs installs = Installs::kNothing;
  std::string fetch;  // kImplied: the command that only downloads
  std::vector<std::string>
      needs_sources_unless;  // it wants the project's sources too, unless one of these is given
};

struct PackageManager {
  std::string name;
  std::vector<std::vector<std::string>> programs;  // ["python", "-m", "pip"]
  std::vector<std::string> manifests;              // all needed
  std::vector<std::string> optional;               // taken along where they exist
  std::vector<std::string> inseparable_if;         // text in a manifest that refers to sources
  std::vector<std::string> inseparable_with;       // files that do
  std::vector<std::string>
      scripts;            // text in a manifest that says that installing runs the project's scripts
  bool separable = true;  // the install works before the sources are there
  std::map<std::string, Cache, std::less<>> caches;
  std::vector<std::string> file_options;
  std::vector<std::string> options_with_value;
  std::vector<std::string> opt_out;  // options that keep it from caching
  std::vector<std::string> opt_out_env;
  bool unsafe_fix = false;  // a cache mount for it changes what the image holds
  std::vector<Action> actions;
};

std::span<const PackageManager> package_managers();

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

// Where `cache` is for a step: variables of its environment and its user count.
std::string cache_path(const Cache& cache, const plan::Step& step);

// Whether one of the mounts keeps `cache` between builds.
bool is_mounted(const Cache& cache, const plan::Step& step, std::span<const dockerfile::Mount> mounts);

}  // namespace dcache::rules
