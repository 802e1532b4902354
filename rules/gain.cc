#include "rules/gain.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/cache/selection.h"
#include "dcache/cache/what_if.h"
#include "dcache/text/edit.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/likely_context.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostFilesOfGain = 50000;
constexpr size_t kMostTried = 64;   // sources, and reads of the context
constexpr size_t kMostSteps = 256;  // below one step
constexpr size_t kMostBuilds = 4;   // of one Dockerfile

// How long the steps that rebuild took in the last build, as far as that is known.
struct StepTimes {
  double seconds = 0;
  size_t known = 0;
  bool is_complete = true;  // all steps are known that surely rebuild, except base images

  std::optional<double> sum() const { return known == 0 ? std::nullopt : std::optional(seconds); }
  // "about 2 min 10 s", or "at least …"; empty if none is known.
  std::string words() const {
    if (known == 0) return "";
    return (is_complete ? "about " : "at least ") + text::duration_words(seconds);
  }
};

struct Counts {
  size_t rebuilt = 0;
  size_t all = 0;
  StepTimes times = {};
};

// The builds of a Dockerfile whose steps are counted: those of the images that definitions build from it with
// this context, each with its target, arguments and platform. The last stage where no image is known.
std::vector<cache::BuildOptions> builds_of(lint::Dockerfile& dockerfile, const lint::BuildContext& context) {
  std::vector<cache::BuildOptions> builds;
  for (const project::Image& image : dockerfile.images()) {
    if (image.build.context == context.folder && builds.size() < kMostBuilds)
      builds.emplace_back().plan = image.build.plan;
  }
  if (builds.empty()) builds.emplace_back();
  for (cache::BuildOptions& options : builds) {
    options.plan.builder = dockerfile.builder();
    options.dockerfile = text::join_path(context.folder, "Dockerfile");
    options.context = context.folder;
  }
  return builds;
}

StepTimes times_of(const lint::Dockerfile& dockerfile, const cache::Report& report,
                   const plan::Graph& graph) {
  StepTimes times;
  for (const cache::StepReport& step : report.steps) {
    const bool is_image = graph.steps[step.step].kind == plan::Step::Kind::kImage;
    if (step.verdict != cache::Verdict::kMiss || is_image) continue;
    const auto seconds = dockerfile.seconds_of(graph, step.step);
    times.is_complete = times.is_complete && seconds.has_value();
    if (!seconds) continue;
    ++times.known;
    times.seconds += *seconds;
  }
  return times;
}

Counts count(const lint::Dockerfile& dockerfile, const cache::Report& report, const plan::Graph& graph) {
  Counts counts;
  counts.times = times_of(dockerfile, report, graph);
  counts.rebuilt = report.count(graph, cache::Verdict::kMiss);
  for (const cache::Verdict verdict :
       {cache::Verdict::kHit, cache::Verdict::kMiss, cache::Verdict::kDepends, cache::Verdict::kUnknown})
    counts.all += report.count(graph, verdict);
  return counts;
}

std::optional<Counts> count_for_edit(const lint::Dockerfile& dockerfile, const lint::BuildContext& context,
                                     cache::BuildOptions options, std::string text, std::string_view edited) {
  options.names_only = true;
  const auto build = cache::Build::make(options, {.dockerfile = std::move(text), .context = context.files});
  if (!build) return std::nullopt;
  cache::ChangedPath changed;
  changed.given = changed.path = edited;
  const cache::WhatIf answer = cache::what_if_changed(*build, {changed});
  return count(dockerfile, answer.report, build->graph());
}

std::optional<Counts> count_for_argument(const lint::Dockerfile& dockerfile,
                                         const lint::BuildContext& context, cache::BuildOptions options,
                                         const std::string& text, std::string_view name) {
  const auto build_with = [&](const char* value) {
    options.plan.build_args[std::string(name)] = value;
    return cache::Build::make(options, {.dockerfile = text, .context = context.files});
  };
  const auto before = build_with("1");
  const auto after = build_with("2");
  if (!before || !after) return std::nullopt;
  return count(dockerfile, cache::compare(before->state(), after->state()), after->graph());
}

// Null where the context is not known, or too large to look at in passing.
const lint::BuildContext* small_context(lint::Dockerfile& dockerfile) {
  const lint::BuildContext* context = likely_context(dockerfile);
  return context == nullptr || context->files.records().size() > kMostFilesOfGain ? nullptr : context;
}

// "editing src/main.go rebuilds 6 of 8 steps now (about 2 min 10 s by the last build), and 2 of 9 with this
// change (about 31 s)"
std::string words_of(std::string_view cause, const Counts& before, const Counts& after) {
  const auto in_brackets = [](const std::string& words) { return words.empty() ? "" : " (" + words + ")"; };
  const std::string now = before.times.words();
  return fmt::format("{} rebuilds {} of {} now{}, and {} of {} with this change{}", cause, before.rebuilt,
                     text::counted(before.all, "step"),
                     in_brackets(now.empty() ? "" : now + " by the last build"), after.rebuilt, after.all,
                     in_brackets(after.times.words()));
}

lint::Impact impact_of(std::string cause, const Counts& before, const Counts& after) {
  std::string words = words_of(cause, before, after);
  return {.cause = std::move(cause),
          .rebuilds = before.rebuilt,
          .steps = before.all,
          .rebuilds_after = after.rebuilt,
          .steps_after = after.all,
          .seconds = before.times.sum(),
          .seconds_after = after.times.sum(),
          .words = std::move(words)};
}

// What a change gains in one of the builds. Of several it is the first that gains anything: another may not
// build the stage that the change is in. `impact_in` gives the impact in one build, if there is an answer.
template <typename ImpactIn>
std::optional<lint::Impact> first_gain(const std::vector<cache::BuildOptions>& builds,
                                       const ImpactIn& impact_in) {
  std::optional<lint::Impact> first;
  for (const cache::BuildOptions& options : builds) {
    std::optional<lint::Impact> impact = impact_in(options);
    if (impact && impact->rebuilds_after < impact->rebuilds) return impact;
    if (!first) first = std::move(impact);
  }
  return first;
}

// What a step and those below it read of the context, as far as it is looked at.
std::vector<const plan::Read*> context_reads(const plan::Graph& graph, const plan::Step& step) {
  std::vector<const plan::Read*> reads;
  const plan::Step* at = &step;
  for (size_t passed = 0; passed < kMostSteps && reads.size() < kMostTried; ++passed) {
    for (const plan::Read& read : at->reads) {
      if (read.origin == plan::Read::Origin::kContext) reads.push_back(&read);
    }
    if (at->independent || !at->below) break;
    at = &graph.steps[*at->below];
  }
  return reads;
}

bool is_source(std::string_view path) {
  constexpr std::string_view kEndings[] = {".go", ".js", ".ts",  ".tsx",  ".jsx", ".mjs",   ".vue",
                                           ".py", ".rb", ".php", ".java", ".kt",  ".scala", ".rs",
                                           ".cs", ".c",  ".cc",  ".cpp",  ".ex",  ".swift"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

// Some files that people edit.
const std::vector<const context::Record*>& sources_of(const lint::BuildContext& context) {
  struct Sources {
    std::vector<const context::Record*> records;
  };
  return context
      .shared<Sources>([&] {
        Sources sources;
        for (const context::Record& record : context.files.records()) {
          if (record.type != context::Type::kFile || !is_source(record.path)) continue;
          sources.records.push_back(&record);
          if (sources.records.size() == kMostTried) break;
        }
        return sources;
      })
      .records;
}

}  // namespace

std::optional<lint::Impact> gain_of(lint::Dockerfile& dockerfile, const lint::Fix& fix,
                                    std::string_view edited) {
  const lint::BuildContext* context = small_context(dockerfile);
  if (context == nullptr || edited.empty()) return std::nullopt;
  const std::string text(dockerfile.file().source());
  const std::string fixed = text::apply(text, fix.edits);
  return first_gain(builds_of(dockerfile, *context),
                    [&](const cache::BuildOptions& options) -> std::optional<lint::Impact> {
                      const auto before = count_for_edit(dockerfile, *context, options, text, edited);
                      const auto after = count_for_edit(dockerfile, *context, options, fixed, edited);
                      if (!before || !after) return std::nullopt;
                      return impact_of(fmt::format("editing {}", edited), *before, *after);
                    });
}

std::optional<lint::Impact> gain_for_argument(lint::Dockerfile& dockerfile, const lint::Fix& fix,
                                              std::string_view name) {
  const lint::BuildContext* context = small_context(dockerfile);
  if (context == nullptr) return std::nullopt;
  const std::string text(dockerfile.file().source());
  const std::string fixed = text::apply(text, fix.edits);
  return first_gain(builds_of(dockerfile, *context),
                    [&](const cache::BuildOptions& options) -> std::optional<lint::Impact> {
                      const auto before = count_for_argument(dockerfile, *context, options, text, name);
                      const auto after = count_for_argument(dockerfile, *context, options, fixed, name);
                      if (!before || !after) return std::nullopt;
                      return impact_of(fmt::format("a new value of {}", name), *before, *after);
                    });
}

std::optional<lint::Impact> gain_of_ignoring(lint::Dockerfile& dockerfile, std::string_view edited) {
  const lint::BuildContext* context = small_context(dockerfile);
  if (context == nullptr || edited.empty()) return std::nullopt;
  const std::string text(dockerfile.file().source());
  return first_gain(builds_of(dockerfile, *context),
                    [&](const cache::BuildOptions& options) -> std::optional<lint::Impact> {
                      const auto before = count_for_edit(dockerfile, *context, options, text, edited);
                      if (!before) return std::nullopt;
                      return impact_of(fmt::format("changing {}", edited), *before,
                                       {.rebuilt = 0, .all = before->all});
                    });
}

std::string rebuilding_file(lint::Dockerfile& dockerfile, const plan::Step& step,
                            std::span<const std::string_view> names) {
  const std::vector<const plan::Read*> reads = context_reads(dockerfile.graph(), step);
  const lint::BuildContext* context = reads.empty() ? nullptr : small_context(dockerfile);
  if (context == nullptr) return {};
  const auto is_taken = [&](const context::Record& record) {
    return std::ranges::any_of(
        reads, [&](const plan::Read* read) { return cache::takes(context->files, read->selectors, record); });
  };
  for (const context::Record* record : sources_of(*context)) {
    if (is_taken(*record)) return record->path;
  }
  for (const std::string_view name : names) {
    for (const context::Record* record : context->called(name)) {
      if (record->type == context::Type::kFile && is_taken(*record)) return record->path;
    }
  }
  return {};
}

std::string edited_file(const lint::BuildContext& context, std::string_view folder,
                        std::span<const std::string_view> except) {
  std::string_view any;
  for (const context::Record& record : context.files.records()) {
    const std::string_view path = record.path;
    const bool inside = folder == "/" || text::is_within(path, folder.substr(1));
    const bool excepted = std::ranges::find(except, text::base_name(path)) != except.end();
    if (record.type != context::Type::kFile || !inside || excepted || path.starts_with('.')) continue;
    if (is_source(path)) return std::string(path);
    if (any.empty()) any = path;
  }
  return std::string(any);
}

}  // namespace dcache::rules
