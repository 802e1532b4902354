#include "dcache/report/log_view.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "dcache/observe/name.h"
#include "dcache/observe/shared_steps.h"

namespace dcache::report {
namespace {

using cache::Verdict;
using observe::Vertex;

// "stage-1" as dcache calls it: "1". A file of one stage has it without a name.
std::string stage_label(std::string_view stage) {
  constexpr std::string_view kUnnamed = "stage-";
  if (stage.empty()) return "0";
  const std::string_view number = stage.substr(std::min(kUnnamed.size(), stage.size()));
  const bool unnamed = stage.starts_with(kUnnamed) && !number.empty() &&
                       number.find_first_not_of("0123456789") == std::string_view::npos;
  return std::string(unnamed ? number : stage);
}

// Whether a vertex is about a cache: a build goes on without it.
bool is_cache(const Vertex& vertex) {
  return vertex.name.find("importing cache") != std::string::npos ||
         vertex.name.find("exporting cache") != std::string::npos;
}

bool is_failure(const Vertex& vertex) {
  return !vertex.error.empty() && !is_cache(vertex);
}

// Fills in one build.
class Viewer {
 public:
  Viewer(const observe::Log& log, size_t index, const LogModel& model, const observe::Match* match)
      : log_(log), match_(match), images_(observe::images_of(log, log.builds[index].run)) {
    view_.index = index;
    view_.run = log.builds[index].run;
    view_.model = model;
    // A Dockerfile that no definition names has its path for a name.
    const bool is_defined = model.image != model.dockerfile;
    view_.name = log.builds[index].name.empty() && is_defined ? model.image : log.builds[index].name;
  }

  LogBuild make() {
    if (match_ == nullptr) {
      add_named();
    } else {
      add_matched();
    }
    find_parents();
    judge();
    add_work();
    find_end();
    return std::move(view_);
  }

 private:
  const std::vector<Vertex>& vertices() const { return log_.builds[view_.index].vertices; }

  void add_work() {
    std::set<const Vertex*> seen;
    for (LogStep& step : view_.steps) {
      step.is_merged = !seen.insert(step.vertex).second;
      view_.work += step.is_merged ? 0 : step.vertex->seconds;
      for (const Vertex* vertex : step.again)
        view_.work += vertex->seconds;
    }
    for (const Vertex* other : view_.others)
      view_.work += other->seconds;
    for (const Vertex* other : view_.unmatched)
      view_.work += other->seconds;
  }

  void find_end() {
    const auto& others = view_.others;
    view_.failed =
        std::ranges::any_of(view_.steps, [](const LogStep& step) { return is_failure(*step.vertex); }) ||
        std::ranges::any_of(view_.unmatched, [](const Vertex* vertex) { return is_failure(*vertex); }) ||
        std::ranges::any_of(others, [](const Vertex* vertex) { return is_failure(*vertex); });
    view_.finished = !view_.failed && std::ranges::any_of(others, [&](const Vertex* vertex) {
      const bool is_export = observe::is_export(observe::read_name(vertex->name, images_).text);
      return is_export && !is_cache(*vertex) && vertex->ended && !vertex->canceled;
    });
  }

  // The vertex of a step that is not of the Dockerfile at hand; of two with one name, the one that ran.
  void add_named() {
    std::map<std::string_view, size_t> known;  // by name
    for (const Vertex& vertex : vertices()) {
      const observe::Name name = observe::read_name(vertex.name, images_);
      if (!name.is_step()) {
        view_.others.push_back(&vertex);
        continue;
      }
      const auto [place, is_new] = known.try_emplace(vertex.name, view_.steps.size());
      if (!is_new) {
        LogStep& step = view_.steps[place->second];
        step.again.push_back(&vertex);
        if (observe::rank_of(vertex) > observe::rank_of(*step.vertex))
          std::swap(step.again.back(), step.vertex);
        continue;
      }
      LogStep& step = view_.steps.emplace_back();
      step.vertex = &vertex;
      step.stage = stage_label(name.stage);
      step.instruction = name.text;
      step.platform = name.platform;
      numbers_.push_back(name.number);
    }
  }

  void add_matched() {
    const plan::Graph& graph = *view_.model.graph;
    std::vector<bool> seen(vertices().size());
    for (const observe::Observed& observed : match_->steps) {
      const observe::Build& build = log_.builds[observed.build];
      const plan::Step& planned = graph.steps[observed.step];
      LogStep& step = view_.steps.emplace_back();
      step.vertex = &build.vertices[observed.vertex];
      step.stage = graph.stages[planned.stage].label();
      step.line = planned.instruction->start_line;
      step.instruction = planned.one_line();
      step.platform = observe::read_name(step.vertex->name, images_).platform;
      if (observed.build == view_.index) {
        seen[observed.vertex] = true;
      } else {
        step.shared_with = build.name;
      }
      for (const size_t vertex : observed.again) {
        seen[vertex] = true;
        step.again.push_back(&vertices()[vertex]);
      }
      if (view_.model.report != nullptr) step.predicted = &view_.model.report->steps[observed.step];
      step.planned = observed.step;
    }
    for (const size_t vertex : match_->unmatched) {
      seen[vertex] = true;
      view_.unmatched.push_back(&vertices()[vertex]);
    }
    for (size_t i = 0; i < seen.size(); ++i) {
      if (!seen[i]) view_.others.push_back(&vertices()[i]);
    }
    for (const size_t step : match_->missing)
      view_.missing.push_back(graph.steps[step].instruction->start_line);
  }

  void find_parents() {
    if (match_ == nullptr) return find_named_parents();
    const plan::Graph& graph = *view_.model.graph;
    std::map<std::pair<size_t, std::string>, size_t> places;  // of the steps, by graph's step and platform
    for (size_t i = 0; i < view_.steps.size(); ++i)
      places.emplace(std::pair(*view_.steps[i].planned, view_.steps[i].platform), i);
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      const plan::Step& planned = graph.steps[*view_.steps[i].planned];
      const auto ran_at = [&](std::optional<size_t> step) -> std::optional<size_t> {
        while (step) {
          const auto place = places.find({*step, view_.steps[i].platform});
          const bool is_shown = place != places.end();
          if (is_shown && view_.steps[place->second].ran() && !view_.steps[place->second].is_image())
            return place->second;
          // `COPY --link` that was reused is put on what is below it.
          if (is_shown && !graph.steps[*step].independent) return std::nullopt;
          step = graph.steps[*step].below;
        }
        return std::nullopt;
      };
      const cache::StepReport* predicted = view_.steps[i].predicted;
      if (predicted != nullptr && predicted->follows) view_.steps[i].follows = ran_at(predicted->follows);
      if (!view_.steps[i].follows && !planned.independent) view_.steps[i].follows = ran_at(planned.below);
      if (view_.steps[i].follows && runs_by_itself(i, *view_.steps[i].follows))
        view_.steps[i].follows.reset();
      for (const plan::Read& read : planned.reads) {
        if (view_.steps[i].follows || read.origin != plan::Read::Origin::kStage) continue;
        view_.steps[i].follows = ran_at(graph.stages[read.stage].last_step);
      }
      // A store that can't merge layers builds `COPY --link` like any other.
      if (!view_.steps[i].follows && planned.independent) view_.steps[i].follows = ran_at(planned.below);
    }
  }

  // What runs since its result was not exported gives the same as before: a step after it that changed runs
  // because of that alone.
  bool runs_by_itself(size_t step, size_t before) const {
    const cache::StepReport* own = view_.steps[step].predicted;
    const cache::StepReport* other = view_.steps[before].predicted;
    if (own == nullptr || other == nullptr) return false;
    using Kind = cache::Cause::Kind;
    return own->verdict == Verdict::kMiss && !own->follows && own->cause.kind != Kind::kNotExported &&
           other->cause.kind == Kind::kNotExported && !other->follows;
  }

  void find_named_parents() {
    std::map<std::pair<std::string, std::string>, std::map<size_t, size_t>> stages;
    for (size_t i = 0; i < view_.steps.size(); ++i)
      stages[{view_.steps[i].platform, view_.steps[i].stage}].emplace(numbers_[i], i);
    for (const auto& [place, steps] : stages) {
      std::optional<size_t> before;
      for (const auto& [number, step] : steps) {
        if (before && view_.steps[*before].ran()) view_.steps[step].follows = before;
        if (!view_.steps[step].is_image()) before = step;
      }
    }
  }

  // Whether a step of a plain log, which does not tell it, is a `COPY --link` that was reused and only put on
  // other layers.
  bool is_merge(const LogStep& step) const {
    return log_.runs[view_.run].merges_layers && step.ran() && step.follows && step.vertex->ended &&
           step.vertex->error.empty() && step.vertex->digest.empty() &&
           step.predicted->verdict == Verdict::kHit && view_.model.graph->steps[*step.planned].independent;
  }

  void judge() {
    for (LogStep& step : view_.steps) {
      step.is_merge = step.predicted != nullptr && is_merge(step);
      if (step.predicted == nullptr || step.is_image() || step.vertex->canceled || !step.vertex->ended)
        continue;
      const Verdict verdict = step.predicted->verdict;
      if (step.ran())
        step.disagrees = verdict == Verdict::kHit && !step.follows && !step.predicted->runs_after_all;
      const bool is_own =
          !step.predicted->follows && step.predicted->cause.kind != cache::Cause::Kind::kStage;
      if (step.vertex->cached) step.disagrees = verdict == Verdict::kMiss && is_own;
    }
  }

  const observe::Log& log_;
  const observe::Match* match_;
  const observe::ImageNames images_;
  LogBuild view_;
  std::vector<size_t> numbers_;  // of each step, in a log without a Dockerfile
};

bool has_failure(const observe::Log& log, size_t run) {
  return std::ranges::any_of(log.runs[run].shared, is_failure) ||
         std::ranges::any_of(log.builds, [&](const observe::Build& build) {
           return build.run == run && std::ranges::any_of(build.vertices, is_failure);
         });
}

// Gives each build of a run what the log says of it. If the log does not say which of several images failed,
// it is those whose steps did; if none did, those that were not finished.
void add_notices(const observe::Log& log, std::span<LogBuild*> builds) {
  if (builds.empty()) return;
  const observe::ImageNames images = observe::images_of(log, builds.front()->run);
  const bool has_failed = std::ranges::any_of(builds, &LogBuild::failed);
  for (const observe::Notice& notice : log.runs[builds.front()->run].notices) {
    const bool is_named = images.contains(notice.image);
    for (LogBuild* build : builds) {
      const bool is_failure = notice.kind == observe::Notice::Kind::kFailed;
      const bool may_be_this =
          !is_failure || builds.size() == 1 || (has_failed ? build->failed : !build->finished);
      if (is_named ? log.builds[build->index].name != notice.image : !may_be_this) continue;
      build->notices.push_back(&notice);
      build->failed = build->failed || is_failure;
    }
  }
}

}  // namespace

bool LogStep::ran() const {
  return !vertex->cached && !vertex->canceled;
}

bool LogStep::is_image() const {
  return instruction.starts_with("FROM ");
}

size_t LogBuild::root_of(size_t step) const {
  // What a step follows is above it, but for what nobody printed.
  for (size_t left = steps.size(); left > 0 && steps[step].follows; --left)
    step = *steps[step].follows;
  return step;
}

LogView view_of(const observe::Log& log, std::span<const LogModel> models) {
  LogView view{.log = &log, .builds = {}, .timelines = {}};
  std::vector<observe::Match> matches(models.size());
  std::vector<observe::MatchedBuild> matched;
  std::vector<observe::PlannedBuild> planned;
  for (size_t i = 0; i < models.size(); ++i) {
    const LogModel& model = models[i];
    if (model.graph == nullptr) continue;
    matches[i] = observe::match(*model.file, *model.graph, log, i);
    matched.push_back({i, model.graph, &matches[i]});
    planned.push_back({i, model.graph, model.dockerfile, model.context, &matches[i]});
  }
  observe::find_shared_runs(log, planned);
  for (size_t run = 0; run < log.runs.size(); ++run) {
    std::vector<observe::MatchedBuild> of_run;
    std::ranges::copy_if(matched, std::back_inserter(of_run), [&](const observe::MatchedBuild& build) {
      return log.builds[build.build].run == run;
    });
    view.timelines.push_back(observe::timeline_of(log, run, of_run));
  }
  std::vector<bool> failures;
  for (size_t run = 0; run < log.runs.size(); ++run)
    failures.push_back(has_failure(log, run));
  for (size_t i = 0; i < models.size(); ++i) {
    const observe::Match* match = models[i].graph == nullptr ? nullptr : &matches[i];
    view.builds.push_back(Viewer(log, i, models[i], match).make());
    LogBuild& build = view.builds.back();
    build.seconds = view.line_of(build).seconds();
    build.has_failure = failures[build.run];
  }
  for (size_t run = 0; run < log.runs.size(); ++run) {
    std::vector<LogBuild*> of_run;
    for (LogBuild& build : view.builds) {
      if (build.run == run) of_run.push_back(&build);
    }
    add_notices(log, of_run);
  }
  return view;
}

const observe::BuildLine& LogView::line_of(const LogBuild& build) const {
  static const observe::BuildLine kNone;  // of a build without a vertex
  const auto& lines = timelines[build.run].builds;
  const auto found = lines.find(build.index);
  return found == lines.end() ? kNone : found->second;
}

void compare(LogView& after, const LogView& before) {
  for (size_t i = 0; i < after.builds.size(); ++i) {
    LogBuild& build = after.builds[i];
    const auto same_name = std::ranges::find(before.builds, build.name, &LogBuild::name);
    const bool by_name = !build.name.empty() && same_name != before.builds.end();
    if (!by_name && i >= before.builds.size()) continue;
    const LogBuild& other = by_name ? *same_name : before.builds[i];
    std::unordered_map<std::string, std::vector<const observe::Vertex*>> known;
    const auto key = [](const LogStep& step) {
      return fmt::format("{} {} {}", step.platform, step.stage, step.instruction);
    };
    for (const LogStep& step : other.steps)
      known[key(step)].push_back(step.vertex);
    const observe::ImageNames images = observe::images_of(*before.log, other.run);
    for (const observe::Vertex* vertex : other.unmatched) {
      const observe::Name name = observe::read_name(vertex->name, images);
      known[fmt::format("{} {} {}", name.platform, stage_label(name.stage), name.text)].push_back(vertex);
    }
    std::unordered_map<std::string, size_t> used;
    for (LogStep& step : build.steps) {
      const auto found = known.find(key(step));
      size_t& next = used[key(step)];
      if (found != known.end() && next < found->second.size()) step.before = found->second[next++];
    }
  }
}

}  // namespace dcache::report
