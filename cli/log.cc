#include "dcache/report/log.h"

#include <algorithm>
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
  std::unique_ptr<LogImages> images;
  report::LogView view;
};

// Nothing, with a word on standard error, if what is asked can't be read.
std::optional<Answer> answer(const observe::Log& log, LogQuestion question) {
  Answer answer{.images = std::make_unique<LogImages>(std::move(question)), .view = {}};
  if (!answer.images->find()) return std::nullopt;
  answer.view = report::view_of(log, answer.images->models_of(log));
  return answer;
}

bool imports_cache(const observe::Log& log) {
  return std::ranges::any_of(log.runs, [](const observe::Run& run) {
    return std::ranges::find(run.notices, observe::Notice::Kind::kCacheImported, &observe::Notice::kind) !=
           run.notices.end();
  });
}

size_t count_disagreements(const report::LogView& view) {
  size_t count = 0;
  for (const report::LogBuild& build : view.builds)
    count += static_cast<size_t>(std::ranges::count(build.steps, true, &report::LogStep::disagrees));
  return count;
}

// The log of a build that imported a cache says neither how that was exported nor what the builder had of its
// own. What fits best with the log counts; a builder that has built the state before, if nothing fits better.
std::optional<Answer> best_answer(const observe::Log& log, const LogQuestion& question) {
  std::optional<Answer> best = answer(log, question);
  const bool is_open = question.cache_from.empty() && question.has_state_before() && imports_cache(log);
  if (!best || !is_open) return best;
  size_t fewest = count_disagreements(best->view);
  LogQuestion other = question;
  other.complains = false;
  for (const char* import : {"defined", "min", "max"}) {
    if (fewest == 0) break;
    other.cache_from = {import};
    auto found = answer(log, other);
    const size_t count = found ? count_disagreements(found->view) : fewest;
    if (count >= fewest) continue;
    fewest = count;
    best = std::move(found);
    best->view.assumed_import = import;
  }
  return best;
}

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
  auto answer = best_answer(*log, options.question);
  if (!answer) return kError;
  report::LogView& view = answer->view;
  std::optional<observe::Log> before;
  if (options.logs.size() == 2) {
    before = read_log(options.logs.front());
    if (!before) return kError;
    report::compare(view, report::view_of(*before, answer->images->models_of(*before)));
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
