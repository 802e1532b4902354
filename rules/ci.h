// The builds of images in definitions of CI services.
//
// Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax,
// https://github.com/docker/build-push-action, https://docs.gitlab.com/ci/yaml/
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/lint/related_file.h"
#include "dcache/lint/rule.h"
#include "dcache/project/workflow_runner.h"
#include "dcache/text/span.h"

namespace dcache::rules {

// What rules about these builds look at.
inline constexpr lint::RelatedFileKind kCiDefinitions[] = {lint::RelatedFileKind::kWorkflow,
                                                           lint::RelatedFileKind::kGitlabCi};

// What a build is made of: as it is written, or as one job of a matrix has it.
struct BuildPlace {
  std::string file;     // what is given; empty for the default
  std::string context;  // "-" for standard input
  std::string target;
};

struct CiBuild {
  text::Span span;      // the line that starts it
  bool action = false;  // docker/build-push-action or docker/bake-action, and no command
  // Where a bake or Compose file defines it: "target api (docker-bake.hcl:4)". Empty for other builds.
  std::string defined;
  bool starts_empty = false;                           // the worker has no cache of its own
  bool has_builder = false;                            // the job sets up a builder that can export caches
  bool docker_driver = false;                          // it sets up one that can't
  size_t job = 0;                                      // the number of the job that it is in
  std::vector<project::KeptFolder> kept_folders = {};  // that steps of its job keep for later jobs
  std::string file;                                    // what is given; empty for the default
  std::string context;                                 // "-" for standard input
  std::string target;
  std::vector<std::string> cache_from;  // one for each cache
  std::vector<std::string> cache_to;
  std::optional<text::Span> cache_to_value;  // where the only one is, if that is on a line of its own
  bool no_cache = false;
  bool scheduled = false;               // the workflow runs on a schedule or by hand, and for no event
  std::vector<std::string> conditions;  // `if:` of its job and its step
  bool differs_by_matrix = false;       // jobs of a matrix build different things
  // The expressions of the matrix that say what it builds, or for which platform: "matrix.name".
  std::vector<std::string> matrix;
  // It runs only for tags and releases. GitHub does not share the cache of one tag with other tags.
  bool for_tags_alone = false;
  bool setup_is_conditional = false;      // the step that sets the builder up has an `if:`
  bool other_builder = false;             // the workflow selects a builder itself, or an old one
  bool has_options_in_variables = false;  // of a command: `docker build $OPTIONS .`
  bool mentions_cache = false;            // the workflow names cache-from or cache-to, if only in a comment
  // Without a builder of its own the job builds an image that a later build of the job starts from. Only the
  // builder of Docker itself (`driver: docker`) finds such an image.
  bool shares_local_image = false;
  bool exports_nothing = false;       // of an action: none of push, load and outputs is set
  bool pushes_nothing = false;        // of an action: push is not set or false, and there are no outputs
  bool saves_folders_itself = false;  // a step of its job saves a folder between others: actions/cache/save
  bool discards_result = false;       // of an action or a command: nobody gets the image that it builds
  std::string what;                   // of an action: the inputs that say what it builds, as they are written
  std::vector<std::string> tags;
  std::vector<BuildPlace> jobs;    // of an action in a matrix that says what it builds: one for each job
  std::string references;          // build arguments and contexts, which may name images
  std::optional<text::Span> with;  // of an action: the first of its inputs
};

// In the order of the file; none if it can't be read. A command or action that builds what bake or Compose
// files define is a build for each of their targets.
std::vector<CiBuild> ci_builds(lint::RelatedFile& related);

// The builds of the other workflows in the folder of one. GitHub keeps the caches of all workflows of a
// repository in one place.
std::vector<CiBuild> builds_beside(const lint::RelatedFile& workflow);

// Whether other workflows call the one of a build with inputs that make different things of what it builds.
bool differs_by_call(const lint::RelatedFile& workflow, const CiBuild& build);

// The value of an attribute of a cache ("type=gha,mode=max"); empty if it has none. What has no attributes at
// all is of type registry.
std::string cache_attribute(std::string_view cache, std::string_view name);
// Whether two references, or names, are of the same image: "acme/app" is "docker.io/acme/app:latest".
bool is_same_image(std::string_view a, std::string_view b);

// The reference of the image that a cache is in; empty for a cache of another type than registry.
std::string image_of_cache(std::string_view cache);
// The reference of an image without its tag and digest.
std::string_view name_without_tag(std::string_view reference);
// Whether a build gives its image that reference.
bool is_pushed_as(const CiBuild& build, std::string_view image);

// Findings of one kind about builds. The targets of one command or action have one finding in common, which
// names the first of them.
class BuildFindings {
 public:
  struct Finding {
    text::Span span;
    std::string defined;  // as of a build
    std::string message;
    std::string remedy;
    std::optional<text::Span> focus = {};
    std::optional<lint::Fix> fix = {};
  };
  Finding& add(const CiBuild& build, std::string message, std::string remedy);
  void report(lint::Reporter& reporter) const;

 private:
  std::vector<Finding> findings_;
};

// Whether conditions of the two say that never both run: `X == 'push'` and `X != 'push'`.
bool exclude_each_other(const CiBuild& a, const CiBuild& b);

// Whether all definitions that build the Dockerfile are of CI services.
bool is_built_in_ci_alone(lint::Dockerfile& dockerfile);
// The same for builds that import a cache: their workers have layers of earlier builds, and empty cache
// mounts.
bool has_layers_without_mounts(lint::Dockerfile& dockerfile);

// The build's Dockerfile; nothing where that is not found.
std::optional<dockerfile::File> dockerfile_of(const lint::RelatedFile& related, const CiBuild& build);

struct BuiltDockerfile {
  std::string path;  // from the root of the repository
  std::string target;
  dockerfile::File file;
};
// Those of all jobs of a matrix; each found one once.
std::vector<BuiltDockerfile> dockerfiles_of(const lint::RelatedFile& related, const CiBuild& build);

}  // namespace dcache::rules
