#include "dcache/optimize/replayed.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/alignment.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/plan/graph.h"
#include "dcache/project/needs.h"
#include "dcache/text/path.h"

namespace dcache::optimize {
namespace {

using history::ImageAtCommit;

// "RUN --mount=type=cache,target=/c make" does the same as "RUN make".
std::string without_flags(const std::string& instruction) {
  const size_t end = std::min(instruction.find(' '), instruction.size());
  std::string_view rest = std::string_view(instruction).substr(end);
  while (rest.starts_with(" --"))
    rest.remove_prefix(std::min(rest.find(' ', 1), rest.size()));
  return instruction.substr(0, end) + std::string(rest);
}

}  // namespace

Total total_of(const std::vector<ImageRuns>& images) {
  Total total;
  for (const ImageRuns& image : images) {
    for (const StepRuns& step : image.steps) {
      total.steps += step.rebuilt;
      if (!step.is_run) continue;
      total.runs += step.rebuilt;
      if (!step.seconds) continue;
      total.has_seconds = true;
      total.seconds += *step.seconds * static_cast<double>(step.rebuilt);
    }
  }
  return total;
}

Gain difference(const Total& without, const Total& with) {
  Gain gain;
  gain.steps = without.steps - std::min(without.steps, with.steps);
  gain.runs = without.runs - std::min(without.runs, with.runs);
  if (without.has_seconds) gain.seconds = std::max(0.0, without.seconds - with.seconds);
  return gain;
}

namespace {

StepComparison added(const StepRuns& step) {
  return {.stage = step.stage,
          .line_before = 0,
          .line_after = step.line,
          .instruction = step.instruction,
          .is_run = step.is_run,
          .before = 0,
          .after = step.rebuilt,
          .perhaps_before = 0,
          .perhaps_after = step.depends,
          .seconds = step.seconds};
}

StepComparison gone(const StepRuns& step) {
  StepComparison comparison = added(step);
  std::swap(comparison.line_before, comparison.line_after);
  std::swap(comparison.before, comparison.after);
  std::swap(comparison.perhaps_before, comparison.perhaps_after);
  return comparison;
}

ImageComparison compare(const ImageRuns& before, const ImageRuns& after) {
  ImageComparison comparison{.name = after.name, .steps = {}};
  std::vector<bool> used(before.steps.size());
  size_t at = 0;  // the first step of before that is not told of
  const auto tell_gone = [&](size_t end) {
    for (; at < end; ++at) {
      const bool is_kept = std::ranges::any_of(after.steps, [&](const StepRuns& step) {
        return step.stage == before.steps[at].stage && step.name == before.steps[at].name;
      });
      if (!used[at] && !is_kept) comparison.steps.push_back(gone(before.steps[at]));
    }
  };
  for (const StepRuns& step : after.steps) {
    StepComparison one = added(step);
    for (size_t i = 0; i < before.steps.size(); ++i) {
      const StepRuns& old = before.steps[i];
      if (used[i] || old.stage != step.stage || old.name != step.name) continue;
      used[i] = true;
      one.is_changed = old.instruction != step.instruction;
      one.line_before = old.line;
      one.before = old.rebuilt;
      one.perhaps_before = old.depends;
      tell_gone(i);
      break;
    }
    comparison.steps.push_back(std::move(one));
  }
  tell_gone(before.steps.size());
  return comparison;
}

}  // namespace

std::vector<ImageComparison> compare(const std::vector<ImageRuns>& before,
                                     const std::vector<ImageRuns>& after) {
  std::vector<ImageComparison> comparisons;
  for (size_t i = 0; i < before.size() && i < after.size(); ++i)
    comparisons.push_back(compare(before[i], after[i]));
  return comparisons;
}

Replays::Replays(const project::Project& project, const std::vector<size_t>& images, const Options& options)
    : options_(options), commits_(options.commits) {
  const project::ImageNeeds needs(project.images);
  std::vector<size_t> kept = images;
  for (size_t i = 0; i < kept.size(); ++i) {
    for (const auto& [reference, needed] : needs.of(kept[i])) {
      for (const project::ImageNeeds::Needed& one : needed) {
        if (std::ranges::find(kept, one.image) == kept.end()) kept.push_back(one.image);
      }
    }
  }
  project_.root = project.root;
  for (const size_t image : kept)
    project_.images.push_back(project.images[image]);
  for (size_t i = 0; i < images.size(); ++i)
    images_.push_back(i);
}

std::string Replays::place_of(const std::string& path) const {
  const std::string& root = options_.objects->repository().root();
  // The file itself may be new.
  const std::string folder = context::disk()->real_path(std::string(text::parent_path(path)));
  const std::string real = context::disk()->exists(path) ? context::disk()->real_path(path)
                                                         : text::join_path(folder, text::base_name(path));
  return text::is_within(real, root) && real != root ? real.substr(root.size() + 1) : "";
}

tl::expected<std::vector<ImageRuns>, std::string> Replays::of(const std::string& text,
                                                              const std::vector<lint::Fix>& new_files) {
  const std::string& dockerfile = project_.images[images_.front()].build.dockerfile;
  context::GitObjects::Texts texts;
  const auto add = [&](const std::string& path, const std::string& content) {
    const std::string place = place_of(path);
    if (!place.empty()) texts.emplace(place, content);
    return !place.empty();
  };
  if (!add(dockerfile, text)) return tl::unexpected(std::string("it is outside of the repository"));
  for (const lint::Fix& fix : new_files) {
    if (!add(fix.new_file, fix.new_file_content))
      return tl::unexpected(fmt::format("{} is outside of the repository", fix.new_file));
  }
  options_.objects->forget_made();
  std::vector<context::Commit> commits = commits_;
  for (context::Commit& commit : commits) {
    const auto tree = options_.objects->with_files(commit.tree, texts);
    if (!tree) return tl::unexpected(tree.error());
    commit.tree = *tree;
  }
  const history::ReadImages read = [this](const auto&, const auto&) {
    return history::ImagesAtCommit{project_, images_};
  };
  const auto replayed =
      history::replay(options_.objects, std::move(commits), read, {.here = options_.here, .progress = {}});
  if (!replayed) return tl::unexpected(replayed.error());
  std::vector<context::Commit> built;
  std::string reason;
  for (size_t i = 0; i < commits_.size(); ++i) {
    const auto fails = [&](const history::ImageHistory& image) {
      if (image.commits[i].state == ImageAtCommit::State::kBuilt) return false;
      reason = image.commits[i].reason;
      return true;
    };
    if (std::ranges::none_of(replayed->images, fails)) built.push_back(commits_[i]);
  }
  if (built.empty())
    return tl::unexpected(fmt::format("as it is now it can't be built at any of these commits{}",
                                      reason.empty() ? "" : ": " + reason));
  const bool is_whole = built.size() == commits_.size();
  commits_ = std::move(built);
  // A commit that can't be built changes what later ones find.
  return is_whole ? runs_of(replayed->images, text) : of(text, new_files);
}

std::vector<ImageRuns> Replays::runs_of(const std::vector<history::ImageHistory>& images,
                                        const std::string& text) {
  learn_seconds(text);
  std::vector<ImageRuns> all;
  for (const history::ImageHistory& image : images) {
    ImageRuns runs{.name = image.name, .steps = {}};
    for (const history::StepHistory& step : image.steps) {
      StepRuns one{.stage = step.stage,
                   .line = step.line,
                   .instruction = step.instruction,
                   .name = without_flags(step.instruction),
                   .is_run = step.is_run,
                   .rebuilt = step.rebuilt,
                   .depends = step.depends};
      if (const auto known = seconds_.find(one.name); known != seconds_.end()) one.seconds = known->second;
      runs.steps.push_back(std::move(one));
    }
    all.push_back(std::move(runs));
  }
  return all;
}

void Replays::learn_seconds(const std::string& text) {
  if (!options_.seconds) return;
  const dockerfile::File file = dockerfile::parse(text);
  for (const size_t image : images_) {
    const plan::Graph graph = plan::build_graph(file, project_.images[image].build.plan);
    for (size_t step = 0; step < graph.steps.size(); ++step) {
      const auto seconds = options_.seconds(graph, step);
      if (seconds) seconds_.emplace(without_flags(cache::words_of(graph.steps[step])), *seconds);
    }
  }
}

}  // namespace dcache::optimize
