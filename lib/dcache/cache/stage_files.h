// What the result of a stage contains, for COPY --from and mounts: told by the steps that wrote there, before
// any of them ran. Internal to cache/.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "dcache/cache/assumed_hasher.h"
#include "dcache/cache/keys.h"
#include "dcache/cache/writes.h"
#include "dcache/context/snapshot.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

class FoundFiles;

// The last snapshots of files that steps wrote: many selectors find the same.
class FoundSnapshots {
 public:
  // Of several records of one path the last counts. The files have to outlive it; those of two steps are
  // never at one address.
  context::Snapshot of(const std::vector<context::Record>& folders,
                       std::vector<const context::Record*> files);

 private:
  struct Entry {
    std::vector<context::Record> folders;
    std::vector<const context::Record*> files;
    context::Snapshot snapshot;
  };
  std::vector<Entry> entries_;
};

class StageFiles {
 public:
  // Both have to outlive it. Of `keys` those of the stage's steps have to be made when it is asked for.
  StageFiles(const plan::Graph& graph, const std::vector<StepKeys>& keys) : graph_(graph), keys_(keys) {}

  // Adds what a selector takes from the result of a stage to a key.
  void add_selected(size_t stage, const plan::Selector& selector, AssumedHasher& hasher) const;

 private:
  // What a COPY writes, and the hash of all of it.
  struct CopiedFiles {
    std::optional<std::vector<context::Record>> files;
    std::vector<std::string> links;  // absolute paths
    context::Hash all;
    bool are_in_order = false;  // the files, by context::path_less()
  };
  static std::span<const context::Record> within(const CopiedFiles& copy, std::string_view path);
  static void add_folder(const StepKeys& folder, FoundFiles& found);
  static void add_workdir(const plan::Step& workdir, FoundFiles& found);
  void add_run(size_t run, const plan::Selector& selector, FoundFiles& found) const;
  const CopiedFiles& copied(size_t copy) const;
  std::optional<bool> is_folder_below(size_t copy) const;
  bool copies_links(size_t stage) const;
  template <typename Makes>
  bool has_links(size_t stage, std::map<size_t, bool>& known, const Makes& makes) const;
  bool passes_links(size_t stage, const plan::Selector& selector) const;
  const RunWrites& written(size_t run) const;

  const plan::Graph& graph_;
  const std::vector<StepKeys>& keys_;
  mutable std::map<size_t, RunWrites> writes_;    // of the RUNs asked for so far
  mutable std::map<size_t, CopiedFiles> copies_;  // by step
  mutable std::map<size_t, bool> links_;          // whether steps or those below make any
  mutable std::map<size_t, bool> copied_links_;   // whether a COPY does
  mutable FoundSnapshots snapshots_;
};

}  // namespace dcache::cache
