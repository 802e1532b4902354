// A build as CI definitions give it: the inputs of an action, or the options of a command.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/plan/builder.h"
#include "dcache/project/ci_text.h"

namespace dcache::project {

// What an input or an option says of a build.
enum class BuildField : uint8_t {
  kContext,
  kContextPart,  // a folder in the context, which is built in place of it
  kFile,
  kTarget,
  kArg,           // NAME=VALUE, or NAME for a variable of the environment
  kNamedContext,  // NAME=VALUE
  kPlatform,
  kTag,
  kLabel,       // NAME=VALUE
  kAnnotation,  // NAME=VALUE, with what it is about before it: "manifest:NAME=VALUE"
  kCacheFrom,
  kCacheTo,
  kNoCache,
  kNoCacheFilter,
  kNetwork,
  kAddHost,
  kShmSize,
  kUlimit,
  kCgroupParent,
  kPull,
  kSecret,      // "id=npm,src=.npmrc"
  kSsh,         // "default", "ID=PATH"
  kOtherInput,  // the name of another input of docker/build-push-action that is given
  kCall,        // what is done in place of a build
  kOther,       // of no meaning here
};

// Where the path of a Dockerfile starts.
enum class FileBase : uint8_t {
  kFolder,           // where the command runs
  kFolderOrContext,  // there if it exists, or else in the context
  kContext,          // in the context, as of one that the builder fetches itself
};

// What a command reads from its standard input, as far as its script says it.
struct CiInput {
  enum class Kind : uint8_t {
    kUnknown,
    kText,  // of a file, a here-document or a program that writes text
    kArchive,
  };
  Kind kind = Kind::kUnknown;
  std::optional<CiText> file = {};  // that is all of it
};
// A file, by its name: a text or an archive.
CiInput input_from_file(const CiText& file);
// What another command writes to it.
CiInput input_from_command(const std::vector<CiText>& words);

struct CiBuild {
  std::vector<std::pair<BuildField, CiText>> values;  // in their order; one field may have many
  CiText folder = {"."};                              // where it runs, from the root of the workspace
  FileBase file_base = FileBase::kFolder;
  std::optional<plan::Builder> builder = {};  // the one that the command belongs to
  // `docker build`, which builds with the builder that DOCKER_BUILDKIT chooses.
  bool asks_environment = false;
  bool file_is_input = false;                  // the Dockerfile comes from standard input
  bool has_no_context = false;                 // standard input is all that it is given
  std::string context_of_input = {};           // what the context is, in words: "is the archive a.tar"
  std::vector<std::string> more_options = {};  // variables that may contain options
  std::vector<std::pair<BuildField, std::string>> possible = {};  // what of that is known, and the variable

  // The last value of a field; null if there is none.
  const CiText* find(BuildField field) const;
};

// The build that a command starts; nothing if it is not one, or only checks or describes. Knows `docker
// build` in all its spellings, podman, buildah, nerdctl, and the executor of kaniko. `input` is what it
// may read. Source: https://docs.docker.com/reference/cli/docker/buildx/build/,
// https://docs.podman.io/en/latest/markdown/podman-build.1.html,
// https://github.com/GoogleContainerTools/kaniko#additional-flags
std::optional<CiBuild> read_build_command(const std::vector<CiText>& words, const CiInput& input = {});

// What an option of `docker build` sets: "--file=x", "--file" or "-f"; nothing for another word.
std::optional<BuildField> field_of_option(std::string_view word);

// Whether a script may contain such a command. Cheap.
bool may_build(std::string_view script);

}  // namespace dcache::project
