// What is told of the effect on one image: for the judges of affected.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "dcache/project/affected.h"
#include "dcache/project/open_steps.h"

namespace dcache::project {

// What counts more is told of an image that is compared in several ways: for each of its platforms, and with
// what each of its definitions said before.
int weight_of(Effect effect);

// Fills in what a comparison of the steps says.
void tell_steps(const cache::Build& build, const cache::Report& report, ImageEffect& effect);
// A Dockerfile that can't be built is of interest where somebody builds it: tests of tools have many.
void tell_failures(const Image& image, std::vector<text::Failure> failures, ImageEffect& effect);
// A Dockerfile that can't be built and that nothing defines counts if something of it changes. `changed` are
// absolute paths.
void tell_lone_failure(const Image& image, const std::vector<std::string>& changed, ImageEffect& effect);
// What an image's definition leaves open and its build may see.
void tell_unknown(const Image& image, const cache::Build& build, ImageEffect& effect);
// The build arguments among it.
std::vector<OpenArgument> open_arguments(const Image& image, const cache::Build& build);
// The change of an image whose steps are all reused.
void tell_configuration(const cache::Build& build, std::span<const cache::Build> before, ImageEffect& effect);
// The change of an image whose steps are all reused, but which ends with another one of them.
void tell_result(const cache::Build& build, std::span<const cache::Build> before, ImageEffect& effect);

// Why a folder or a Dockerfile that the build needs and that is not there may be there when it is built: an
// earlier step of a CI job makes it, or a variable that is not set says where it is. Empty for all else.
std::string made_before(const Image& image);
// What an image loses that is not built for a platform any more.
std::string lost_platform(const std::string& platform);

// Whether an ARG of the stages that the target needs, or one for FROM, has the name.
bool declares(const cache::Build& build, const std::string& name);

}  // namespace dcache::project
