#include "dcache/report/log_view.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
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

// A build goes on if a cache can't be read or written.
bool is_failure(const Vertex& vertex) {
  return !vertex.error.empty() && !observe::is_cache_work(vertex.name);
}

// Fills in one build.
class Viewer {
 public:
  Viewer(const observe::Log& log, size_t index, const observe::ImageNames& images, const LogModel& model,
         const observe::Match* match)
      : log_(log), match_(match), images_(images) {
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
    find_roots();
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
      return is_export && !observe::is_cache_work(vertex->name) && vertex->ended && !vertex->canceled;
    });
    // Neither a result nor a failure, and no other steps than those of the Dockerfile.
    const bool has_export = std::ranges::any_of(others, [&](const Vertex* vertex) {
      return observe::is_export(observe::read_name(vertex->name, images_).text);
    });
    view_.is_cut = lacks_steps_ && view_.unmatched.empty() && !has_export;
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
    for (const observe::ObservedStep& observed : match_->steps) {
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
    for (const size_t step : match_->missing) {
      view_.missing.push_back(graph.steps[step].instruction->start_line);
      lacks_steps_ = lacks_steps_ || graph.steps[step].kind != plan::Step::Kind::kImage;
    }
  }

  void find_parents() {
    if (match_ == nullptr) return find_named_parents();
    const plan::Graph& graph = *view_.model.graph;
    std::map<std::pair<size_t, std::string>, size_t> places;  // of the steps, by graph's step and platform
    for (size_t i = 0; i < view_.steps.size(); ++i)
      places.emplace(std::pair(*view_.steps[i].planned, view_.steps[i].platform), i);
    for (size_t i = 0; i < view_.steps.size(); ++i)
      places_.emplace(std::tuple(view_.steps[i].line, view_.steps[i].stage, view_.steps[i].platform), i);
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
      LogStep& step = view_.steps[i];
      const cache::StepReport* predicted = step.predicted;
      if (predicted != nullptr && predicted->follows) step.follows = ran_at(predicted->follows);
      if (predicted != nullptr && !step.follows) step.follows = ran_for_stage(*predicted, step.platform);
      const auto below = planned.independent ? std::nullopt : ran_at(planned.below);
      if (has_own_reason(i) && !(below && have_same_reason(i, *below))) continue;
      if (!step.follows) step.follows = below;
      if (step.follows && is_not_because_of(i, *step.follows)) step.follows.reset();
      for (const plan::Read& read : planned.reads) {
        if (step.follows || read.origin != plan::Read::Origin::kStage) continue;
        step.follows = ran_at(graph.stages[read.stage].last_step);
      }
      // A store that can't merge layers builds `COPY --link` like any other.
      if (!step.follows && planned.independent) step.follows = ran_at(planned.below);
    }
  }

  // The step of another stage that the model names as the cause, if it ran.
  std::optional<size_t> ran_for_stage(const cache::StepReport& predicted, const std::string& platform) const {
    const cache::Cause& cause = predicted.cause;
    const bool is_stage = predicted.verdict != Verdict::kHit && cause.kind == cache::Cause::Kind::kStage;
    if (!is_stage || predicted.follows || cause.line == 0) return std::nullopt;
    const auto place = places_.find({cause.line, cause.stage, platform});
    const bool is_shown = place != places_.end() && view_.steps[place->second].ran();
    return is_shown ? std::optional(place->second) : std::nullopt;
  }

  // Whether a step would have run though all before it had been reused. What an import did not have is no
  // reason of one step: those after it are counted with the first.
  bool has_own_reason(size_t index) const {
    const cache::StepReport* own = view_.steps[index].predicted;
    if (own == nullptr || own->follows || view_.steps[index].follows) return false;
    const bool is_expected = own->verdict == Verdict::kMiss || own->verdict == Verdict::kDepends;
    using Kind = cache::Cause::Kind;
    return is_expected && own->cause.kind != Kind::kNone && own->cause.kind != Kind::kNotExported &&
           (own->cause.kind != Kind::kStage || own->cause.line == 0);
  }

  // Whether two steps run because of one change in another line, such as that of a variable.
  bool have_same_reason(size_t step, size_t before) const {
    const cache::StepReport* other = view_.steps[before].predicted;
    if (other == nullptr) return false;
    const cache::Cause& one = view_.steps[step].predicted->cause;
    const cache::Cause& two = other->cause;
    using Kind = cache::Cause::Kind;
    const bool is_elsewhere =
        (one.kind == Kind::kVariable || one.kind == Kind::kInstruction) && one.line != view_.steps[step].line;
    const auto told = [](const cache::Cause& cause) {
      return std::tie(cause.kind, cause.line, cause.name, cause.before, cause.after);
    };
    return is_elsewhere && told(one) == told(two);
  }

  // What runs since its result was not exported does not run because of a step that runs for another reason.
  bool is_not_because_of(size_t step, size_t before) const {
    const cache::StepReport* own = view_.steps[step].predicted;
    const cache::StepReport* other = view_.steps[before].predicted;
    if (own == nullptr || other == nullptr) return false;
    using Kind = cache::Cause::Kind;
    return own->verdict == Verdict::kMiss && !own->follows && own->cause.kind == Kind::kNotExported &&
           other->cause.kind != Kind::kNotExported;
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

  void find_roots() {
    constexpr size_t kUnknown = SIZE_MAX;
    view_.roots.resize(view_.steps.size(), kUnknown);
    std::vector<size_t> chain;
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      size_t at = i;
      chain.clear();
      // What a step follows is above it, but for what nobody printed.
      while (view_.roots[at] == kUnknown && view_.steps[at].follows && chain.size() < view_.steps.size()) {
        chain.push_back(at);
        at = *view_.steps[at].follows;
      }
      const size_t root = view_.roots[at] == kUnknown ? at : view_.roots[at];
      view_.roots[at] = root;
      for (const size_t step : chain)
        view_.roots[step] = root;
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
  const observe::ImageNames& images_;
  LogBuild view_;
  std::vector<size_t> numbers_;  // of each step, in a log without a Dockerfile
  bool lacks_steps_ = false;     // the log does, other than FROM
  std::map<std::tuple<uint32_t, std::string, std::string>, size_t>
      places_;  // of the steps, by line, stage and platform
};

bool has_failure(const observe::Log& log, size_t run) {
  const auto [first, end] = log.builds_of(run);
  const auto begin = log.builds.begin();
  return std::ranges::any_of(log.runs[run].shared, is_failure) ||
         std::any_of(
             begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end),
             [](const observe::Build& build) { return std::ranges::any_of(build.vertices, is_failure); });
}

// Gives each build of a run what the log says of it. If the log does not say which of several images failed,
// it is those whose steps did; if none did, those that were not finished.
void add_notices(const observe::Log& log, const observe::ImageNames& images, std::span<LogBuild> builds) {
  if (builds.empty()) return;
  const bool has_failed = std::ranges::any_of(builds, &LogBuild::failed);
  for (const observe::Notice& notice : log.runs[builds.front().run].notices) {
    const bool is_named = images.contains(notice.image);
    for (LogBuild& build : builds) {
      const bool is_failure = notice.kind == observe::Notice::Kind::kFailed;
      const bool may_be_this =
          !is_failure || builds.size() == 1 || (has_failed ? build.failed : !build.finished);
      if (is_named ? log.builds[build.index].name != notice.image : !may_be_this) continue;
      build.notices.push_back(&notice);
      build.failed = build.failed || is_failure;
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

LogView view_of(const observe::Log& log, std::span<const LogModel> models) {
  LogView view{.log = &log, .builds = {}, .timelines = {}, .images = {}};
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
  auto next = matched.begin();
  std::vector<bool> failures;
  for (size_t run = 0; run < log.runs.size(); ++run) {
    const auto of_run = std::find_if(next, matched.end(), [&](const observe::MatchedBuild& build) {
      return log.builds[build.build].run != run;
    });
    view.timelines.push_back(
        observe::timeline_of(log, run, std::span<const observe::MatchedBuild>(next, of_run)));
    view.images.push_back(observe::images_of(log, run));
    failures.push_back(has_failure(log, run));
    next = of_run;
  }
  for (size_t i = 0; i < models.size(); ++i) {
    const observe::Match* match = models[i].graph == nullptr ? nullptr : &matches[i];
    const observe::ImageNames& images = view.images[log.builds[i].run];
    view.builds.push_back(Viewer(log, i, images, models[i], match).make());
    LogBuild& build = view.builds.back();
    build.seconds = view.line_of(build).seconds();
    build.has_failure = failures[build.run];
  }
  view.is_cut = log.is_cut;
  for (size_t run = 0; run < log.runs.size(); ++run) {
    const auto [first, end] = log.builds_of(run);
    add_notices(log, view.images[run], std::span(view.builds).subspan(first, end - first));
  }
  for (LogBuild& build : view.builds) {
    build.is_cut = build.is_cut && !build.failed && !build.has_failure;
    view.is_cut = view.is_cut || build.is_cut;
  }
  return view;
}

std::string_view LogView::assumed_import() const {
  for (const LogBuild& build : builds) {
    if (!build.assumed_import.empty()) return build.assumed_import;
  }
  return "";
}

const observe::BuildLine& LogView::line_of(const LogBuild& build) const {
  static const observe::BuildLine kNone;  // of a build without a vertex
  const auto& lines = timelines[build.run].builds;
  const auto found = lines.find(build.index);
  return found == lines.end() ? kNone : found->second;
}

void compare(LogView& after, const LogView& before) {
  std::unordered_map<std::string_view, const LogBuild*> named;
  for (const LogBuild& build : before.builds)
    named.try_emplace(build.name, &build);
  for (size_t i = 0; i < after.builds.size(); ++i) {
    LogBuild& build = after.builds[i];
    const auto same_name = named.find(build.name);
    const bool by_name = !build.name.empty() && same_name != named.end();
    if (!by_name && i >= before.builds.size()) continue;
    const LogBuild& other = by_name ? *same_name->second : before.builds[i];
    std::unordered_map<std::string, std::vector<const observe::Vertex*>> known;
    const auto key = [](const LogStep& step) {
      return fmt::format("{} {} {}", step.platform, step.stage, step.instruction);
    };
    for (const LogStep& step : other.steps)
      known[key(step)].push_back(step.vertex);
    const observe::ImageNames& images = before.images[other.run];
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
