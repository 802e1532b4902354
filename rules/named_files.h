// Files and folders of the context that an install needs because its manifests, its settings, its command or
// a variable name them: archives and folders of packages, patches, lists, settings in the home of the user.
//
// Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/,
// https://docs.astral.sh/uv/concepts/projects/dependencies/#path,
// https://python-poetry.org/docs/dependency-specification/#path-dependencies,
// https://getcomposer.org/doc/05-repositories.md#path, https://github.com/wikimedia/composer-merge-plugin,
// https://www.drupal.org/docs/develop/using-composer/using-drupals-composer-scaffold,
// https://github.com/cweagans/composer-patches, https://doc.rust-lang.org/cargo/reference/manifest.html,
// https://hexdocs.pm/mix/Mix.Tasks.Deps.html#module-path-options-path,
// https://learn.microsoft.com/nuget/reference/nuget-config-file#packagesources,
// https://maven.apache.org/configure.html#mvn-maven-config-file
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/install_manifests.h"

namespace dcache::rules {

// Paths in the context.
struct NamedFiles {
  std::vector<std::string> files;
  std::vector<std::string> folders;
  bool missing = false;      // one of the files can't be copied with the manifests
  bool wants_parts = false;  // the package manager wants to see parts of the project that are not named
};

// The install that asks. `folder` is the one that it works in, of the context, rooted.
struct NamingInstall {
  const lint::BuildContext& context;
  const BroadCopy& copy;
  const Use& use;
  std::string_view folder;
};

// What the text of a manifest or of settings names; `path` is where it is in the context.
void add_named_by(const NamingInstall& install, const std::string& path, const std::string& text,
                  NamedFiles& found);

// The file or folder of that name, which is relative to `base`, a folder of the context. False if it is not
// there, or if it is all of the project.
bool add_place(const NamingInstall& install, std::string_view base, std::string_view name, NamedFiles& found);

// What the options of the command name, and its words that are not packages.
void add_named_by_command(const NamingInstall& install, NamedFiles& found);

// What variables name that are for the package manager.
void add_named_by_variables(const NamingInstall& install, NamedFiles& found);

// Settings that the COPY brings to the home of the user, or to a folder of the system.
void add_settings(const NamingInstall& install, NamedFiles& found);

// Whether a variable is for a package manager, or for a program that one starts.
bool is_about_installs(std::string_view variable);

// The path in the context of a file that an install names; empty if it is none of what the COPY brings.
std::string named_file(std::string_view name, std::string_view folder, const BroadCopy& copy);

}  // namespace dcache::rules
