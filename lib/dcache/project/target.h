// The builds that a repository means: one Target per image, and the files that define them.
//
// A Target is plain data, in the terms of the definition that it comes from: its paths are relative to the
// folder that the definition counts from, and nothing was looked up. project/images.h makes builds of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/context/file_system.h"
#include "dcache/plan/graph.h"
#include "dcache/text/failure.h"

namespace dcache::project {

// What kind of file a definition is, the one that counts most first.
enum class DefinitionKind : uint8_t {
  kSettings,  // [[images]] in .dcache.toml
  kCompose,
  kBake,
  kSkaffold,
  kWorkflow,  // GitHub Actions
  kGitlabCi,
  kDockerfile,  // none: a Dockerfile that no definition names
};

// Where something is defined.
struct Origin {
  DefinitionKind kind = DefinitionKind::kDockerfile;
  std::string path;       // of the file, from where paths are read
  uint32_t line = 0;      // from 1; 0 if it is not known
  std::string name = {};  // what it is called there; empty for the target's own name
  // The file that bake or Compose is given to find it, if that is another one: it includes or overrides
  // `path`.
  std::string read_with = {};
  friend bool operator==(const Origin&, const Origin&) = default;
};

// What a named context starts with if it is another image of the same definition.
inline constexpr std::string_view kTargetScheme = "target:";

// An attribute of a target that can't be told from the definition alone.
struct UnknownAttribute {
  std::string attribute;  // "args.VERSION", "context", "tags"
  std::string reason;     // "is ${{ github.sha }}", "uses timestamp()"
  // It may be another value in each build. A variable that is not set is assumed to be the same in all, but
  // for build arguments, which CI may set it for.
  bool varies = true;
  friend bool operator==(const UnknownAttribute&, const UnknownAttribute&) = default;
};

// What a definition of a target is for.
enum class Purpose : uint8_t {
  kBuild,
  kInherited,  // other targets of bake inherit from it, and no group builds it
  kCalled,     // other workflows call the one that builds it, with values for its inputs
};

// Paths, sorted, each once. Copies share them: all targets of a file have the same.
class SharedPaths {
 public:
  SharedPaths() = default;
  // In any order.
  explicit SharedPaths(const std::vector<std::string>& paths);

  auto begin() const { return all().begin(); }
  auto end() const { return all().end(); }
  size_t size() const { return all().size(); }
  bool empty() const { return all().empty(); }
  bool contains(std::string_view path) const { return all().contains(path); }
  bool includes(const SharedPaths& others) const;
  // Whether they are a copy of the others. Of two lists that are equal nobody knows.
  bool is_same_list(const SharedPaths& others) const { return paths_ == others.paths_; }
  void add(const SharedPaths& others);

 private:
  using Paths = std::set<std::string, std::less<>>;

  const Paths& all() const;

  std::shared_ptr<Paths> paths_;  // changed only if no copy has it
};

struct Target {
  using Pairs = std::map<std::string, std::string, std::less<>>;

  std::string name;
  Purpose purpose = Purpose::kBuild;
  // What relative paths start from; "." is the current folder.
  std::string folder = ".";
  std::string context = ".";  // a folder, a URL, or cache::kNoContext
  // Relative to the context; to `folder` if that is not known or there is none; and in the repository of a
  // URL.
  std::string dockerfile = "Dockerfile";
  std::optional<std::string> dockerfile_inline = {};  // its text, in place of a file
  std::string target = {};                            // stage; empty for the last
  Pairs args = {};
  Pairs contexts = {};  // a folder, a URL, `docker-image://REFERENCE`, `oci-layout://…` or `target:NAME`
  std::vector<std::string> platforms = {};
  std::string platform = {};  // what Compose builds for if there are no `platforms`; bake ignores it
  std::vector<std::string> tags = {};
  std::vector<std::string> cache_from = {};  // as for docker buildx build: "type=gha,scope=api"
  std::vector<std::string> cache_to = {};
  bool no_cache = false;
  std::vector<std::string> no_cache_filter = {};
  bool pull = false;
  // As docker buildx build takes them: "id=npm,src=.npmrc", "id=npm,env=NPM_TOKEN"; "default".
  std::vector<std::string> secrets = {};
  std::vector<std::string> ssh = {};
  plan::RunOptions run = {};
  // The builder, if the definition names one.
  std::optional<plan::Builder> builder = {};
  // Whether the user's settings name it for this image, and it is not only the program that CI runs.
  bool builder_is_set = false;
  // What else the build is given, by the input of docker/build-push-action: "attests", "outputs", each once.
  std::vector<std::string> other_inputs = {};
  // Names of the images whose result this build reads, each once, sorted.
  std::vector<std::string> needs = {};
  // Build arguments whose value is the reference of an image that `needs` names (Skaffold's alias), by
  // argument: the name of that image.
  Pairs image_args = {};
  // References to its image in addition to `tags`: what Compose or Skaffold calls it.
  std::vector<std::string> references = {};
  // The names of its image whose tags are not known: "ghcr.io/acme/api".
  std::vector<std::string> repositories = {};
  // What is written on the image and not into its files.
  Pairs labels = {};
  std::vector<std::string> annotations = {};  // "index:org.opencontainers.image.title=api"
  // Attributes whose value is not known, or only a part of it. Empty for most.
  std::vector<UnknownAttribute> unknown = {};
  // Where it is defined; the first one is where all of the above comes from.
  std::vector<Origin> defined = {};
  // Where else the same build is defined, with other caches to import than `cache_from`.
  std::vector<Origin> other_imports = {};
  // The files that the definition was read from, and those that would count if they existed (an override,
  // .env): a change of any of them may change the target. Spelled as they are read.
  SharedPaths sources = {};
};

// A name for several images.
struct Group {
  std::string name;
  std::vector<std::string> members;  // images and groups
  std::string description = {};
};

// Something that a definition builds, and that is not an image of a Dockerfile.
struct SkippedBuild {
  std::string name;
  std::string reason;  // "built by jib"
  Origin defined;
  // It builds images of Dockerfiles, and which ones is not known: `reason` says why.
  bool is_open = false;
};

// Profiles that were asked for and that a Skaffold file lacks, with all that it requires, by that file.
using LackedProfiles = std::map<std::string, std::set<std::string>, std::less<>>;

// An image that a target needs and that is defined nowhere in what its file was read with.
struct MissingNeed {
  std::string target;
  text::Failure failure;
};

// What a file defines, or several.
struct Definitions {
  std::vector<Target> targets = {};  // in the order of the file
  std::vector<Group> groups = {};
  std::vector<SkippedBuild> skipped = {};
  LackedProfiles lacked_profiles = {};
  // What can't be read, each with its place. What is not affected by them is above.
  std::vector<text::Failure> failures = {};
  // Of one Skaffold file with those that it requires. They are failures too, unless a file that requires this
  // one has the images: read_definitions() finds out.
  std::vector<MissingNeed> missing_needs = {};
};

// `target.attribute=value`, as --set of docker buildx bake takes it; `*` matches in `target`.
struct Override {
  std::string target;
  std::string attribute;  // "args.VERSION"
  std::string value;
  bool append = false;  // += in place of =
};

struct ReadOptions {
  std::shared_ptr<const context::FileSystem> files = context::disk();
  // The same files, to look at without a definition resting on them; null if there is no difference.
  std::shared_ptr<const context::FileSystem> unnoted_files = {};
  std::map<std::string, std::string, std::less<>> environment = {};
  std::vector<std::string> profiles = {};  // of compose and Skaffold
  // In place of the project's .env of compose, the file that counts most first.
  std::optional<std::vector<std::string>> env_files = {};
  std::vector<Override> set = {};
  // The definitions are those that somebody names in the current folder, as for docker buildx bake -f: bake
  // is run there.
  bool is_named = false;
  // The minor version of docker buildx (29 for 0.29) whose functions a bake file can call; 0 for the newest.
  uint32_t buildx = 0;
  // Limits what a definition may grow to: characters of a file, targets, and evaluated values.
  size_t largest_file = size_t{16} << 20U;
};

}  // namespace dcache::project
