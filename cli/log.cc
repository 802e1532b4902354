#include "dcache/report/log.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/log_hints.h"
#include "cli/log_images.h"
#include "cli/terminal.h"
#include "dcache/observe/durations.h"
#include "dcache/text/file_io.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  LogQuestion question;
  std::vector<std::string> logs;
  std::string format = "text";
  bool remember = false;
};

// What is said of a log. The view points to the images.
struct Answer {
  std::vector<std::unique_ptr<LogImages>> images;  // the first are those of what was asked
  report::LogView view;
};

// Tries what the builder may have had, and takes for each run of the log what fits best: where the model and
// the log disagree on the fewest steps, the first of those.
//
// The log of a build that imported a cache says neither how that was exported nor what the builder had of its
// own. A builder that was new had nothing.
class ImportSearch {
 public:
  ImportSearch(const observe::Log& log, const LogQuestion& question) : log_(log), question_(question) {}

  // Nothing, with a word on standard error, if what is asked can't be read.
  std::optional<Answer> answer() {
    if (!add_images(question_)) return std::nullopt;
    models_ = images_.front()->models_of(log_);
    const bool is_open = question_.cache_from.empty() && question_.has_state_before();
    if (is_open) fit();
    Answer answer{.images = std::move(images_), .view = report::view_of(log_, models_)};
    for (report::LogBuild& build : answer.view.builds)
      build.assumed_import = assumed_[build.run];
    return answer;
  }

 private:
  using Imports = std::vector<std::string>;  // values of --cache-from; empty for what was asked
  struct Attempt {
    std::vector<report::LogModel> models;
    std::vector<size_t> disagreements;  // by run; empty where it can't be tried
  };

  bool add_images(LogQuestion question) {
    images_.push_back(std::make_unique<LogImages>(std::move(question)));
    return images_.back()->find();
  }

  void fit() {
    for (size_t run = 0; run < log_.runs.size(); ++run) {
      const Attempt* best = nullptr;
      for (const Imports& imports : candidates(run)) {
        if (best != nullptr && best->disagreements[run] == 0) break;
        const Attempt& attempt = attempt_with(imports);
        const bool is_better = !attempt.disagreements.empty() &&
                               (best == nullptr || attempt.disagreements[run] < best->disagreements[run]);
        if (!is_better) continue;
        best = &attempt;
        assumed_[run] = fmt::format("{}", fmt::join(imports, ","));
      }
      if (best == nullptr) continue;
      const auto [first, end] = log_.builds_of(run);
      for (size_t build = first; build < end; ++build)
        chosen_.emplace(build, best->models[build]);
    }
    for (const auto& [build, model] : chosen_)
      models_[build] = model;
  }

  // In the order in which they are more likely. None for a run of which the log says nothing.
  std::vector<Imports> candidates(size_t run) const {
    const auto& notices = log_.runs[run].notices;
    const auto count = [&](observe::Notice::Kind kind) {
      return std::ranges::count(notices, kind, &observe::Notice::kind);
    };
    const bool is_new = count(observe::Notice::Kind::kNewBuilder) > 0;
    const auto imported = count(observe::Notice::Kind::kCacheImported);
    if (!is_new && imported == 0) return {};
    if (imported == 0) return {{"none"}, {}};
    std::vector<Imports> all;
    if (!is_new) all.emplace_back();
    if (images_.front()->defines_imports()) all.push_back({"defined"});
    if (imported > 1) std::ranges::copy(inline_imports(run), std::back_inserter(all));
    all.push_back({"min"});
    all.push_back({"max"});
    if (is_new) all.emplace_back();
    return all;
  }

  // Several imports are most often inline caches: of an image of a stage, and of the whole image.
  std::vector<Imports> inline_imports(size_t run) const {
    constexpr size_t kMost = 4;
    std::vector<Imports> all;
    const auto [first, end] = log_.builds_of(run);
    if (first == end || models_[first].graph == nullptr) return all;
    const plan::Graph& graph = *models_[first].graph;
    for (const plan::Stage& stage : graph.stages) {
      const bool is_other = stage.needed && !stage.name.empty() && stage.index != graph.target;
      if (!is_other || all.size() / 2 >= kMost) continue;
      all.push_back({"inline:" + stage.name, "inline"});
      all.push_back({"inline", "inline:" + stage.name});
    }
    return all;
  }

  const Attempt& attempt_with(const Imports& imports) {
    const auto [known, is_new] = attempts_.try_emplace(imports);
    Attempt& attempt = known->second;
    if (!is_new) return attempt;
    if (imports.empty()) {
      attempt.models = models_;
    } else {
      LogQuestion question = question_;
      question.complains = false;
      question.cache_from = imports;
      if (!add_images(std::move(question))) return attempt;
      attempt.models = images_.back()->models_of(log_);
    }
    const report::LogView view = report::view_of(log_, attempt.models);
    attempt.disagreements.resize(log_.runs.size());
    for (const report::LogBuild& build : view.builds)
      attempt.disagreements[build.run] +=
          static_cast<size_t>(std::ranges::count(build.steps, true, &report::LogStep::disagrees));
    return attempt;
  }

  const observe::Log& log_;
  const LogQuestion& question_;
  std::vector<std::unique_ptr<LogImages>> images_;
  std::vector<report::LogModel> models_;  // by build
  std::map<Imports, Attempt> attempts_;
  std::map<size_t, report::LogModel> chosen_;  // by build
  std::map<size_t, std::string> assumed_;      // by run: what was imported
};

std::string occasion(const LogQuestion& question) {
  if (!question.git.empty()) return "since " + text::list_words(question.git);
  if (!question.since.empty()) return "since " + text::list_words(question.since);
  return question.cache_from.empty() ? "" : "since the cache was exported";
}

// Keeps how long the steps took that ran. False, with a word on standard error, where that fails.
bool remember(const report::LogView& view) {
  observe::Durations durations = observe::Durations::open(store_folder());
  add_times(view, durations);
  const std::string failure = durations.save();
  if (!failure.empty()) complain("--remember: " + failure);
  return failure.empty();
}

int run(const Options& options) {
  if (options.logs.empty() || options.logs.size() > 2) {
    complain("name one log, or two to compare them; - reads standard input");
    return kError;
  }
  if (!is_one_question({}, options.question.since, options.question.git)) return kError;
  const auto log = read_log(options.logs.back());
  if (!log) return kError;
  auto answer = ImportSearch(*log, options.question).answer();
  if (!answer) return kError;
  report::LogView& view = answer->view;
  std::optional<observe::Log> before;
  if (options.logs.size() == 2) {
    before = read_log(options.logs.front());
    if (!before) return kError;
    report::compare(view, report::view_of(*before, answer->images.front()->models_of(*before)));
  }
  add_hints(options.question.build, view);
  const bool failed = options.remember && !remember(view);
  std::string out;
  if (options.format == "json") {
    report::append_log_json(view, out);
  } else if (options.format == "svg") {
    report::append_log_svg(view, out);
  } else {
    report::append_log(view, {.occasion = occasion(options.question), .compared = before.has_value()},
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
      "--git", "REVISION", options->question.git,
      "Say why each step ran: what changed since this revision, which the builder had built before");
  command.texts("--since", "FILE", options->question.since,
                "The same with a state that dcache snapshot recorded before, or a folder of them");
  add_build_options(command, options->question.build, Dockerfiles::kSeveral);
  command.texts("--cache-from", "MODE[:STAGE]", options->question.cache_from,
                "The builder started empty and imported what that build exported, as for dcache explain; "
                "without this option, of a log that says so, what fits best");
  add_store_option(command, options->question.build);
  add_builder_options(command, options->question.build);
  command.flag(
      "--remember", options->remember,
      "Keep how long the steps took in the cache folder, so that explain, affected and lint can say it");
  command.text("--format", "", options->format, "Output format; svg is a timeline").choices = {"text", "json",
                                                                                               "svg"};
  command.notes =
      "Marks: ✓ reused, ✗ ran, ! failed, - did not end\n\n"
      "Save a log with: docker build --progress=plain . 2> build.log\n"
      "or later with:   docker buildx history logs --progress=rawjson 2> build.log";
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
