// Rows of a job matrix: what docker/build-push-action is given to build an image.
// Source: https://github.com/docker/build-push-action#inputs
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dcache/project/images.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

// Why an image can't be in a matrix. Empty if it can: jobs of a matrix run at the same time, each on a
// machine of its own, so an image can't be there if it needs another one that has to be built too. `rebuilt`
// has the names of those, and `image.target.needs` is complete (project::add_needs).
std::string why_not_in_matrix(const project::Image& image, const std::set<std::string, std::less<>>& rebuilt);

// The images among `rebuilt` that it needs by a tag, or by an argument of Skaffold: not even bake or Compose
// builds those before it.
std::vector<std::string> needed_by_tag(const project::Image& image,
                                       const std::set<std::string, std::less<>>& rebuilt);

// An object with texts as the inputs of the action take them: "image", "dockerfile", "dockerfile_inline",
// "context", "target", "tags", "build_args", "build_contexts", "platforms", "labels", "annotations",
// "cache_from", "cache_to", "no_cache", "no_cache_filters", "pull", "secret_files", "secret_envs", "ssh",
// "network", "add_hosts", "shm_size", "ulimit" and "unknown". What is not known is left out of its list, and
// its attribute is in `unknown`, separated by commas, with the inputs that are given and not in the row.
void write_matrix_row(const project::Image& image, text::JsonWriter& json);

}  // namespace dcache::report
