// The builds of a log as the reports of `dcache log` show them: their steps with what the Dockerfile, the
// model and another log say of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/dockerfile/file.h"
#include "dcache/observe/log.h"
#include "dcache/observe/match.h"
#include "dcache/observe/name.h"
#include "dcache/observe/timeline.h"
#include "dcache/plan/graph.h"

namespace dcache::report {

// What is at hand of a build that a log tells of. What is pointed to has to outlive the view.
struct LogModel {
  std::string dockerfile;  // its path
  std::string image;       // as definitions call it
  const dockerfile::File* file = nullptr;
  const plan::Graph* graph = nullptr;
  // Where the state before is known: what the model says of each step.
  const cache::Build* build = nullptr;
  const cache::Report* report = nullptr;
  std::string context = {};  // the folder; empty for that of the Dockerfile
};

struct LogStep {
  const observe::Vertex* vertex = nullptr;
  std::string stage;              // its name or number
  uint32_t line = 0;              // in the Dockerfile; 0 where it is not known
  std::string instruction;        // on one line
  std::string platform;           // of a build for several
  std::optional<size_t> planned;  // index in the graph's steps
  std::string shared_with;        // the image whose name the log has it under
  bool is_merged = false;         // the same step of another stage, above: it was done once for both
  const cache::StepReport* predicted = nullptr;
  // The step of the same build that made it run; nothing for one that runs for a reason of its own too.
  std::optional<size_t> follows;
  bool is_merge = false;         // a COPY --link that ran only to put its layer on others
  bool is_after_reused = false;  // the model says that it rebuilds after a step that was reused
  // The log says something else than the model, and no earlier step explains it.
  bool disagrees = false;
  std::string_view fixed_by = {};  // of a step that made others run: the rule whose safe fix helps
  // In the log that it is compared with.
  const observe::Vertex* before = nullptr;
  // Other vertices of the build for the same step, of which nothing is shown.
  std::vector<const observe::Vertex*> again = {};

  // Whether it was worked on: not reused, and not canceled before it began.
  bool ran() const;
  // FROM: its time is that of pulling the image.
  bool is_image() const;
};

struct LogBuild {
  std::string name;  // of the image; empty if neither the log nor a definition tells it
  size_t index = 0;  // in Log::builds
  size_t run = 0;
  LogModel model;
  std::vector<LogStep> steps;                     // in the order of the Dockerfile, or of the log
  std::vector<const observe::Vertex*> others;     // loading, exporting, caches
  std::vector<const observe::Vertex*> unmatched;  // steps that the Dockerfile does not have
  std::vector<uint32_t> missing;                  // lines of steps that the log does not have
  double seconds = 0;                             // from its first moment to its last
  double work = 0;           // of all that was done for it, whether at once or not; of shared steps too
  bool has_failure = false;  // something failed in its run
  bool failed = false;       // and that was in this build
  bool finished = false;     // its result was exported
  bool is_cut = false;       // the log ends before this build did
  // The value of --cache-from that fits best with a log of which nobody said what the builder had: "min", or
  // "none" for a new one that imported nothing.
  std::string assumed_import = {};
  std::vector<const observe::Notice*> notices = {};  // of its run, as far as they are about this build

  // For each step, the one of this build whose rebuilding made it run; the step itself if nothing did.
  std::vector<size_t> roots = {};

  size_t root_of(size_t step) const { return roots[step]; }
  bool has_dockerfile() const { return model.graph != nullptr; }
};

struct LogView {
  const observe::Log* log = nullptr;
  std::vector<LogBuild> builds;
  std::vector<observe::Timeline> timelines;  // by run
  std::vector<observe::ImageNames> images;   // by run: what its builds are called
  bool is_cut = false;                       // something is missing

  // The first assumption that was made of one of the builds.
  std::string_view assumed_import() const;

  // The part of the time line that a build takes.
  const observe::BuildLine& line_of(const LogBuild& build) const;
};

// One model for each build of the log; those without a graph are shown by the names of the log.
LogView view_of(const observe::Log& log, std::span<const LogModel> models);

// Sets LogStep::before of the builds that both logs have: the same name, or the same place in the log.
void compare(LogView& after, const LogView& before);

}  // namespace dcache::report
