// A Dockerfile with its plan, without any context.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/plan/graph.h"
#include "dcache/text/failure.h"

namespace dcache::cache {

struct PlannedFile {
  std::unique_ptr<dockerfile::File> file;
  std::unique_ptr<plan::Graph> graph;
  // Why it can't be built: the errors of the file, or without any those of the plan that the target reaches.
  std::vector<text::Failure> failures;
};

// `path` is what failures call the file.
PlannedFile plan_file(const std::string& path, std::string text, const plan::Options& options);

}  // namespace dcache::cache
