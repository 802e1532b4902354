// The cache key of every step of a build graph over a context.
//
// What a RUN will write is not known before it ran, so a step has a key for each of three assumptions:
// - `if_changed`: a step that rebuilds writes something else than before,
// - `if_same`: it writes the same again,
// - `if_untouched`: it does, and no RUN changed or removed a file that a COPY brought.
// A builder that has seen `if_changed` reuses the step surely. If it has seen only one of the others, the
// step is reused if the rebuilt steps that its files come from give the same output.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dcache/cache/selection.h"
#include "dcache/context/snapshot.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

struct AssumedKeys {
  context::Hash if_changed;
  context::Hash if_same;
  context::Hash if_untouched;
};

// Files that one read of a step takes from a context.
struct ReadFiles {
  size_t read = 0;  // index in Step::reads
  Selection selection;
};

struct StepKeys {
  AssumedKeys definition;  // what the instruction says, variables and all
  context::Hash files;     // what it takes from contexts
  AssumedKeys inputs;      // what it takes from contexts, stages and images
  AssumedKeys key;         // all of it, with the steps below
  AssumedKeys content;     // COPY, ADD: what it writes, whatever is below
  context::Hash output;    // RUN: what it writes
  std::vector<ReadFiles> reads;
};

// The files of a context.
struct ContextFiles {
  const context::Snapshot* files = nullptr;
  // If given, keys are made of these files alone; see select().
  const Edits* counted = nullptr;
};

// The contexts of a build: the main one, and those of --build-context by name.
struct Contexts {
  ContextFiles main;
  std::map<std::string, ContextFiles, std::less<>> named;
  // The builder has no copy of them from an earlier build: new modes and attributes of folders count.
  bool are_new = false;
};

// One entry per step of the graph. Steps that the target does not need have keys as well.
std::vector<StepKeys> compute_keys(const plan::Graph& graph, const Contexts& contexts);

// Steps that a builder runs again though it knows their keys, since it has no results of them: a RUN may then
// write something else with the same key.
struct RunAgain {
  std::vector<bool> steps;                      // by their index
  const std::vector<StepKeys>* keys = nullptr;  // of the same build, if nothing ran again
  std::function<bool(const AssumedKeys&)> is_known;
};
std::vector<StepKeys> compute_keys(const plan::Graph& graph, const Contexts& contexts, const RunAgain& again);

// The same with StepKeys::reads alone.
std::vector<StepKeys> select_files(const plan::Graph& graph, const Contexts& contexts);

}  // namespace dcache::cache
