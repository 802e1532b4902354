// Build arguments that contain the tag of an image which another build makes. Internal to plan/.
#pragma once

#include "dcache/dockerfile/file.h"
#include "dcache/plan/graph.h"

namespace dcache::plan {

// Tells the steps of a graph that the value of such an argument reaches, through whatever variables: they
// change with the image. Makes the plan once more for each image with arguments.
void tell_image_arguments(const dockerfile::File& file, const Options& options, Graph& graph);

}  // namespace dcache::plan
