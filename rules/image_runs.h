// What the files of a project do with the images of its Dockerfiles, in addition to what a Dockerfile says
// itself: which stages they build by name, and what they start in a container.
#pragma once

#include <string>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// The file that builds the stage by its name, so that people have an image of it: a definition, a CI file, a
// script or a README of the project. Empty for none. Such a file may be about another Dockerfile.
std::string builder_by_name(lint::Dockerfile& dockerfile, const plan::Stage& stage);

// The file that may start the package manager, or a shell or script that does, in a container of an image of
// the project, whatever the image starts by itself. Empty for none.
std::string starter_in_container(lint::Dockerfile& dockerfile, const PackageManager& manager);

}  // namespace dcache::rules
