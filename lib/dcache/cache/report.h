// Compares a state of a build with earlier ones: which steps are reused from what the builder has of those,
// and why the others are not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/cache/cache_import.h"
#include "dcache/cache/keys.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

class KnownKeys;

enum class Verdict : uint8_t {
  kHit,      // surely reused
  kMiss,     // surely rebuilt
  kDepends,  // reused only if a rebuilt earlier step gives the same output
  kUnused,   // not needed for the target
  kUnknown,  // only the registry or a server knows; verdicts of later steps assume no change
};
std::string_view name_of(Verdict verdict);

// A file that is another one than before.
struct FileChange {
  std::string path;
  std::string change;        // as in Cause
  std::string pattern;       // as written in the instruction
  uint32_t mode_before = 0;  // permission bits; 0 for a file that was not there
  uint32_t mode_after = 0;
  // "ignored" and "unignored": the pattern that decides, and the place where it is, ".dockerignore:3".
  std::string ignore_pattern = {};
  std::string ignore_place = {};
  size_t files = 0;  // "commit": those of the folder that the step takes
};

inline constexpr std::string_view kMayRebuild = "may-rebuild";

// What started it. For a step that only follows another one it is the other's cause.
struct Cause {
  enum class Kind : uint8_t {
    kNone,         // of a hit
    kFile,         // a file of the context: path, change, pattern, and `line` of the step that takes it
    kInstruction,  // the words of the instruction in `line`, or what `name` says ("user"): before, after
    kVariable,     // the ENV or ARG `name`, set in `line` (0: a build argument or predefined): before, after
    // The instruction in `line` was not there before, or with the change "unneeded" the target of before did
    // not need it.
    kNew,
    // The base image in `line`: before, after. With the change "rebuilt" the build `name` makes another one.
    kImage,
    // Files of `stage`, whose step in `line` rebuilds, or which has lost the step `before`. With the change
    // kMayRebuild nobody knows whether that step rebuilds.
    kStage,
    // The file `path` that `line` names does not exist: the build fails. With the change "deleted" it existed
    // before.
    kMissing,
    kNetwork,      // `name`, an image without digest or a remote file
    kTarget,       // the target does not need the stage
    kAlways,       // the builder runs it in every build, and reuses what comes after it
    kNoCache,      // it was told not to reuse it
    kNotExported,  // the imported cache knows the step, but has no result of it
    kImports,      // several imports know the step, and BuildKit does not find it in every build
  };
  Kind kind = Kind::kNone;
  uint32_t line = 0;
  std::string path;
  // Of a file: "changed", "added", "deleted", "mode", "folder-mode", "attributes", "type", "target";
  // "ignored" and "unignored" if a pattern of the ignore file keeps it out now, or did before: `after` or
  // `before` is the pattern, `name` its place.
  // "assumed" if nobody knows whether it is the same, since git does not track it: it is ignored,
  // outside of the repository, or an empty folder; "same-time" for other bytes with the size and the time of
  // modification of before, which builders do not notice; "commit" for a folder of git (".git"), whose files
  // change with every commit: it stands for all of them.
  std::string change;
  std::string pattern;  // as written in the instruction
  std::string name;
  std::string stage;
  std::string before;
  std::string after;
  size_t more = 0;  // further files that changed for the same step
  // All of them, with the one above first; null for other kinds.
  std::shared_ptr<const std::vector<FileChange>> files = {};
};
// The stable word for a kind, as in JSON: "file", "instruction", …; empty for kNone.
std::string_view name_of(Cause::Kind kind);

struct StepReport {
  size_t step = 0;  // index in the second state's graph
  Verdict verdict = Verdict::kHit;
  Cause cause;
  std::optional<size_t> follows;  // the step that makes this one rebuild; nothing for a cause of its own
  // Of a hit with imports: the builder's log says CACHED of it, but it runs later on, since another step
  // needs its result, which was not exported.
  bool runs_after_all = false;
  // Of a hit with several imports: BuildKit does not find it in every build.
  bool is_not_reliable = false;
};

struct Report {
  std::vector<StepReport> steps;  // one per step of the graph, in its order

  // Steps with this verdict, FROM left out.
  size_t count(const plan::Graph& graph, Verdict verdict) const;
};

// One state of a build. Everything it points to has to outlive it.
struct State {
  const plan::Graph* graph = nullptr;
  const std::vector<StepKeys>* keys = nullptr;
  const Contexts* contexts = nullptr;  // that the keys were made over; only needed with imports
};

Report compare(const State& before, const State& now);
// For a builder that has `known`, with the causes told against one earlier state.
Report compare(const KnownKeys& known, const State& before, const State& now);
// The builder has the steps of all of `earlier`, or with `imports` only what was exported of these, and
// nothing of its own. The causes are told against the one that has most in common with `now`; without any,
// every step is new.
Report compare(std::span<const State> earlier, const State& now, std::span<const CacheImport> imports = {});

}  // namespace dcache::cache
