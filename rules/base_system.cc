#include "rules/base_system.h"

#include <algorithm>
#include <vector>

#include "dcache/lint/images.h"

namespace dcache::rules {
namespace {

using lint::ImageKind;

const plan::Stage& base_stage_of(const plan::Graph& graph, size_t stage) {
  while (graph.stages[stage].base_stage)
    stage = *graph.stages[stage].base_stage;
  return graph.stages[stage];
}

// The platform that FROM names; empty for none.
std::string_view platform_of(const plan::Stage& stage) {
  const dockerfile::Flag* const platform =
      stage.from == nullptr ? nullptr : stage.from->find_flag("platform");
  return platform == nullptr ? std::string_view() : platform->value;
}

// Whether it runs Linux whatever system the daemon has.
bool runs_linux_alone(const plan::Graph& graph, size_t stage) {
  const std::string_view platform = platform_of(base_stage_of(graph, stage));
  // BuildKit itself runs on Linux.
  if (platform.starts_with("linux") || platform.find("BUILDPLATFORM") != std::string_view::npos) return true;
  const std::string_view image = base_image_in(graph, stage);
  if (image.empty() || image.find('$') != std::string_view::npos) return false;
  if (is_image(ImageKind::kLinuxVariants, image) || is_image(ImageKind::kBusyboxTools, image)) return true;
  if (is_image(ImageKind::kWithWindowsVariants, image)) return false;
  constexpr ImageKind kLinux[] = {ImageKind::kDistribution, ImageKind::kWithoutLanguages, ImageKind::kSystem,
                                  ImageKind::kRootAtBuild};
  return std::ranges::any_of(kLinux, [&](ImageKind kind) { return is_image(kind, image); });
}

// For each stage.
struct WindowsStages {
  std::vector<bool> possible;
};

}  // namespace

std::string_view base_image_in(const plan::Graph& graph, size_t stage) {
  const plan::Stage& base = base_stage_of(graph, stage);
  const plan::Step* first = base.steps.empty() ? nullptr : &graph.steps[base.steps.front()];
  if (first == nullptr || first->kind != plan::Step::Kind::kImage) return {};
  return first->image;
}

bool runs_windows(const plan::Graph& graph, size_t stage) {
  const plan::Stage& base = base_stage_of(graph, stage);
  if (platform_of(base).starts_with("windows")) return true;
  return base.from != nullptr && !base.from->arguments.empty() &&
         is_image(ImageKind::kWindows, graph.text_of(base.from->arguments.front()));
}

bool may_run_windows(lint::Dockerfile& dockerfile, size_t stage) {
  const WindowsStages& stages = dockerfile.shared<WindowsStages>([&] {
    const plan::Graph& graph = dockerfile.graph();
    WindowsStages made;
    for (const plan::Stage& one : graph.stages)
      made.possible.push_back(runs_windows(graph, one.index));
    if (std::ranges::find(made.possible, true) == made.possible.end()) return made;
    for (const plan::Stage& one : graph.stages)
      made.possible[one.index] = made.possible[one.index] || !runs_linux_alone(graph, one.index);
    return made;
  });
  return stages.possible[stage];
}

bool has_musl(const plan::Graph& graph, size_t stage) {
  return is_image(ImageKind::kMusl, base_image_in(graph, stage));
}

bool has_usual_modes(const plan::Graph& graph, size_t stage) {
  const plan::Stage& base = base_stage_of(graph, stage);
  const std::string_view written = base.from == nullptr || base.from->arguments.empty()
                                       ? std::string_view()
                                       : graph.text_of(base.from->arguments.front());
  // Nothing is there that another mode could replace.
  if (written == "scratch") return true;
  const std::string_view image = base_image_in(graph, stage);
  if (image.empty() || image.find('$') != std::string_view::npos) return false;
  return is_image(ImageKind::kUsualModes, image) && !is_image(ImageKind::kOtherModes, image);
}

}  // namespace dcache::rules
