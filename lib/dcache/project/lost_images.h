// Images that a project had, and of which nobody can tell what they are now.
#pragma once

#include "dcache/context/file_system.h"
#include "dcache/project/images.h"

namespace dcache::project {

// Adds to `now` the images of `before` whose definitions are in files that could be read then and can't be
// read now. Nothing is known of them but their names: `remote` says why. A Dockerfile that no definition
// names now is listed itself, and stands for them. `files` are those that `now` was read from.
void add_lost_images(const Project& before, const context::FileSystem& files, Project& now);

}  // namespace dcache::project
