#include "dcache/report/history.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/report/step_words.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/times.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using context::Commit;
using history::CauseCount;
using history::History;
using history::ImageAtCommit;
using history::ImageHistory;
using history::StepHistory;

constexpr size_t kHistoryInstructionWidth = 40;
constexpr size_t kPathWidth = 40;
constexpr size_t kPercent = 100;

std::string share(size_t count, size_t all) {
  return all == 0 ? "" : fmt::format("{} %", (count * kPercent + all / 2) / all);
}

// Eight blocks for all commits.
std::string bar(size_t count, size_t all) {
  constexpr size_t kBlocks = 8;
  const size_t blocks = all == 0 ? 0 : (count * kBlocks + all - 1) / all;
  std::string text;
  for (size_t i = 0; i < blocks; ++i)
    text += "█";
  return text;
}

std::string cause_count_words(const CauseCount& cause) {
  using Kind = cache::Cause::Kind;
  std::string words = shortened(cause.path, kPathWidth);
  if (cause.kind == Kind::kAlways) words = "runs in every build";
  if (cause.kind == Kind::kNoCache) words = "--no-cache";
  if (cause.kind == Kind::kNotExported) words = "the import lacks it";
  return fmt::format("{} ({})", words, cause.commits);
}

std::string causes_words(const StepHistory& step) {
  constexpr size_t kShown = 2;
  std::vector<std::string> words;
  std::ranges::transform(step.causes | std::views::take(kShown), std::back_inserter(words),
                         cause_count_words);
  words.resize(step.causes.size());  // the others are counted
  return text::list_words(words, kShown);
}

Tone tone_of_step(const StepHistory& step) {
  if (step.rebuilt * 2 > step.built) return Tone::kBad;
  return step.rebuilt * kPercent > step.built * 10 ? Tone::kWarn : Tone::kPlain;
}

// A step where rebuilds begin, and what that costs.
struct Culprit {
  size_t step = 0;
  size_t victim = 0;   // the RUN that it makes run again most often: it may be the step itself
  size_t commits = 0;  // of the victim
};

// In how many commits a step alone would make a RUN run again.
size_t commits_of(const StepHistory& run, size_t step) {
  const auto found = run.starters.find(step);
  return !run.is_run || found == run.starters.end() ? 0 : found->second;
}

// Whether only edits of the Dockerfile made a step rebuild: no other place of the step would help.
bool is_only_edited(const StepHistory& step, const std::string& dockerfile) {
  using Kind = cache::Cause::Kind;
  return std::ranges::all_of(step.causes, [&](const CauseCount& cause) {
    const bool is_edit = cause.kind == Kind::kInstruction || cause.kind == Kind::kNew ||
                         cause.kind == Kind::kTarget || cause.kind == Kind::kNone;
    return is_edit || (cause.kind != Kind::kFile && cause.path == dockerfile);
  });
}

std::optional<Culprit> culprit_of(const ImageHistory& image) {
  std::optional<Culprit> worst;
  std::pair<size_t, size_t> most;  // the commits, and the runs in them
  for (size_t i = 0; i < image.steps.size(); ++i) {
    if (is_only_edited(image.steps[i], image.dockerfile)) continue;
    Culprit culprit{.step = i};
    size_t sum = 0;
    for (size_t run = 0; run < image.steps.size(); ++run) {
      const size_t commits = commits_of(image.steps[run], i);
      sum += commits;
      if (commits > culprit.commits) culprit = {i, run, commits};
    }
    const std::pair<size_t, size_t> own(image.steps[i].starts, sum);
    if (own <= most) continue;
    most = own;
    worst = culprit;
  }
  return worst;
}

// The build argument whose values most often make a step rebuild; empty if something else does.
std::string argument_of(const StepHistory& step, const std::string& dockerfile) {
  if (step.causes.empty()) return {};
  const CauseCount& cause = step.causes.front();
  return cause.kind == cache::Cause::Kind::kVariable && cause.path != dockerfile ? cause.path : std::string();
}

std::string line_words(const StepHistory& step) {
  return fmt::format("line {} ({})", step.line,
                     step_words(step.instruction, step.trigger, kHistoryInstructionWidth));
}

constexpr size_t kRare = 20;  // one commit of that many

bool has_often_rebuilt_run(const ImageHistory& image) {
  return std::ranges::any_of(image.steps, [](const StepHistory& step) {
    const size_t rebuilt = step.rebuilt + step.depends;
    return step.is_run && rebuilt > 1 && rebuilt * kRare >= step.built;
  });
}

// The step to change first; nothing if no RUN runs again often.
std::optional<Culprit> often_culprit_of(const ImageHistory& image) {
  const auto culprit = culprit_of(image);
  if (!culprit) return std::nullopt;
  return culprit->commits * kRare >= image.steps[culprit->victim].built ? culprit : std::nullopt;
}

// Whether a step runs again since no import has its result, whatever it reads: no change of the Dockerfile
// helps as much as another export.
bool lacks_export(const StepHistory& step) {
  return !step.causes.empty() && step.causes.front().kind == cache::Cause::Kind::kNotExported;
}

// What to do first.
std::string advice_on_history(const ImageHistory& image) {
  if (image.built < 2) return "One commit alone does not show what rebuilds.";
  const auto culprit = often_culprit_of(image);
  if (!culprit)
    return has_often_rebuilt_run(image)
               ? "RUN steps rebuild because the Dockerfile was edited: another order of its lines would save "
                 "little."
               : "RUN steps rarely rebuild: a change of the Dockerfile would save little.";
  const StepHistory& step = image.steps[culprit->step];
  const size_t built = image.steps[culprit->victim].built;
  const std::string often =
      built == image.built
          ? fmt::format("runs again in {} of {}", culprit->commits, text::counted(built, "commit"))
          : fmt::format("runs again in {} of the {} that have it", culprit->commits,
                        text::counted(built, "commit"));
  if (lacks_export(step))
    return fmt::format(
        "Start with the export of the cache: {} {}, because no imported cache has the result of {}. Export "
        "it "
        "with mode=max.",
        line_words(image.steps[culprit->victim]), often,
        culprit->step == culprit->victim ? "this step" : line_words(step));
  if (const std::string argument = argument_of(step, image.dockerfile); !argument.empty()) {
    const bool uses_it = step.instruction.find(argument) != std::string::npos;
    return fmt::format(
        "Start with the build argument {}: because of its values, {} {}.{}", argument,
        line_words(image.steps[culprit->victim]), often,
        uses_it ? "" : fmt::format(" Declare {} right above the first step that uses it.", argument));
  }
  std::string words =
      culprit->step == culprit->victim
          ? fmt::format("Start with {}: it {}, because of what it reads itself.", line_words(step), often)
          : fmt::format("Start with {}: because of it, {} {}.", line_words(step),
                        line_words(image.steps[culprit->victim]), often);
  if (!step.causes.empty()) words += fmt::format(" What changes most: {}.", causes_words(step));
  return words;
}

void append_image_history(const ImageHistory& image, const Style& style, std::string& out) {
  out += style.paint(Tone::kBold, printable(image.name));
  if (!image.dockerfile.empty() && image.dockerfile != image.name)
    out += fmt::format(" ({})", printable(image.dockerfile));
  if (image.built == 0) {
    out += ": no commit builds it\n";
    if (!image.commits.empty() && !image.commits.back().reason.empty())
      out += "  " + printable(image.commits.back().reason) + '\n';
    return;
  }
  out += fmt::format(": built at {}, steps rebuild at {}", text::counted(image.built, "commit"),
                     image.built - image.unchanged);
  if (image.failed > 0) out += fmt::format("; the build fails at {}", text::counted(image.failed, "commit"));
  const size_t absent = image.commits.size() - image.built - image.failed;
  if (absent > 0) out += fmt::format("; there is no such image at {}", text::counted(absent, "commit"));
  out += '\n';
  if (!image.commits.empty() && image.commits.back().state == history::ImageAtCommit::State::kFails)
    out += "  the newest one: " + printable(image.commits.back().reason) + '\n';
  out += '\n';
  const bool any_depends =
      std::ranges::any_of(image.steps, [](const StepHistory& step) { return step.depends > 0; });
  std::vector<std::string> titles = {"LINE", "REBUILT", "", "", "STEP", "MOST OFTEN BECAUSE OF"};
  constexpr ptrdiff_t kPerhaps = 4;
  if (any_depends) titles.insert(titles.begin() + kPerhaps, "PERHAPS");
  Table table(titles);
  const bool any_newer =
      std::ranges::any_of(image.steps, [&](const StepHistory& step) { return step.built != image.built; });
  for (const StepHistory& step : image.steps) {
    std::vector<std::string> cells = {
        std::to_string(step.line),
        any_newer ? fmt::format("{} of {}", step.rebuilt, step.built) : std::to_string(step.rebuilt),
        share(step.rebuilt, step.built),
        bar(step.rebuilt, step.built),
        step_words(step.instruction, step.trigger, kHistoryInstructionWidth),
        causes_words(step)};
    if (any_depends) cells.insert(cells.begin() + kPerhaps, std::to_string(step.depends));
    table.add(std::move(cells), tone_of_step(step));
  }
  table.append_to(out, style);
  if (any_newer) {
    out +=
        "\nThe Dockerfile changed: \"of\" says how many commits have the step. What earlier steps did is not "
        "shown.\n";
  }
  out += "\n" + advice_on_history(image) + '\n';
}

// Where to start, in few words.
std::string start_words(const StepHistory& step, const std::string& dockerfile) {
  if (const std::string argument = argument_of(step, dockerfile); !argument.empty())
    return "the build argument " + argument;
  return lacks_export(step) ? "export the cache with mode=max" : line_words(step);
}

// One line for each image.
void append_overview(const History& history, const Style& style, std::string& out) {
  out += '\n';
  Table table({"IMAGE", "REBUILDS AT", "START WITH"});
  for (const ImageHistory& image : history.images) {
    const auto culprit = often_culprit_of(image);
    table.add({image.name, fmt::format("{} of {}", image.built - image.unchanged, image.built),
               culprit ? start_words(image.steps[culprit->step], image.dockerfile) : ""},
              culprit ? Tone::kWarn : Tone::kPlain);
  }
  table.append_to(out, style);
}

void write_commit(const Commit& commit, const ImageAtCommit& at, text::JsonWriter& json) {
  json.begin_object().member("id", to_hex(commit.id)).member("subject", commit.subject);
  if (at.state == ImageAtCommit::State::kFails) json.member("state", "fails").member("reason", at.reason);
  if (at.state == ImageAtCommit::State::kAbsent) json.member("state", "absent");
  json.key("steps").begin_array();
  if (at.steps != nullptr) {
    for (const history::StepAtCommit& step : *at.steps) {
      json.begin_object()
          .member("stage", step.stage)
          .member("line", step.line)
          .member("verdict", cache::name_of(step.verdict))
          .end_object();
    }
  }
  json.end_array().end_object();
}

void write_history_step(const StepHistory& step, text::JsonWriter& json) {
  json.begin_object()
      .member("stage", step.stage)
      .member("line", step.line)
      .member("instruction", step.instruction);
  write_trigger(step.trigger, json);
  json.member("rebuilt", step.rebuilt)
      .member("depends", step.depends)
      .member("built", step.built)
      .key("causes")
      .begin_array();
  for (const CauseCount& cause : step.causes) {
    json.begin_object()
        .member("kind", cache::name_of(cause.kind))
        .member("path", cause.path)
        .member("commits", cause.commits)
        .end_object();
  }
  json.end_array().end_object();
}

}  // namespace

void append_history(const History& history, const Style& style, std::string& out) {
  if (history.commits.empty()) {
    out += "No commit is in this range.\n";
    return;
  }
  out += fmt::format("{}, {} to {}\n", text::counted(history.commits.size(), "commit"),
                     text::day_of(history.commits.front().time), text::day_of(history.commits.back().time));
  if (history.images.size() > 1) append_overview(history, style, out);
  for (const ImageHistory& image : history.images) {
    out += '\n';
    append_image_history(image, style, out);
  }
}

void append_history_json(const History& history, bool with_commits, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).key("images").begin_array();
  for (const ImageHistory& image : history.images) {
    json.begin_object()
        .member("name", image.name)
        .member("dockerfile", image.dockerfile)
        .member("built", image.built)
        .member("failed", image.failed)
        .member("unchanged", image.unchanged);
    if (with_commits) {
      json.key("commits").begin_array();
      for (size_t i = 0; i < image.commits.size(); ++i)
        write_commit(history.commits[i], image.commits[i], json);
      json.end_array();
    }
    json.key("steps").begin_array();
    for (const StepHistory& step : image.steps)
      write_history_step(step, json);
    json.end_array().end_object();
  }
  json.end_array().key("notes").begin_array();
  for (const std::string& note : history.notes)
    json.value(note);
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
