// The base images on which the Dockerfiles of a project use a package manager: what it compiles on one of
// them may not run on another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// Whether the package manager also runs on another base image than that of the stage: in this Dockerfile, or
// in another one of the repository, as far as their FROM lines name images. Images with musl do not count.
bool has_other_base(lint::Dockerfile& dockerfile, size_t stage, const PackageManager& manager);

// Whether definitions build the stage of a RUN on several base images, by build arguments that the RUN does
// not see.
bool has_unseen_base(lint::Dockerfile& dockerfile, const plan::Step& step);

// The id of a mount for the cache, if what was compiled on other images may not run on that of the step: the
// name of its base image, "alpine", or the arguments that choose the base (`$BASE`). Empty for the usual id,
// which is the folder. Mounts at other folders than root's usual one have ids with the folder.
std::string mount_id(lint::Dockerfile& dockerfile, const plan::Step& step, const PackageManager& manager,
                     const Cache& cache, const std::optional<std::string>& path);

}  // namespace dcache::rules
