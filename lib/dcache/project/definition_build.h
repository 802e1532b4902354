// Builds of images that bake or Compose files define: `docker buildx bake`, docker/bake-action, and `docker
// compose build`.
// Source: https://docs.docker.com/reference/cli/docker/buildx/bake/,
// https://docs.docker.com/reference/cli/docker/compose/build/
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/target.h"

namespace dcache::project {

struct DefinitionBuild {
  DefinitionKind kind = DefinitionKind::kBake;  // or kCompose
  std::string folder = ".";                     // where it runs
  // Of Compose: where relative paths in the files start; without it where the first file is.
  std::optional<std::string> project_folder = {};
  std::optional<std::string> project_name = {};
  std::vector<std::string> env_files = {};  // of Compose: in place of .env, the last one first
  std::vector<std::string> files = {};      // those that are in the folder if there are none
  std::vector<std::string> names = {};      // of targets, groups or services; the default if there are none
  std::vector<std::string> profiles = {};
  std::vector<Override> set = {};
};

// What a command builds, its words without quotes; nothing if it is another one, or only prints or checks.
// Also `docker compose up --build`.
std::optional<DefinitionBuild> read_definition_command(std::span<const std::string> words);

// What a build of definitions builds, as far as that is known.
struct DefinedTargets {
  std::vector<Target> targets = {};
  std::vector<text::Failure> failures = {};  // of its files
  // A file of variables that is not there: "ci.env, which is not in the repository". Empty for none.
  std::string missing_variables = {};
  // What else it builds and nobody can tell: "what gen.hcl defines, which is not in the repository". Empty
  // for nothing.
  std::string missing = {};
  std::string remote = {};  // the address of another repository that defines all of it
};
// The targets that it builds, those that they need included, and all of them if a name is not known. Paths
// start in the current folder. The variables in `options.environment` are those of the command.
DefinedTargets targets_of(const DefinitionBuild& build, ReadOptions options);

// TARGET.ATTRIBUTE=VALUE, or TARGET.ATTRIBUTE+=VALUE. TARGET.args.NAME alone takes the variable of the
// environment, `${{ env.NAME }}`. Nothing for other texts.
std::optional<Override> parse_override(const std::string& text);
// Gives such values what is known of the environment.
void take_known_variables(const ReadOptions& options, std::vector<Override>& overrides);

// The names of the targets that a build of `wanted` builds, and those that they need.
std::set<std::string> selected_targets(const Definitions& bake, std::vector<std::string> wanted);
// Keeps the targets that bake builds when it is given the names; none mean `default`. Where a name is not
// known, all are kept that may be meant: not those that others only inherit from.
void select_targets(std::vector<std::string> names, Definitions& bake);

// The files that bake or Compose reads in a folder if it is given none.
std::vector<std::string> files_by_default(DefinitionKind kind, const std::string& folder,
                                          const context::FileSystem& files);

}  // namespace dcache::project
