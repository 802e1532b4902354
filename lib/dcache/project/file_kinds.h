// What a file is for the builds of a repository, told by its path alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dcache/project/target.h"

namespace dcache::project {

// Whether files of that name define builds, and how; nothing for others. Workflows are told by their folder.
std::optional<DefinitionKind> definition_kind(std::string_view path);

// Our own settings, which can define images. Only read where it is looked for: it is not found by its kind.
inline constexpr std::string_view kSettingsName = ".dcache.toml";

// A file that rules are about and that is not a Dockerfile: it says how a build goes.
enum class RelatedFileKind : uint8_t {
  kIgnoreFile,  // .dockerignore and the like
  kWorkflow,    // GitHub Actions: .github/workflows/*.yml
  kGitlabCi,    // .gitlab-ci.yml
};
// What a file is, by its path; nothing for other files.
std::optional<RelatedFileKind> related_file_kind(std::string_view path);

// Whether the name is that of a Dockerfile with an ending that says that it is something else: a template
// (Dockerfile.j2), a description, or a copy that a tool left (Dockerfile.orig).
bool is_dockerfile_variant(std::string_view path);

// Whether a file with the name of a Dockerfile may be a program or a text about one, since it has the ending
// of such files: Dockerfile.py, Dockerfile.txt. It may as well be the Dockerfile for a part of that name.
bool may_be_program(std::string_view path);
// Whether a text starts with an instruction, as every Dockerfile does after its comments.
bool starts_like_dockerfile(std::string_view text);

// Whether a definition changes others next to it: compose.override.yaml, docker-bake.override.hcl.
bool is_override(std::string_view path);

// Whether a folder holds what other people wrote: vendor, third_party, node_modules.
bool is_vendored_folder(std::string_view name);

// The word for a kind, as in JSON: "compose", "bake", "github-actions".
std::string_view name_of(DefinitionKind kind);

}  // namespace dcache::project
