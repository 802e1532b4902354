// The cache key of every step of a build graph over a context.
//
// A step has two keys, since nobody knows what a RUN will write before it ran:
// - `certain` takes it that a step that rebuilds writes something else than before,
// - `hopeful` takes it that it writes the same again.
// A builder that has seen `certain` reuses the step surely. If it has seen only `hopeful`, the step is reused
// if and only if some rebuilt step below the files it copies gives the same output.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dcache/cache/selection.h"
#include "dcache/context/snapshot.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

struct KeyPair {
  context::Hash certain;
  context::Hash hopeful;
};

// Files that one read of a step takes from a context.
struct ReadFiles {
  size_t read = 0;  // index in Step::reads
  Selection selection;
};

struct StepKeys {
  context::Hash definition;  // what the instruction says, variables and all
  context::Hash files;       // what it takes from contexts
  KeyPair key;               // all of it, with the steps below
  KeyPair content;           // COPY, ADD: what it writes, whatever is below
  std::vector<ReadFiles> reads;
};

// The contexts of a build: the main one, and those of --build-context by name.
struct Contexts {
  const context::Snapshot* main = nullptr;
  std::map<std::string, const context::Snapshot*, std::less<>> named;
  // If given, keys are made of these files of contexts alone; see select().
  const Edits* counted = nullptr;
};

// One entry per step of the graph. Steps that the target does not need have keys as well.
std::vector<StepKeys> compute_keys(const plan::Graph& graph, const Contexts& contexts);

// The same with StepKeys::reads alone.
std::vector<StepKeys> select_files(const plan::Graph& graph, const Contexts& contexts);

}  // namespace dcache::cache
