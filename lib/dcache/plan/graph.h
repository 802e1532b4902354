// The build graph of a Dockerfile for one target, platform and set of build arguments: its stages, and for
// each instruction that makes a step what the step is defined by and what it reads.
//
// With BuildKit FROM an image, RUN, COPY, ADD and WORKDIR (other than /) make steps. All other instructions
// only change what later steps are defined by. The graph says nothing of files: cache/keys.h brings it
// together with a context.
//
// Source: https://docs.docker.com/reference/dockerfile/ and builds recorded from BuildKit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/plan/builder.h"
#include "dcache/plan/environment.h"

namespace dcache::plan {

// What the value of --build-context starts with if it names an image instead of a folder.
inline constexpr std::string_view kImageScheme = "docker-image://";

// Whether ADD downloads a source: a URL, or a git repository.
bool is_remote(std::string_view source);

// What a build tells every RUN, by the options of `docker build`. Each changes the key of every RUN.
struct RunOptions {
  std::string network = {};                 // --network: none or host; empty for the default
  std::string hostname = {};                // as BUILDKIT_SANDBOX_HOSTNAME sets it
  std::vector<std::string> add_hosts = {};  // --add-host: NAME=ADDRESS or NAME:ADDRESS; only names count
  std::vector<std::string> ulimits = {};    // --ulimit: NAME=SOFT[:HARD]
  std::string shm_size = {};                // --shm-size: bytes, or with a unit
  std::string cgroup_parent = {};           // --cgroup-parent
  friend bool operator==(const RunOptions&, const RunOptions&) = default;
};

// Where the builder keeps images, as far as it makes a difference.
enum class Store : uint8_t {
  kContainerd,  // and any BuildKit that is not part of Docker
  kOverlay2,    // Docker's classic store: it cannot merge layers, so `COPY --link` is a plain COPY
};

// What ONBUILD of a Dockerfile puts off until another build starts from its image.
struct Triggers {
  std::string dockerfile;  // what messages call the file
  std::shared_ptr<const dockerfile::File> file;
  std::vector<const dockerfile::Instruction*> instructions;  // in `file`, without the word ONBUILD
  friend bool operator==(const Triggers& a, const Triggers& b);
};

// An image that another build of the same repository makes.
struct BuiltImage {
  std::string name;                               // of that build
  std::string state;                              // another text where it surely is another image
  std::string possible_state;                     // and where it may be one
  std::shared_ptr<const Triggers> triggers = {};  // null for none
  // The build arguments that contain its tag or digest, which changes with it: Skaffold's aliases. Their
  // values in Options::build_args are references of it.
  std::vector<std::string> arguments = {};
  friend bool operator==(const BuiltImage& a, const BuiltImage& b);
};

struct Options {
  Builder builder = Builder::kBuildkit;
  std::string target = {};  // stage name or number; empty for the last stage
  std::map<std::string, std::string, std::less<>> build_args = {};
  std::string platform = "linux/amd64";
  // --build-context: a name and what it means, a folder or `docker-image://REFERENCE`.
  std::map<std::string, std::string, std::less<>> named_contexts = {};
  // By reference, as normal_reference() spells it: images that need not be looked up in a registry.
  std::map<std::string, BuiltImage, std::less<>> built_images = {};
  RunOptions run = {};
  bool no_cache = false;                          // --no-cache
  std::vector<std::string> no_cache_filter = {};  // --no-cache-filter: names of stages
  Store store = Store::kContainerd;
  friend bool operator==(const Options&, const Options&) = default;
};

// A path of COPY, ADD or a mount, as the builder hashes it.
struct Selector {
  std::string path = {};     // rooted and cleaned: "/src"
  std::string written = {};  // as in the Dockerfile
  bool wildcard = false;
  std::vector<std::string> include = {};  // --parents
  std::vector<std::string> exclude = {};  // --exclude
  bool unpack = false;                    // ADD: an archive is unpacked

  // Whether it means the root of what it is read from, as in `COPY . /app`.
  bool takes_everything() const { return include.empty() && (path == "/" || path == "/*"); }
};

struct Read {
  enum class Origin : uint8_t { kContext, kNamedContext, kStage, kImage };
  Origin origin = Origin::kContext;
  size_t stage = 0;                      // kStage
  std::string name = {};                 // kImage: the reference; kNamedContext: its name
  std::vector<Selector> selectors = {};  // none: everything
};

// One thing that a step is defined by. Parts are compared to say what made two steps differ.
struct Part {
  enum class Kind : uint8_t {
    kOperation,
    kArguments,
    kHeredoc,
    kVariable,  // that counts though no RUN sees it; see Step::environment
    kWorkdir,
    kUser,
    kShell,
    kPlatform,
    kNetwork,
    kSecurity,
    kDevice,
    kMount,
    kDestination,
    kSource,
    kOwner,
    kMode,
    kExclude,
    kFlag,
    kImage,
    kRemote,         // what is downloaded, as far as the builder knows it without downloading
    kLocation,       // where from: another place may have the same file
    kOption,         // an option of the build, called `name`
    kBuilt,          // the state of an image that the build `name` makes
    kPossiblyBuilt,  // its possible state
  };
  Kind kind;
  std::string name;  // of a variable or a flag
  std::string value;
  uint32_t line = 0;  // where it was set, if not in the step's own instruction
};

// Where ONBUILD of another Dockerfile says what a step does.
struct TriggerPlace {
  std::string dockerfile;
  uint32_t line = 0;
};

struct Step {
  // kMetadata: what changes nothing but the image's configuration; steps of the builders that make a layer of
  // it.
  enum class Kind : uint8_t { kImage, kRun, kCopy, kWorkdir, kMetadata };
  Kind kind = Kind::kRun;
  size_t stage = 0;
  // Of what another Dockerfile puts off, with the lines of the FROM that makes it happen.
  const dockerfile::Instruction* instruction = nullptr;
  std::optional<TriggerPlace> trigger;  // only of such a step
  std::optional<size_t> below;          // the step whose result this one starts from
  bool independent = false;             // --link: the step below is not a part of its key
  std::vector<Part> definition;
  std::optional<Environment> environment;  // kRun: the variables that it sees, a part of its definition too
  std::vector<Read> reads;
  std::string image;                       // kImage: the reference, variables replaced
  std::string destination;                 // kCopy, kWorkdir: the absolute path it writes to
  std::vector<std::string> mount_targets;  // kRun: where its mounts are, absolute
  std::string remote;                      // kCopy: the first URL or git repository that ADD downloads
  // An image without digest, ADD of a URL without a checksum or of a git repository without a commit.
  bool needs_network = false;
  bool needed = false;         // the target depends on it
  bool ignores_cache = false;  // --no-cache: its key is another one each time
  bool runs_always = false;    // BuildKit never reuses it, but what comes after it

  // The instruction on one line, with ONBUILD before what another Dockerfile puts off.
  std::string one_line() const;
  // The first part of the kind; null for none.
  const Part* find(Part::Kind part) const;
  // The folder that a RUN works in.
  std::string_view workdir() const;
  bool reads_context() const;
};

struct Stage {
  size_t index = 0;
  std::string name;  // in lower case; empty if it has none
  const dockerfile::Instruction* from = nullptr;
  std::optional<size_t> base_stage;
  std::vector<size_t> steps;        // its own, in order
  std::optional<size_t> last_step;  // its result; a stage without steps has that of its base
  std::string platform;
  Environment environment;  // at its end
  std::set<std::string, std::less<>>
      declared;  // the arguments that its own ARGs name, with a value or without
  std::string workdir = "/";
  bool open_workdir = false;  // build arguments may give it another one
  std::string user;
  std::vector<std::string> shell = {"/bin/sh", "-c"};
  std::vector<const dockerfile::Instruction*> onbuild;
  bool needed = false;
  bool open_base = false;      // its base depends on build arguments
  bool needed_always = false;  // whatever they are

  // The name, or the number where there is none.
  std::string label() const;
};

// Why a builder could not plan this file.
struct Error {
  // When BuildKit finds it. It finds all but the last two whatever the target is.
  enum class Phase : uint8_t {
    kArguments,     // ARG above the first FROM
    kStages,        // FROM
    kDependencies,  // what COPY --from and mounts refer to
    kImages,        // names of images
    kTriggers,      // what ONBUILD of a base put off
    kSteps,         // instruction by instruction, in the stages that the target needs
  };
  std::string message;
  std::string remedy;
  text::Span span;
  uint32_t line = 0;
  Phase phase = Phase::kSteps;
  std::optional<size_t> stage = {};  // that is being made
  bool open = false;                 // other build arguments or another base image may do without it
};

// A variable that an instruction refers to, though nothing has declared it there.
struct UndeclaredVariable {
  const dockerfile::Instruction* instruction = nullptr;
  std::optional<size_t> stage;  // nothing for FROM, which sees the arguments above the first one
  std::string name;
};

struct Graph {
  Builder builder = Builder::kBuildkit;
  std::span<const dockerfile::Instruction> instructions;  // of the Dockerfile, which has to outlive them
  std::vector<Stage> stages;
  std::map<std::string, size_t, std::less<>> stage_names;  // of several stages of one name the last
  std::vector<Step> steps;                                 // in the order of the file
  std::vector<Error> errors;
  std::vector<UndeclaredVariable> undeclared;
  // What other Dockerfiles put off and this one does, which steps point to.
  std::vector<std::shared_ptr<const dockerfile::Instruction>> triggers;
  std::map<const dockerfile::Word*, std::string> expanded;  // words that variables, quotes or escapes change
  std::optional<size_t> target;

  // A word of an instruction as the builder takes it: variables replaced, quotes removed.
  std::string_view text_of(const dockerfile::Word& word) const;

  // Whether the builder gets to an error: BuildKit plans no steps of stages that the target does not need.
  bool is_reached(const Error& error) const;
  // Whether it does whatever the build arguments are and whatever the base images contain.
  bool is_certain(const Error& error) const;

  // Whether a stage is `ancestor`, or starts from it, from a stage that starts from it, ….
  bool starts_from(size_t stage, size_t ancestor) const;
  const Stage* find_stage(std::string_view name_or_number) const;
  // The first of the errors that BuildKit finds, whatever stage it is in; null for none.
  const Error* first_error() const;
  // The stage whose result a RUN both starts from and mounts. BuildKit hashes what that contains, all of it,
  // instead of taking the key of the step below.
  std::optional<size_t> mounted_base(const Step& run) const;
};

// Never fails as a whole: what can't be planned is an error, and the rest is there. The graph points into
// `file`, and into those of the triggers in `options`.
Graph build_graph(const dockerfile::File& file, const Options& options);

// What the target of a graph, which was made of `file`, puts off; null for nothing.
std::shared_ptr<const Triggers> triggers_of(const Graph& graph, std::string dockerfile,
                                            std::shared_ptr<const dockerfile::File> file);

}  // namespace dcache::plan
