#include "cli/log_images.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>

#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/cache/planned_file.h"
#include "dcache/cache/revision.h"
#include "dcache/observe/log_reader.h"
#include "dcache/observe/match.h"
#include "dcache/project/cache_option.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"

namespace dcache::cli {
namespace {

// How many vertices of the log are steps of the image. One may be several steps, as FROM of two stages is.
size_t vertices_of(const observe::Match& match) {
  std::set<std::pair<size_t, size_t>> vertices;
  for (const observe::ObservedStep& observed : match.steps)
    vertices.emplace(observed.build, observed.vertex);
  return vertices.size();
}

}  // namespace

report::LogModel LogImages::Candidate::model() const {
  report::LogModel model;
  model.dockerfile = image->build.dockerfile;
  model.image = image->target.name;
  model.context = image->build.context;
  model.file = steps == nullptr ? file.get() : &steps->build.file();
  model.graph = steps == nullptr ? graph.get() : &steps->build.graph();
  if (steps == nullptr) return model;
  model.build = &steps->build;
  model.report = &steps->report;
  return model;
}

bool LogImages::find() {
  if (!question_.git.empty()) return find_by_git();
  if (!select(nullptr, {}) || !import_caches()) return false;
  if (!question_.since.empty()) return find_by_snapshots();
  if (!question_.cache_from.empty()) return find_by_cache();
  // Without these flags the log is of whichever image it fits, also if there is a Dockerfile in the folder.
  const bool is_named = !question_.build.files.empty() || !question_.build.images.empty();
  for (size_t i = 0; i < selection_.project.images.size(); ++i) {
    const bool is_meant = !is_named || std::ranges::find(selection_.meant, i) != selection_.meant.end();
    if (is_meant && !plan(selection_.project.images[i])) return false;
  }
  return true;
}

bool LogImages::defines_imports() const {
  return std::ranges::any_of(selection_.meant, [&](size_t image) {
    return !selection_.project.images[image].target.cache_from.empty();
  });
}

std::vector<report::LogModel> LogImages::models_of(const observe::Log& log) const {
  std::vector<report::LogModel> models;
  for (size_t i = 0; i < log.builds.size(); ++i)
    models.push_back(model_of(log, i));
  return models;
}

// Without a Dockerfile a log can be shown too, but not if the flags name one.
bool LogImages::select(const std::shared_ptr<const context::FileSystem>& files,
                       const std::vector<std::string>& changed) {
  const BuildFlags& flags = question_.build;
  constexpr bool kComplains = false;
  bool failed = false;
  selection_ = select_images(flags, failed, files, changed, kComplains);
  const bool is_named =
      !flags.files.empty() || !flags.images.empty() || !flags.context.empty() || question_.has_state_before();
  if (!selection_.meant.empty() || !is_named) return true;
  selection_ = select_images(flags, failed, files, changed);
  return !selection_.meant.empty();
}

bool LogImages::import_caches() {
  if (question_.complains) return cli::import_caches(question_.build, question_.cache_from, selection_);
  return project::import_caches(selection_.project, selection_.meant, question_.cache_from).has_value();
}

bool LogImages::find_by_git() {
  const auto revisions =
      cache::Revisions::open(folder_of_git(question_.build), question_.git, disk_of(question_.build));
  if (!revisions) {
    complain(text::words_of(revisions.error()));
    return false;
  }
  const std::vector<std::string> changed = revisions->changed_paths();
  if (!select(revisions->after(), changed) || !import_caches()) return false;
  const auto read = [&](const std::shared_ptr<const context::FileSystem>& files) {
    bool failed = false;
    return select_images(question_.build, failed, files, changed, false).project;
  };
  return take(project::affected_since(selection_.project, *revisions, read, judging()));
}

bool LogImages::find_by_snapshots() {
  const auto states = read_states(question_.since, selection_);
  return states && take(project::affected_since(selection_.project, *states, judging()));
}

// Nothing changed since the caches were exported.
bool LogImages::find_by_cache() {
  return take(project::affected_by(selection_.project, {}, current_folder(), judging()));
}

project::AffectedOptions LogImages::judging() {
  return {.only = selection_.meant, .keep_steps = true, .progress = std::ref(line_)};
}

// False, with a word on standard error, if a cache is imported of a stage that is not there.
bool LogImages::take(const project::AffectedImages& affected) {
  for (const text::Failure& failure : affected.failures) {
    if (question_.complains) complain("warning: " + text::words_of(failure));
  }
  for (const project::ImageEffect& effect : affected.images) {
    if (effect.all_steps == nullptr) {
      plan(*effect.image);
      continue;
    }
    const cache::Build& build = effect.all_steps->build;
    const bool is_good = question_.complains ? has_imported_stages(build)
                                             : !project::wrong_import(build.options(), build.graph());
    if (!is_good) return false;
    candidates_.push_back({.image = effect.image, .steps = effect.all_steps});
  }
  return true;
}

// Reads the Dockerfile alone: a log can be shown without the files of the context. False, with a word on
// standard error, if it can't be read though the flags name it.
bool LogImages::plan(const project::Image& image) {
  if (!image.remote.empty()) return true;
  auto text = cache::read_dockerfile(image.build, *image.build.files);
  if (!text) {
    if (!question_.build.files.empty()) complain(text.error());
    return question_.build.files.empty();
  }
  cache::PlannedFile planned = cache::plan_file(image.build.dockerfile, std::move(*text), image.build.plan);
  if (planned.graph->target)
    candidates_.push_back(
        {.image = &image, .file = std::move(planned.file), .graph = std::move(planned.graph)});
  return true;
}

report::LogModel LogImages::model_of(const observe::Log& log, size_t build) const {
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

// The image whose steps have the most of the names that the log has; one whose Dockerfile is called as the
// log says comes before others. Of several that have the same names, as targets of one Dockerfile have, the
// one of which the log lacks the fewest steps.
report::LogModel LogImages::best_model(const observe::Log& log, size_t build) const {
  const std::string_view name = observe::dockerfile_name(log.builds[build]);
  report::LogModel best;
  using Fit = std::tuple<bool, size_t, size_t>;
  Fit most = {false, 0, 0};
  for (const Candidate& candidate : candidates_) {
    const report::LogModel model = candidate.model();
    const observe::Match match = observe::match(*model.file, *model.graph, log, build);
    const size_t own = match.exact * 2 + vertices_of(match);
    const size_t found = SIZE_MAX - match.missing.size();
    const Fit fit = {text::base_name(model.dockerfile) == name, own, found};
    if (own == 0 || fit <= most) continue;
    best = model;
    most = fit;
  }
  return best;
}

void add_times(const report::LogView& view, observe::Durations& durations) {
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
}

std::optional<observe::Log> read_log(const std::string& path) {
  auto log = observe::read_log(path);
  if (log) return std::move(*log);
  complain(text::words_of(log.error()));
  return std::nullopt;
}

std::optional<observe::Durations> durations_with(const observe::Log* log, const BuildFlags& flags) {
  observe::Durations durations = known_durations(flags);
  if (log == nullptr) return durations;
  LogQuestion question;
  question.build = flags;
  LogImages images(std::move(question));
  if (!images.find()) return std::nullopt;
  add_times(report::view_of(*log, images.models_of(*log)), durations);
  return durations;
}

}  // namespace dcache::cli
