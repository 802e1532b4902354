// What a definition leaves open of the steps of a build.
#pragma once

#include <string>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"

namespace dcache::project {

// A build argument whose value is not known.
struct OpenArgument {
  std::string name;
  std::string reason;  // "only CI knows the build argument SHA (${{ github.sha }})"
};

// Makes the steps that would be reused depend on the arguments that they use. Makes the plan of the build
// once more for each argument.
void open_steps(const cache::Build& build, const std::vector<OpenArgument>& arguments, cache::Report& report);
// Makes all of them depend on what changes in a file that defines the image, by its path.
void open_steps(const cache::Build& build, const std::string& definition, cache::Report& report);

}  // namespace dcache::project
