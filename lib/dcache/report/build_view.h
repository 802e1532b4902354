// A build as pictures and pages show it: its stages and steps, what each needs, and what is known of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/history/history.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/inputs.h"

namespace dcache::report {

// How often a step was rebuilt over commits.
struct Frequency {
  size_t rebuilt = 0;  // surely
  size_t depends = 0;  // perhaps
  size_t commits = 0;  // that build the image

  // From 0 to 1, with half of what is not sure.
  double share() const;
};

struct ViewStep {
  size_t stage = 0;  // in BuildView::stages
  uint32_t line = 0;
  std::string instruction;                         // on one line
  std::optional<plan::TriggerPlace> trigger = {};  // as of plan::Step
  std::vector<plan::Input> needs;                  // their steps are indexes in BuildView::steps
  std::optional<cache::Verdict> verdict = {};
  std::string cause = {};  // in words; empty for none
  std::optional<Frequency> frequency = {};
  const history::StepHistory* history = nullptr;  // in ViewSource::history, of a step with a frequency
  std::optional<double> seconds = {};
  bool is_critical = false;  // on the longest way to the target, where times are known
};

struct ViewStage {
  std::string label;                // its name, or "stage 2"
  std::string from;                 // what it starts from, as written
  std::vector<size_t> steps;        // in BuildView::steps
  std::optional<size_t> base = {};  // the stage that it starts from
  size_t layer = 0;                 // stages of one layer can run at once; later ones need earlier ones
};

struct BuildView {
  std::string name, dockerfile;
  std::vector<ViewStage> stages;  // that the target needs, in the order of the file
  std::vector<ViewStep> steps;    // likewise; FROM of an image is one
  std::optional<size_t> target;   // a stage
  std::optional<double> critical_seconds = {};
  std::string occasion = {};  // what the verdicts are about; empty where there are none
};

struct ViewSource {
  std::string name, dockerfile;
  const plan::Graph* graph = nullptr;
  const cache::Report* report = nullptr;           // null where nothing is asked
  const history::ImageHistory* history = nullptr;  // likewise
  std::function<std::optional<double>(const plan::Graph&, size_t step)> seconds = {};
};
BuildView view_of(const ViewSource& source);
// What the commits alone say: the steps of the newest one, without what each needs.
BuildView view_of(const history::ImageHistory& history);

// An image of a repository, and the images that it starts or copies from.
struct ImageNode {
  std::string name, dockerfile;
  std::vector<size_t> needs;  // indexes
  std::string state = {};  // the word for an effect: "rebuilt", "may-rebuild"; empty where nothing is asked
  std::optional<Frequency> frequency = {};
  size_t layer = 0;
};
// Sets their layers.
void set_layers(std::vector<ImageNode>& images);

// The stable word for a kind of edge: "below" or "files".
std::string_view name_of(plan::Input::Kind kind);

}  // namespace dcache::report
