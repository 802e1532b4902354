// Plans of images, without their contexts.
#pragma once

#include <memory>
#include <optional>

#include "dcache/dockerfile/file.h"
#include "dcache/plan/graph.h"
#include "dcache/project/images.h"

namespace dcache::cli {

struct Planned {
  std::unique_ptr<dockerfile::File> file;
  plan::Graph graph;
};
// Nothing, with a word on standard error, for an image that can't be planned.
std::optional<Planned> plan_image(const project::Image& image);

}  // namespace dcache::cli
