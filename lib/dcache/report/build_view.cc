#include "dcache/report/build_view.h"

#include <algorithm>

#include "dcache/cache/alignment.h"
#include "dcache/report/explain.h"

namespace dcache::report {
namespace {

std::string base_words(const plan::Stage& stage) {
  return stage.from == nullptr ? std::string() : stage.from->one_line();
}

// A number alone could be that of a line.
std::string label_of(const plan::Stage& stage) {
  return stage.name.empty() ? "stage " + stage.label() : stage.name;
}

// `stages` are those of the graph, by their places in the view.
void add_frequency(const history::ImageHistory& history, const std::vector<const plan::Stage*>& stages,
                   BuildView& view) {
  std::vector<bool> is_taken(history.steps.size());
  for (ViewStep& step : view.steps) {
    const std::string stage = stages[step.stage]->label();
    const auto found = std::ranges::find_if(history.steps, [&](const history::StepHistory& known) {
      const auto place = static_cast<size_t>(&known - history.steps.data());
      return !is_taken[place] && known.stage == stage && known.instruction == step.instruction;
    });
    if (found == history.steps.end()) continue;
    step.frequency = Frequency{found->rebuilt, found->depends, found->built};
    step.history = &*found;
    is_taken[static_cast<size_t>(found - history.steps.begin())] = true;
  }
}

// The chain of steps that takes longest, among those whose times are known.
void find_critical(BuildView& view) {
  const bool any =
      std::ranges::any_of(view.steps, [](const ViewStep& step) { return step.seconds.has_value(); });
  if (!any) return;
  std::vector<double> until(view.steps.size());
  std::vector<std::optional<size_t>> after(view.steps.size());
  size_t last = 0;
  for (size_t i = 0; i < view.steps.size(); ++i) {
    for (const plan::Input& input : view.steps[i].needs) {
      if (input.step >= i || (after[i] && until[input.step] <= until[*after[i]])) continue;
      after[i] = input.step;
    }
    until[i] = (after[i] ? until[*after[i]] : 0) + view.steps[i].seconds.value_or(0);
    if (until[i] > until[last]) last = i;
  }
  view.critical_seconds = until[last];
  for (std::optional<size_t> at = last; at; at = after[*at])
    view.steps[*at].is_critical = true;
}

void set_stage_layers(BuildView& view) {
  // Stages come after those that they need.
  for (size_t i = 0; i < view.steps.size(); ++i) {
    ViewStage& stage = view.stages[view.steps[i].stage];
    for (const plan::Input& input : view.steps[i].needs) {
      const size_t other = view.steps[input.step].stage;
      if (other != view.steps[i].stage) stage.layer = std::max(stage.layer, view.stages[other].layer + 1);
    }
  }
}

}  // namespace

double Frequency::share() const {
  if (commits == 0) return 0;
  return (static_cast<double>(rebuilt) + static_cast<double>(depends) / 2) / static_cast<double>(commits);
}

BuildView view_of(const ViewSource& source) {
  const plan::Graph& graph = *source.graph;
  BuildView view{
      .name = source.name, .dockerfile = source.dockerfile, .stages = {}, .steps = {}, .target = {}};
  std::vector<size_t> stages(graph.stages.size());
  std::vector<const plan::Stage*> shown;
  for (const plan::Stage& stage : graph.stages) {
    if (!stage.needed) continue;
    stages[stage.index] = view.stages.size();
    if (graph.target == stage.index) view.target = view.stages.size();
    ViewStage one{.label = label_of(stage), .from = base_words(stage), .steps = {}};
    if (stage.base_stage) one.base = stages[*stage.base_stage];
    view.stages.push_back(std::move(one));
    shown.push_back(&stage);
  }
  std::vector<std::optional<size_t>> places(graph.steps.size());
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const plan::Step& step = graph.steps[i];
    if (!step.needed) continue;
    places[i] = view.steps.size();
    ViewStep one{.stage = stages[step.stage],
                 .line = step.instruction->start_line,
                 .instruction = cache::words_of(step),
                 .trigger = step.trigger,
                 .needs = {}};
    for (const plan::Input& input : plan::inputs(graph, i)) {
      if (places[input.step]) one.needs.push_back({*places[input.step], input.kind});
    }
    if (source.seconds && step.kind != plan::Step::Kind::kImage) one.seconds = source.seconds(graph, i);
    view.stages[one.stage].steps.push_back(view.steps.size());
    view.steps.push_back(std::move(one));
  }
  if (source.report != nullptr) {
    for (const cache::StepReport& step : source.report->steps) {
      if (!places[step.step]) continue;
      ViewStep& one = view.steps[*places[step.step]];
      one.verdict = step.verdict;
      if (step.verdict == cache::Verdict::kHit) continue;
      const auto follows = step.follows ? graph.steps[*step.follows].instruction->start_line : 0;
      one.cause = cause_words(step, follows);
    }
  }
  if (source.history != nullptr) add_frequency(*source.history, shown, view);
  find_critical(view);
  set_stage_layers(view);
  return view;
}

BuildView view_of(const history::ImageHistory& history) {
  BuildView view{
      .name = history.name, .dockerfile = history.dockerfile, .stages = {}, .steps = {}, .target = {}};
  for (const history::StepHistory& step : history.steps) {
    ViewStep one{.line = step.line, .instruction = step.instruction, .trigger = step.trigger, .needs = {}};
    one.frequency = Frequency{step.rebuilt, step.depends, step.built};
    one.history = &step;
    view.steps.push_back(std::move(one));
  }
  return view;
}

void set_layers(std::vector<ImageNode>& images) {
  // As many rounds as the longest chain has links; images that need each other in a circle end it.
  for (size_t round = 0; round < images.size(); ++round) {
    bool any = false;
    for (ImageNode& image : images) {
      for (const size_t need : image.needs) {
        if (image.layer > images[need].layer) continue;
        image.layer = images[need].layer + 1;
        any = true;
      }
    }
    if (!any) return;
  }
}

std::string_view name_of(plan::Input::Kind kind) {
  return kind == plan::Input::Kind::kBelow ? "below" : "files";
}

}  // namespace dcache::report
