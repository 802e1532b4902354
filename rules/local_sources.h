// Packages that come from files of the project or the machine: an archive, a feed in a folder. A package
// manager that finds one in its cache by name and version does not look whether it was replaced.
#pragma once

#include <string>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// The first such source that the use may take packages from, in words: "file:./a.tgz in package.json". Empty
// for none.
std::string local_source_of(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use);

}  // namespace dcache::rules
