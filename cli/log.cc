#include "dcache/report/log.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/cache/revision.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/observe/durations.h"
#include "dcache/observe/log_reader.h"
#include "dcache/project/affected.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> logs;
  std::vector<std::string> since;
  std::vector<std::string> git;
  std::string format = "text";
  bool remember = false;
};

// An image of the repository, with its Dockerfile and, where the state before is known, the verdicts.
struct Candidate {
  const project::Image* image = nullptr;
  std::unique_ptr<dockerfile::File> file;
  std::unique_ptr<plan::Graph> graph;
  std::shared_ptr<const project::ImageSteps> steps;

  report::LogModel model() const {
    report::LogModel model;
    model.dockerfile = image->build.dockerfile;
    model.image = image->target.name;
    model.file = steps == nullptr ? file.get() : &steps->build.file();
    model.graph = steps == nullptr ? graph.get() : &steps->build.graph();
    if (steps == nullptr) return model;
    model.build = &steps->build;
    model.report = &steps->report;
    return model;
  }
};

// The images that the builds of a log may be of.
class Images {
 public:
  Images(const Options& options, bool& failed) : options_(options), failed_(failed) {}

  // False, with a word on standard error, if what is asked can't be read.
  bool find() {
    if (!options_.git.empty()) return find_by_git();
    if (!select(nullptr, {})) return false;
    if (!options_.since.empty()) return find_by_snapshots();
    for (const project::Image& image : selection_.project.images) {
      if (!plan(image)) return false;
    }
    return true;
  }

  // The image of a build of the log; nothing where none fits.
  report::LogModel model_of(const observe::Log& log, size_t build) const {
    const std::string& name = log.builds[build].name;
    if (!name.empty()) {
      for (const project::Image* image : selection_.project.find(name)) {
        for (const Candidate& candidate : candidates_) {
          if (candidate.image == image) return candidate.model();
        }
      }
    }
    return best_model(log, build);
  }

 private:
  // Without a Dockerfile a log can be shown too, but not if the flags name one.
  bool select(const std::shared_ptr<const context::FileSystem>& files,
              const std::vector<std::string>& changed) {
    const BuildFlags& flags = options_.build;
    constexpr bool kComplains = false;
    bool failed = false;
    selection_ = select_images(flags, failed, files, changed, kComplains);
    const bool is_named = !flags.files.empty() || !flags.images.empty() || !flags.context.empty() ||
                          !options_.git.empty() || !options_.since.empty();
    if (!selection_.meant.empty() || !is_named) return true;
    selection_ = select_images(flags, failed_, files, changed);
    return !selection_.meant.empty();
  }

  bool find_by_git() {
    const auto revisions =
        cache::Revisions::open(folder_of_git(options_.build), options_.git, disk_of(options_.build));
    if (!revisions) {
      complain(text::words_of(revisions.error()));
      return false;
    }
    const std::vector<std::string> changed = revisions->changed_paths();
    if (!select(revisions->after(), changed)) return false;
    const auto read = [&](const std::shared_ptr<const context::FileSystem>& files) {
      bool failed = false;
      return select_images(options_.build, failed, files, changed, false).project;
    };
    take(project::affected_since(selection_.project, *revisions, read, judging()));
    return true;
  }

  bool find_by_snapshots() {
    const auto states = read_states(options_.since, selection_);
    if (!states) return false;
    take(project::affected_since(selection_.project, *states, judging()));
    return true;
  }

  project::AffectedOptions judging() {
    return {.only = selection_.meant, .keep_steps = true, .progress = std::ref(line_)};
  }

  void take(const project::Affected& affected) {
    for (const text::Failure& failure : affected.failures)
      complain("warning: " + text::words_of(failure));
    for (const project::ImageEffect& effect : affected.images) {
      if (effect.all_steps == nullptr) {
        plan(*effect.image);
      } else {
        candidates_.push_back(
            {.image = effect.image, .file = nullptr, .graph = nullptr, .steps = effect.all_steps});
      }
    }
  }

  // Reads the Dockerfile alone: a log can be shown without the files of the context. False, with a word on
  // standard error, if it can't be read though the flags name it.
  bool plan(const project::Image& image) {
    if (!image.remote.empty()) return true;
    std::optional<std::string> text = image.build.dockerfile_text;
    if (!text) {
      auto read = image.build.files->read(image.build.dockerfile);
      if (!read && !options_.build.files.empty()) complain(read.error());
      if (!read) return options_.build.files.empty();
      text = std::move(*read);
    }
    auto file = std::make_unique<dockerfile::File>(dockerfile::parse(std::move(*text)));
    auto graph = std::make_unique<plan::Graph>(plan::build_graph(*file, image.build.plan));
    if (!graph->target) return true;
    candidates_.push_back(
        {.image = &image, .file = std::move(file), .graph = std::move(graph), .steps = nullptr});
    return true;
  }

  // The image whose steps have the most of the names that the log has.
  report::LogModel best_model(const observe::Log& log, size_t build) const {
    report::LogModel best;
    size_t most = 0;
    for (const Candidate& candidate : candidates_) {
      const report::LogModel model = candidate.model();
      const observe::Match match = observe::match(*model.file, *model.graph, log, build);
      const size_t own = match.exact * 2 + match.steps.size();
      if (own > most) best = model;
      most = std::max(most, own);
    }
    return best;
  }

  const Options& options_;
  bool& failed_;
  Selection selection_;
  std::vector<Candidate> candidates_;
  HashingLine line_;
};

std::optional<observe::Log> read(const std::string& path) {
  auto log = observe::read_log(path);
  if (log) return std::move(*log);
  complain(text::words_of(log.error()));
  return std::nullopt;
}

report::LogView view_of(const observe::Log& log, const Images& images) {
  std::vector<report::LogModel> models;
  for (size_t i = 0; i < log.builds.size(); ++i)
    models.push_back(images.model_of(log, i));
  return report::view_of(log, models);
}

std::string occasion(const Options& options) {
  if (!options.git.empty()) return "since " + text::list_words(options.git);
  return options.since.empty() ? "" : "since " + text::list_words(options.since);
}

// Keeps how long the steps took that ran. False, with a word on standard error, where that fails.
bool remember(const report::LogView& view) {
  observe::Durations durations = observe::Durations::open(store_folder());
  for (const report::LogBuild& build : view.builds) {
    if (!build.has_dockerfile()) continue;
    const std::string dockerfile = text::real_path(build.model.dockerfile);
    for (const report::LogStep& step : build.steps) {
      const bool is_whole = step.ran() && step.vertex->ended && step.vertex->error.empty();
      if (!is_whole || step.is_image() || !step.shared_with.empty()) continue;
      durations.set(observe::Durations::key_of(*build.model.graph, *step.planned, dockerfile),
                    step.vertex->seconds);
    }
  }
  const std::string failure = durations.save();
  if (!failure.empty()) complain("--remember: " + failure);
  return failure.empty();
}

int run(const Options& options) {
  if (options.logs.empty() || options.logs.size() > 2) {
    complain("name one log, or two to compare them; - reads standard input");
    return kError;
  }
  if (!is_one_question({}, options.since, options.git)) return kError;
  const auto log = read(options.logs.back());
  if (!log) return kError;
  bool failed = false;
  Images images(options, failed);
  if (!images.find()) return kError;
  report::LogView view = view_of(*log, images);
  std::optional<observe::Log> before;
  if (options.logs.size() == 2) {
    before = read(options.logs.front());
    if (!before) return kError;
    report::compare(view, view_of(*before, images));
  }
  if (options.remember && !remember(view)) failed = true;
  std::string out;
  if (options.format == "json") {
    report::append_log_json(view, out);
  } else if (options.format == "svg") {
    report::append_log_svg(view, out);
  } else {
    report::append_log(view, {.occasion = occasion(options), .compared = before.has_value()},
                       report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return failed ? kError : kOk;
}

}  // namespace

Command log_command() {
  auto options = std::make_shared<Options>();
  Command command("log", "Show what a build that happened did, and why it took so long");
  command.arguments(
      "FILE", options->logs,
      "The log of a build: what --progress=plain or --progress=rawjson printed, or the log of a CI job "
      "that contains it; - for standard input. Two of them are compared: the earlier one first");
  command.texts(
      "--git", "REVISION", options->git,
      "Say why each step ran: what changed since this revision, which the builder had built before");
  command.texts("--since", "FILE", options->since,
                "The same with a state that dcache snapshot recorded before, or a folder of them");
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  add_store_option(command, options->build);
  command.flag("--remember", options->remember,
               "Keep how long the steps took in the cache folder, so that dcache explain can say it");
  command.text("--format", "", options->format, "Output format; svg is a timeline").choices = {"text", "json",
                                                                                               "svg"};
  command.notes =
      "Marks: ✓ reused, ✗ ran, ! failed, - did not end\n\n"
      "Save a log with: docker build --progress=plain . 2> build.log\n"
      "or later with:   docker buildx history logs --progress=rawjson > build.log";
  command.examples =
      "  dcache log build.log\n"
      "  dcache log build.log --git HEAD~1          # with the reasons\n"
      "  dcache log before.log after.log\n"
      "  gh run view --log 123456 | dcache log - -f build/Dockerfile\n"
      "  dcache log build.log --format svg > build.svg";
  command.exit_status = "0, or 2 if the log can't be read or is not the log of a build.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
