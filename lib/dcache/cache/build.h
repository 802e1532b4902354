// A build as it is on disk: Dockerfile, ignore file, context and options, read once and kept together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/keys.h"
#include "dcache/cache/report.h"
#include "dcache/context/file_system.h"
#include "dcache/context/snapshot.h"
#include "dcache/dockerfile/file.h"
#include "dcache/ignore/matcher.h"
#include "dcache/plan/graph.h"
#include "dcache/text/failure.h"

namespace dcache::cache {

using text::Failure;

// As the folder of a context: there is none, as for `docker build - < Dockerfile`. No file is in it, and no
// ignore file counts.
inline constexpr std::string_view kNoContext = "-";

struct BuildOptions {
  std::string dockerfile = {};  // its path
  // Its text, in place of what is in a file; `dockerfile` is what messages call it then.
  std::optional<std::string> dockerfile_text = {};
  std::string context = {};      // the folder; empty for the Dockerfile's own; or kNoContext
  std::string hash_store = {};   // the folder of hashes kept between runs; empty for none
  bool measure_ignored = false;  // for Build::ignored_by
  // context::WalkOptions::names_only; for what_if_changed() alone, since Build::keys() stays empty then.
  bool names_only = false;
  bool without_keys = false;  // Build::keys() stays empty: for Build::reduced(), which makes them
  plan::Options plan = {};
  // What a worker that has nothing of its own imports, in this order; without any, the builder has kept all
  // that it built.
  std::vector<CacheImport> cache_from = {};
  // What all of it is read from.
  std::shared_ptr<const context::FileSystem> files = context::disk();
  // Ends loading early, with the failure context::kCancelled, and hashing too.
  std::stop_token stop = {};
};

// The text of the Dockerfile. The error is a sentence.
tl::expected<std::string, std::string> read_dockerfile(const BuildOptions& options,
                                                       const context::FileSystem& files);

// The ignore file that counts for a Dockerfile and a context.
struct IgnoreFile {
  std::string path;  // empty if there is none
  ignore::Matcher matcher;
};
// The places where it can be, the first one that exists counts: `<Dockerfile>.dockerignore` next to the
// Dockerfile and `.dockerignore` at the root of the context; the classic builder knows only the second, and
// buildah also both as `.containerignore`. Of a named context, which has no Dockerfile (an empty one), only
// the second counts.
// Source: https://github.com/moby/buildkit/blob/master/frontend/dockerui/namedcontext.go
std::vector<std::string> ignore_file_candidates(const std::string& dockerfile, const std::string& context,
                                                plan::Builder builder);
// The file made of a text from one of those places, and the one on disk.
tl::expected<IgnoreFile, Failure> parse_ignore_file(const std::string& path, std::string_view text,
                                                    plan::Builder builder);
tl::expected<IgnoreFile, Failure> load_ignore_file(const std::string& dockerfile, const std::string& context,
                                                   plan::Builder builder = plan::Builder::kBuildkit,
                                                   const context::FileSystem& files = *context::disk());

// What a context contains: nothing for kNoContext.
tl::expected<context::Walk, std::string> walk_context(const std::string& folder,
                                                      const ignore::Matcher& ignore,
                                                      const context::WalkOptions& options,
                                                      const context::FileSystem& files);

// What the walk of a context and the hashing of its files met.
struct ContextProblem {
  std::string context;  // the name of a named context, empty for the main one
  context::Problem problem;
  std::optional<size_t> step = {};  // the first needed one that reads what can't be read
};

class Build {
 public:
  // Reads the Dockerfile and what the context contains, without the content of its files. Fails with
  // everything that is wrong with the Dockerfile, the ignore file or the options.
  static tl::expected<Build, std::vector<Failure>> load(const BuildOptions& options);
  // From a text instead of a file; the contexts are given, the ignore file's work on them done, and nothing
  // is read.
  struct Parts {
    std::string dockerfile;
    context::Snapshot context;
    std::map<std::string, context::Snapshot, std::less<>> named_contexts = {};
    IgnoreFile ignore = {};
  };
  static tl::expected<Build, std::vector<Failure>> make(const BuildOptions& options, Parts parts);

  // The same build over less: those files of its contexts that `paths` name, by context, what the
  // instructions name, and all links. It is compared as the whole one is where only those files differ, in
  // time that does not depend on how large the contexts are.
  using Paths = std::map<std::string, std::vector<std::string>, std::less<>>;
  tl::expected<Build, std::vector<Failure>> reduced(const Paths& paths) const {
    return reduced(paths, link_targets());
  }
  // With those files, by themselves, that `links` names: what links of any of the compared builds lead to, so
  // that all have the same.
  tl::expected<Build, std::vector<Failure>> reduced(const Paths& paths, const Paths& links) const;
  // By context: what its links lead to.
  Paths link_targets() const;

  const BuildOptions& options() const { return options_; }
  const dockerfile::File& file() const { return *file_; }
  const plan::Graph& graph() const { return *graph_; }
  const IgnoreFile& ignore() const { return *ignore_; }
  const context::Snapshot& context() const { return contexts_->main; }
  const std::map<std::string, context::Snapshot, std::less<>>& named_contexts() const {
    return contexts_->named;
  }
  // What each step reads, and its keys: of files that were loaded, only once hash_files() was called.
  const std::vector<StepKeys>& keys() const { return keys_; }
  const std::vector<ContextProblem>& problems() const { return problems_; }
  // A failure for each file that a step reads and nobody can read, at its instruction: the build fails.
  std::vector<Failure> read_failures() const;
  uint64_t ignored_entries() const { return ignored_entries_; }
  // By pattern of the ignore file, in their order.
  const std::vector<context::IgnoredCount>& ignored_by() const { return ignored_by_; }
  State state() const { return {graph_.get(), &keys_}; }

  // Hashes the files that some needed step reads, or those of them for which `only` is true. `progress` is
  // called as of context::HashingOptions. Without `make_keys`, keys() stays what it was: for who wants to
  // write a snapshot and no more.
  using Progress = std::function<void(const context::HashingProgress&)>;
  using Only = std::function<bool(const std::string& context, const context::Record&)>;
  void hash_files(const Progress& progress = {}, const Only& only = {}, bool make_keys = true);
  // The same for builds that are compared: each hashes what any of them reads.
  static void hash_together(std::span<Build* const> builds, const Progress& progress = {},
                            const Only& only = {});
  // By context ("" for the main one): paths of files, sorted, of which nobody knows whether they are the same
  // as before.
  using AssumedPaths = std::map<std::string, std::vector<std::string>, std::less<>>;
  // Finds out what the steps read, of a build that was loaded without keys.
  void make_keys() { keys_ = selected_files(); }
  // The verdicts on this build for a builder that has built all of `earlier`, in their order; without any all
  // steps are new. Files with the size, mode and time of modification that they had in the last of them, but
  // another hash, are taken for what such a builder sees: nobody knows whether it looks at them.
  Report compare_with(std::span<const Build* const> earlier, const AssumedPaths& assumed = {}) const;
  // Its contexts, for the keys of this build over other files.
  Contexts contexts() const;

 private:
  struct Trees {
    context::Snapshot main;
    std::map<std::string, context::Snapshot, std::less<>> named;
  };

  Build() = default;
  // By context: for each record whether some step reads it.
  using WantedRecords = std::map<std::string, std::vector<bool>, std::less<>>;
  void add_wanted(const Build& reader, WantedRecords& wanted) const;
  void hash(const WantedRecords& wanted, const Progress& progress, const Only& only, bool make_keys);
  std::vector<context::Record> assumed_records(const std::string& context,
                                               const std::vector<std::string>& paths) const;
  void add_problems(const std::string& context, std::vector<context::Problem> problems);
  void find_readers();
  Report with_patterns(Report report, std::span<const Build* const> earlier) const;
  // Of the files in contexts, but without keys.
  std::vector<StepKeys> selected_files() const;
  std::vector<Failure> plan(std::string text);

  BuildOptions options_;
  std::unique_ptr<dockerfile::File> file_;
  std::unique_ptr<plan::Graph> graph_;
  std::shared_ptr<IgnoreFile> ignore_ = std::make_shared<IgnoreFile>();
  std::unique_ptr<Trees> contexts_ = std::make_unique<Trees>();
  std::vector<StepKeys> keys_;
  std::vector<ContextProblem> problems_;
  uint64_t ignored_entries_ = 0;
  std::vector<context::IgnoredCount> ignored_by_;
};

}  // namespace dcache::cache
