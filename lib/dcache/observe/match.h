// Which step of a Dockerfile each vertex of a log is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/observe/log.h"
#include "dcache/observe/name.h"
#include "dcache/plan/graph.h"

namespace dcache::observe {

// A step that the log tells of.
struct ObservedStep {
  size_t step = 0;   // index in Graph::steps
  size_t build = 0;  // index in Log::builds: another one where images share the step, and the log has it once
  size_t vertex = 0;  // index in the vertices of that build
  // Other vertices of the matched build for the same step. Images of one run whose contexts differ have a
  // vertex each, and the log may have both under one name: the builder runs one and reuses that for the
  // other.
  std::vector<size_t> again = {};
};

struct Match {
  std::vector<ObservedStep> steps;  // in the order of the graph, each once; of several platforms each
  std::vector<size_t>
      unmatched;     // vertices of the build that are steps, of another Dockerfile or another state of it
  size_t exact = 0;  // how many of `steps` have the very name that the Dockerfile gives
  std::vector<size_t> missing;  // steps that the target needs and the log does not have
};

// Of several vertices for one step, that of the highest rank tells of it: one that failed, one that ran, one
// that did not end, and last those that were reused.
int rank_of(const Vertex& vertex);

// The images of a run, as the names of its vertices tell.
ImageNames images_of(const Log& log, size_t run);

// The file name of the Dockerfile that a build read, without folders; empty if the log does not say.
std::string_view dockerfile_name(const Build& build);

// Takes linear time. A step is found by its name; where that differs, as with a variable that only the base
// image sets, by its stage and number, if it has the words of the instruction that no variable is in.
// `graph` is made of `file`.
Match match(const dockerfile::File& file, const plan::Graph& graph, const Log& log, size_t build);

}  // namespace dcache::observe
