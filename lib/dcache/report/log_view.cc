#include "dcache/report/log_view.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

#include "dcache/observe/name.h"
#include "dcache/observe/platforms.h"
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
  // `is_refuted`: steps of the run disagree with the model, so the builder did not have what the model
  // assumes.
  Viewer(const observe::Log& log, size_t index, const observe::ImageNames& images, const LogModel& model,
         const observe::Match* match, bool is_refuted)
      : log_(log), match_(match), images_(images), is_refuted_(is_refuted) {
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
    find_merges();
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
      if (log_.excerpt) step.line = log_.excerpt->line;
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
    put_on_.resize(view_.steps.size());
    std::map<size_t, observe::PlatformChoices> places;  // of the steps, by graph's step
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      const LogStep& step = view_.steps[i];
      places[*step.planned].add(step.platform, i);
      places_[{step.line, step.stage}].add(step.platform, i);
    }
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      const plan::Step& planned = graph.steps[*view_.steps[i].planned];
      const auto shown_at = [&](size_t step, bool is_other_stage) -> std::optional<size_t> {
        const auto place = places.find(step);
        if (place == places.end()) return std::nullopt;
        const std::string& platform = view_.steps[i].platform;
        return is_other_stage ? place->second.seen_by(platform) : place->second.below(platform);
      };
      const auto ran_at = [&](std::optional<size_t> step,
                              bool is_other_stage = false) -> std::optional<size_t> {
        while (step) {
          const auto place = shown_at(*step, is_other_stage);
          if (place && view_.steps[*place].ran() && !view_.steps[*place].is_image()) return place;
          // `COPY --link` that was reused is put on what is below it.
          if (place && !graph.steps[*step].independent) return std::nullopt;
          step = graph.steps[*step].below;
        }
        return std::nullopt;
      };
      LogStep& step = view_.steps[i];
      const cache::StepReport* predicted = step.predicted;
      if (predicted != nullptr && predicted->follows) {
        const bool is_other_stage = graph.steps[*predicted->follows].stage != planned.stage;
        step.follows = ran_at(predicted->follows, is_other_stage);
        const auto expected = shown_at(*predicted->follows, is_other_stage);
        step.is_after_reused = expected && view_.steps[*expected].vertex->cached;
      }
      if (predicted != nullptr && !predicted->follows &&
          predicted->cause.kind == cache::Cause::Kind::kStage && predicted->cause.line != 0) {
        const auto expected = place_of(predicted->cause, step.platform);
        step.is_after_reused = expected && view_.steps[*expected].vertex->cached;
      }
      if (predicted != nullptr && !step.follows) step.follows = ran_for_stage(*predicted, step.platform);
      const auto below = planned.independent ? std::nullopt : ran_at(planned.below);
      if (has_own_reason(i) && !(below && have_same_reason(i, *below))) continue;
      if (!step.follows) step.follows = below;
      if (step.follows && is_not_because_of(i, *step.follows)) step.follows.reset();
      for (const plan::Read& read : planned.reads) {
        if (step.follows || read.origin != plan::Read::Origin::kStage) continue;
        step.follows = ran_at(graph.stages[read.stage].last_step, true);
      }
      if (planned.independent) put_on_[i] = ran_at(planned.below);
    }
  }

  // Finds each `COPY --link` that was reused and only put on other layers, which a plain log does not tell:
  // if the builder had what the model assumes, and a step below it ran. A store that can't merge layers
  // builds it like any other step.
  void find_merges() {
    const bool can_merge = log_.runs[view_.run].merges_layers;
    for (size_t i = 0; i < put_on_.size(); ++i) {
      LogStep& step = view_.steps[i];
      if (!put_on_[i]) continue;
      const observe::Vertex& vertex = *step.vertex;
      const bool may_be_merge = can_merge && step.ran() && vertex.ended && vertex.error.empty() &&
                                vertex.digest.empty() && step.predicted != nullptr &&
                                step.predicted->verdict == Verdict::kHit;
      if (may_be_merge && is_refuted_) continue;
      step.is_merge = may_be_merge;
      if (step.is_merge || !step.follows) step.follows = put_on_[i];
    }
  }

  // The step of another stage that the model names as the cause, if it ran.
  std::optional<size_t> ran_for_stage(const cache::StepReport& predicted, const std::string& platform) const {
    const cache::Cause& cause = predicted.cause;
    const bool is_stage = predicted.verdict != Verdict::kHit && cause.kind == cache::Cause::Kind::kStage;
    if (!is_stage || predicted.follows || cause.line == 0) return std::nullopt;
    const auto place = place_of(cause, platform);
    return place && view_.steps[*place].ran() ? place : std::nullopt;
  }

  // The step at the line of a cause.
  std::optional<size_t> place_of(const cache::Cause& cause, std::string_view platform) const {
    const auto place = places_.find({cause.line, cause.stage});
    return place == places_.end() ? std::nullopt : place->second.seen_by(platform);
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
    std::map<std::pair<std::string, std::string>, std::map<size_t, observe::PlatformChoices>> stages;
    const auto stage_of = [&](const LogStep& step) -> auto& {
      return stages[{std::string(observe::read_platform(step.platform).own), step.stage}];
    };
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      observe::PlatformChoices& place = stage_of(view_.steps[i])[numbers_[i]];
      if (!place.of(view_.steps[i].platform)) place.add(view_.steps[i].platform, i);
    }
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      LogStep& step = view_.steps[i];
      const auto& steps = stage_of(step);
      const auto here = steps.find(numbers_[i]);
      if (here == steps.begin() || here->second.of(step.platform) != i) continue;
      const auto before = std::prev(here)->second.below(step.platform);
      const bool is_step = before && !view_.steps[*before].is_image();
      if (is_step && view_.steps[*before].ran()) step.follows = before;
    }
  }

  void find_roots() {
    constexpr size_t kUnknown = SIZE_MAX;
    view_.roots.resize(view_.steps.size(), kUnknown);
    std::vector<size_t> chain;
    for (size_t i = 0; i < view_.steps.size(); ++i) {
      size_t at = i;
      chain.clear();
      // What a step follows is above it, except what nobody printed.
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

  void judge() {
    for (LogStep& step : view_.steps) {
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
  std::map<std::pair<uint32_t, std::string>, observe::PlatformChoices>
      places_;  // of the steps, by line, stage
  bool is_refuted_ = false;
  std::vector<std::optional<size_t>> put_on_;  // by step: what ran below a `COPY --link`
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
  const auto build_of = [&](size_t i, bool is_refuted) {
    const observe::Match* match = models[i].graph == nullptr ? nullptr : &matches[i];
    const observe::ImageNames& images = view.images[log.builds[i].run];
    return Viewer(log, i, images, models[i], match, is_refuted).make();
  };
  std::vector<bool> is_refuted(log.runs.size());
  for (size_t i = 0; i < models.size(); ++i) {
    view.builds.push_back(build_of(i, false));
    const LogBuild& build = view.builds.back();
    is_refuted[build.run] =
        is_refuted[build.run] ||
        std::ranges::any_of(build.steps, [](const LogStep& step) { return step.disagrees && step.ran(); });
  }
  for (LogBuild& build : view.builds) {
    const bool has_merge = std::ranges::any_of(build.steps, &LogStep::is_merge);
    if (has_merge && is_refuted[build.run]) build = build_of(build.index, true);
    build.seconds = view.line_of(build).seconds();
    build.has_failure = failures[build.run];
  }
  view.is_cut = log.is_cut;
  for (size_t run = 0; run < log.runs.size(); ++run) {
    const auto [first, end] = log.builds_of(run);
    add_notices(log, view.images[run], std::span(view.builds).subspan(first, end - first));
  }
  for (LogBuild& build : view.builds) {
    const bool is_checked = std::ranges::any_of(build.notices, [](const observe::Notice* notice) {
      return notice->kind == observe::Notice::Kind::kChecked;
    });
    build.is_cut = build.is_cut && !build.failed && !build.has_failure && !is_checked;
    if (log.excerpt) build.missing.clear();  // nobody expects them
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
    // What the platforms of the build shared: the log has it under the name of any of them.
    std::unordered_map<std::string, std::set<std::string>> words;
    const auto shared_key = [](std::string_view platform, std::string_view stage, std::string_view text) {
      return fmt::format("{} {} {}", observe::read_platform(platform).own, stage, text);
    };
    for (const LogStep& step : other.steps) {
      known[key(step)].push_back(step.vertex);
      words[shared_key(step.platform, step.stage, step.instruction)].insert(step.platform);
    }
    const observe::ImageNames& images = before.images[other.run];
    for (const observe::Vertex* vertex : other.unmatched) {
      const observe::Name name = observe::read_name(vertex->name, images);
      const std::string stage = stage_label(name.stage);
      known[fmt::format("{} {} {}", name.platform, stage, name.text)].push_back(vertex);
      words[shared_key(name.platform, stage, name.text)].emplace(name.platform);
    }
    std::unordered_map<std::string, size_t> used;
    for (LogStep& step : build.steps) {
      auto found = known.find(key(step));
      size_t& next = used[key(step)];
      const auto shared = words.find(shared_key(step.platform, step.stage, step.instruction));
      if (found == known.end() && shared != words.end() && shared->second.size() == 1)
        found = known.find(fmt::format("{} {} {}", *shared->second.begin(), step.stage, step.instruction));
      if (found != known.end() && next < found->second.size()) step.before = found->second[next++];
    }
  }
}

}  // namespace dcache::report
