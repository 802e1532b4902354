// What manifests refer to besides packages that are downloaded: the members of a workspace, other lists, and
// scripts that an install runs.
//
// Source: https://docs.npmjs.com/cli/using-npm/workspaces, https://pnpm.io/pnpm-workspace_yaml,
// https://doc.rust-lang.org/cargo/reference/workspaces.html, https://go.dev/ref/mod#workspaces,
// https://docs.astral.sh/uv/concepts/projects/workspaces/,
// https://maven.apache.org/guides/mini/guide-multiple-modules.html,
// https://docs.gradle.org/current/userguide/multi_project_builds.html,
// https://learn.microsoft.com/dotnet/core/tools/dotnet-restore,
// https://pip.pypa.io/en/stable/reference/requirements-file-format/,
// https://docs.npmjs.com/cli/using-npm/scripts#life-cycle-operation-order,
// https://classic.yarnpkg.com/en/docs/package-json#toc-scripts, https://pnpm.io/scripts,
// https://bun.sh/docs/install/lifecycle
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/build_facts.h"
#include "rules/package_managers.h"

namespace dcache::rules {

struct Workspace {
  std::vector<std::string> manifests;  // of its members, as paths in the context
  bool known = true;                   // false where the list of members can't be read
};

// The workspace that a folder of the context is the root of ("" for the context's own); nothing if it is that
// of none. For Maven, Gradle and .NET these are the project files of all folders below.
std::optional<Workspace> workspace_in(const lint::BuildContext& context, std::string_view folder,
                                      const PackageManager& manager);

// What a requirements file of pip says of other files.
struct RequirementsIncludes {
  // A folder, an archive or a folder of packages.
  struct Place {
    std::string name;      // as it is written: relative, absolute or "file:libs/a"
    std::string list;      // that names it, as a path in the context
    bool certain = false;  // there is no other way to read it
  };
  std::vector<std::string> files;  // lists that it includes, and theirs, as paths in the context
  std::vector<Place> places;
  bool missing = false;  // a list that it includes is not in the context
  bool project = false;  // it installs the folder that it is in
};
// Whether a name is that of an archive with a package of Python.
bool is_package_archive(std::string_view name);

RequirementsIncludes included_by(const lint::BuildContext& context, const std::string& path);

// Whether a package.json has a dependency that is a folder or an archive of the project, as "./lib".
bool has_local_dependency(const std::string& package_json);

// The scripts of a package.json that an install of the package manager runs by itself, such as `postinstall`.
// Nothing if its text can't be read.
std::optional<std::vector<std::string>> install_scripts(const PackageManager& manager,
                                                        std::string_view package_json);

// Whether one of the scripts reads other files of the context than manifests. `folder` is that of the
// package.json.
bool read_sources(const lint::BuildContext& context, std::string_view folder,
                  const std::vector<std::string>& scripts);

}  // namespace dcache::rules
