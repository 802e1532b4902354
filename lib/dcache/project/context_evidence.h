// What tells the build context of a Dockerfile that copies its context as a whole: the files that its
// commands need of what was copied.
#pragma once

#include <string>
#include <vector>

#include "dcache/plan/graph.h"

namespace dcache::project {

// A command fails without one of these files. Paths from the context, with wildcards.
struct NeededFile {
  std::vector<std::string> any_of;
  bool weak = false;  // the build may make it itself, or not need it
};

// Whether a step that the target needs copies the whole context, or mounts it.
bool takes_whole_context(const plan::Graph& graph);

// The folders that such steps copy it to, absolute.
std::vector<std::string> copies_of_context(const plan::Graph& graph);

// What the commands after such a step need, in their order. Empty if no step takes the whole context.
// Commands that work on what they download say nothing.
std::vector<NeededFile> files_of_commands(const plan::Graph& graph);

// The paths that RUN, CMD and ENTRYPOINT name, relative ones and those within copies of the context: from the
// context.
struct NamedPath {
  std::string path;
  bool in_run = false;  // the step may make it, or only ask for it
};
std::vector<NamedPath> named_paths(const plan::Graph& graph);

}  // namespace dcache::project
