// The images of the repository that the builds of a log may be of.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/build_options.h"
#include "cli/selection.h"
#include "dcache/observe/durations.h"
#include "dcache/observe/log.h"
#include "dcache/project/affected.h"
#include "dcache/report/log.h"

namespace dcache::cli {

// What a log is compared with.
struct LogQuestion {
  BuildFlags build;
  std::vector<std::string> since;
  std::vector<std::string> git;
  std::vector<std::string> cache_from;
  // Whether what is wrong with the repository is told on standard error.
  bool complains = true;

  // Whether the model is asked why steps ran.
  bool has_state_before() const { return !git.empty() || !since.empty() || !cache_from.empty(); }
};

// Has to outlive the models that it gives.
class LogImages {
 public:
  explicit LogImages(LogQuestion question) : question_(std::move(question)) {}

  // False, with a word on standard error, if what is asked can't be read.
  bool find();

  // Whether the definition of one of the images says what it imports.
  bool defines_imports() const;
  // One model for each build of the log: that of the image that it is of, or an empty one where none fits.
  std::vector<report::LogModel> models_of(const observe::Log& log) const;

 private:
  // An image of the repository, with its Dockerfile and, where the state before is known, the verdicts.
  struct Candidate {
    const project::Image* image = nullptr;
    std::unique_ptr<dockerfile::File> file = {};
    std::unique_ptr<plan::Graph> graph = {};
    std::shared_ptr<const project::ImageSteps> steps = {};

    report::LogModel model() const;
  };

  bool select(const std::shared_ptr<const context::FileSystem>& files,
              const std::vector<std::string>& changed);
  bool import_caches();
  bool find_by_git();
  bool find_by_snapshots();
  bool find_by_cache();
  project::AffectedOptions judging();
  bool take(const project::AffectedImages& affected);
  bool plan(const project::Image& image);
  report::LogModel model_of(const observe::Log& log, size_t build) const;
  report::LogModel best_model(const observe::Log& log, size_t build) const;

  LogQuestion question_;
  Selection selection_;
  std::vector<Candidate> candidates_;
  HashingLine line_;
};

// Adds how long the steps took that ran, in builds whose Dockerfile is known.
void add_times(const report::LogView& view, observe::Durations& durations);

// The log of a build. Nothing, with a word on standard error, if it can't be read.
std::optional<observe::Log> read_log(const std::string& path);

// The times that --remember kept, and those of a log if there is one. Nothing, with a word on standard error,
// if the images that it may be of can't be read.
std::optional<observe::Durations> durations_with(const observe::Log* log, const BuildFlags& flags);

}  // namespace dcache::cli
