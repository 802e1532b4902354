// Installs of packages that the command itself names: they read nothing of the project, so a COPY of it can
// wait until they are done.
#pragma once

#include <optional>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

struct NamedInstall {
  const Use* use = nullptr;
  bool system = false;  // by the package manager of the distribution
  bool alone = false;   // no command of the RUN does anything else
};

// Whether an install reads no file: its command names all that it installs.
bool names_all_it_installs(const Use& use);

// The first install of a RUN that nothing which `copy` brings can matter for; nothing if there is none, or if
// a command before it may read the files.
std::optional<NamedInstall> find_named_install(lint::Dockerfile& dockerfile, const lint::Run& run,
                                               const plan::Step& copy);

// Whether a RUN may change what later installs do by means of the files of `copy`, such as a script of the
// project that adds a package repository.
bool may_prepare_installs(const lint::Run& run, const plan::Step& copy);

// Whether the destination of a COPY is a folder of the project's own, where no package puts anything.
bool is_projects_own(std::string_view destination);

// Whether a COPY to there may bring what package managers read or run: their sources, keys and programs.
bool may_configure_system(std::string_view destination);

}  // namespace dcache::rules
