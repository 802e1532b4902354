// Rows of a job matrix: what docker/build-push-action is given to build an image.
// Source: https://github.com/docker/build-push-action#inputs
#pragma once

#include <string>

#include "dcache/project/images.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {

// An image that no job can build from what is known of it.
struct LeftOut {
  std::string image;
  std::string reason;
};

// Why the image can't be in a matrix: its files are not known, or it needs another target of its bake file.
// Empty if it can.
std::string why_not_in_matrix(const project::Image& image);

// {"image","dockerfile","dockerfile_inline","context","target","tags","build_args","build_contexts",
// "platforms","labels","annotations","unknown"}: each a text as the input of the action takes it. What is not
// known is left out of its list, and its attribute is in `unknown`, separated by commas.
void write_matrix_row(const project::Image& image, text::JsonWriter& json);

}  // namespace dcache::report
