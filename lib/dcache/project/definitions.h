// Finds and reads the files of a repository that define builds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/target.h"

namespace dcache::project {

// Reads definitions that were found or named. Files that belong together are read together:
// compose.override.yaml with compose.yaml, docker-bake.override.hcl with docker-bake.hcl. `root` is the root
// of the repository. What has no name of a definition is told by its ending: .hcl and .json are of bake, and
// YAML is told by its content.
Definitions read_definitions(const std::vector<std::string>& paths, const std::string& root,
                             const ReadOptions& options);

// Profiles that no file has: one that some file has need not be in the others.
std::vector<text::Failure> profile_failures(const LackedProfiles& lacked);

// The files that `docker buildx bake` (kBake) or `docker compose` (kCompose) reads in the current folder if
// it is given none. Compose looks in the folders above too, and reads what overrides its file with it; bake
// reads the files of Compose first. Empty for other kinds.
// Source: https://docs.docker.com/build/bake/reference/#file-format,
// https://docs.docker.com/compose/intro/compose-application-model/#the-compose-file
std::vector<std::string> read_by_itself(DefinitionKind kind, const context::FileSystem& files);

// The names in a list such as that of COMPOSE_FILE; without a separator all of it is one name.
std::vector<std::string> split_file_list(std::string_view list, std::string_view separator);

// The files that COMPOSE_FILE names: a variable of `.env` in a folder or, in the current folder, of the
// environment. Empty without it, and if one of them does not exist.
// Source: https://docs.docker.com/compose/how-tos/environment-variables/envvars/#compose_file
std::vector<std::string> files_of_compose_variable(const std::string& folder, const ReadOptions& options);

// The folder above, spelled as `folder` is: ".." is added where the path has no more parts of its own.
std::string folder_above(const std::string& folder);

// Whether what such files define is built by jobs of CI, and not by people.
constexpr bool is_built_by_ci(DefinitionKind kind) {
  return kind == DefinitionKind::kWorkflow || kind == DefinitionKind::kGitlabCi;
}

// Whether a file with the name of a definition may define a build, by a look at its text.
bool may_define(const std::string& path, const context::FileSystem& files);

// The definitions in the folders from `folder` up to `root`, and the workflows of `root`: what a build of a
// Dockerfile there is likely to be defined by. Lists those folders and reads nothing.
std::vector<std::string> definitions_above(const std::string& folder, const std::string& root,
                                           const context::FileSystem& files);

}  // namespace dcache::project
