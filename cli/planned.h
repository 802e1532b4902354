// Plans of images, without their contexts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dcache/cache/planned_file.h"
#include "dcache/observe/durations.h"
#include "dcache/plan/graph.h"
#include "dcache/project/images.h"

namespace dcache::cli {

// How long the steps of a Dockerfile took when they were built last; nothing for those that are not known.
// `durations` have to outlive it.
using StepSeconds = std::function<std::optional<double>(const plan::Graph&, size_t step)>;
StepSeconds step_seconds(const observe::Durations& durations, const std::string& dockerfile);

// Nothing, with a word on standard error, for an image that can't be planned.
std::optional<cache::PlannedFile> plan_image(const project::Image& image);

}  // namespace dcache::cli
