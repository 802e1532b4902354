#include "dcache/optimize/replayed.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/cache/alignment.h"
#include "dcache/cache/keys.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/plan/graph.h"
#include "dcache/project/needs.h"
#include "dcache/text/path.h"

namespace dcache::optimize {

using history::ImageAtCommit;

std::string without_flags(const std::string& instruction) {
  const size_t end = std::min(instruction.find(' '), instruction.size());
  std::string_view rest = std::string_view(instruction).substr(end);
  while (rest.starts_with(" --"))
    rest.remove_prefix(std::min(rest.find(' ', 1), rest.size()));
  return instruction.substr(0, end) + std::string(rest);
}

std::vector<StepRuns> distinct_steps(const std::vector<ImageRuns>& images) {
  std::vector<StepRuns> distinct;
  std::map<size_t, size_t> known;  // by the number of a step
  for (const ImageRuns& image : images) {
    for (const StepRuns& step : image.steps) {
      const auto [at, is_new] = known.try_emplace(step.same_as, distinct.size());
      if (is_new) {
        distinct.push_back(step);
        continue;
      }
      StepRuns& one = distinct[at->second];
      for (size_t commit = 0; commit < step.rebuilt_at.size(); ++commit)
        one.rebuilt_at[commit] = one.rebuilt_at[commit] || step.rebuilt_at[commit];
      one.rebuilt = static_cast<size_t>(std::ranges::count(one.rebuilt_at, true));
    }
  }
  return distinct;
}

Total total_of(const std::vector<ImageRuns>& images) {
  Total total;
  for (const StepRuns& step : distinct_steps(images)) {
    total.steps += step.rebuilt;
    if (!step.is_run) continue;
    total.runs += step.rebuilt;
    if (!step.seconds) continue;
    total.has_seconds = true;
    total.seconds += *step.seconds * static_cast<double>(step.rebuilt);
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
          .trigger = step.trigger,
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

std::vector<std::string_view> words_in(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = text.find_first_not_of(' '); at != std::string_view::npos;) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(' ', end);
  }
  return words;
}

// The part of their words that two instructions share, from 0 to 1.
double likeness(std::string_view a, std::string_view b) {
  std::vector<std::string_view> one = words_in(a), other = words_in(b), common;
  std::ranges::sort(one);
  std::ranges::sort(other);
  std::ranges::set_intersection(one, other, std::back_inserter(common));
  return 2.0 * static_cast<double>(common.size()) / static_cast<double>(one.size() + other.size());
}

std::vector<StepName> names_of(const ImageRuns& image) {
  std::vector<StepName> names;
  names.reserve(image.steps.size());
  for (const StepRuns& step : image.steps)
    names.push_back({step.stage, step.name, step.is_run});
  return names;
}

ImageComparison compare(const ImageRuns& before, const ImageRuns& after) {
  ImageComparison comparison{.name = after.name, .steps = {}};
  const auto partners = partners_of(names_of(before), names_of(after));
  size_t at = 0;  // the first step of before that is not told of
  const auto tell_gone = [&](size_t end) {
    for (; at < end; ++at) {
      if (std::ranges::find(partners, std::optional(at)) == partners.end())
        comparison.steps.push_back(gone(before.steps[at]));
    }
  };
  for (size_t i = 0; i < after.steps.size(); ++i) {
    StepComparison one = added(after.steps[i]);
    if (partners[i]) {
      const StepRuns& old = before.steps[*partners[i]];
      one.is_changed = old.instruction != after.steps[i].instruction;
      one.line_before = old.line;
      one.before = old.rebuilt;
      one.perhaps_before = old.depends;
      tell_gone(*partners[i]);
    }
    comparison.steps.push_back(std::move(one));
  }
  tell_gone(before.steps.size());
  return comparison;
}

}  // namespace

std::vector<std::optional<size_t>> partners_of(const std::vector<StepName>& before,
                                               const std::vector<StepName>& after) {
  constexpr double kAlike = 0.6;
  std::vector<std::optional<size_t>> partners(after.size());
  std::vector<bool> used(before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    for (size_t old = 0; old < before.size() && !partners[i]; ++old) {
      if (used[old] || before[old].stage != after[i].stage || before[old].name != after[i].name) continue;
      used[old] = true;
      partners[i] = old;
    }
  }
  struct Pair {
    double likeness = 0;
    size_t old = 0, now = 0;
  };
  std::vector<Pair> pairs;
  for (size_t i = 0; i < after.size(); ++i) {
    for (size_t old = 0; old < before.size() && !partners[i] && after[i].is_run; ++old) {
      if (used[old] || !before[old].is_run || before[old].stage != after[i].stage) continue;
      const double alike = likeness(before[old].name, after[i].name);
      if (alike > kAlike) pairs.push_back({alike, old, i});
    }
  }
  std::ranges::stable_sort(pairs, std::ranges::greater(), &Pair::likeness);
  for (const Pair& pair : pairs) {
    if (used[pair.old] || partners[pair.now]) continue;
    used[pair.old] = true;
    partners[pair.now] = pair.old;
  }
  return partners;
}

bool rebuild_differently(const std::vector<ImageRuns>& before, const std::vector<ImageRuns>& after) {
  const std::vector<ImageComparison> images = compare(before, after);
  return std::ranges::any_of(images, [](const ImageComparison& image) {
    return std::ranges::any_of(image.steps,
                               [](const StepComparison& step) { return step.before != step.after; });
  });
}

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
      for (const project::ImageNeeds::NeededImage& one : needed) {
        if (std::ranges::find(kept, one.image) == kept.end()) kept.push_back(one.image);
      }
    }
  }
  project_.root = project.root;
  for (const size_t image : kept)
    project_.images.push_back(project.images[image]);
  for (size_t i = 0; i < images.size(); ++i)
    images_.push_back(i);
  const project::ImageNeeds own(project_.images);
  are_independent_ = std::ranges::all_of(images_, [&](size_t image) { return own.of(image).empty(); });
}

std::vector<std::string> Replays::places_of(const std::string& path) const {
  const std::string& root = options_.objects->repository().root();
  const std::string_view parent = text::parent_path(path);
  const std::string folder = context::disk()->real_path(parent.empty() ? "." : std::string(parent));
  std::vector<std::string> places;
  // A link today may have been the file itself at some commits.
  for (const std::string& place :
       {text::join_path(folder, text::base_name(path)), context::disk()->real_path(path)}) {
    if (text::is_within(place, root) && place != root) places.push_back(place.substr(root.size() + 1));
  }
  return places;
}

tl::expected<std::vector<ImageRuns>, std::string> Replays::of(const std::string& text,
                                                              const std::vector<lint::Fix>& new_files) {
  const std::string& dockerfile = project_.images[images_.front()].build.dockerfile;
  context::GitObjects::Texts texts;
  const auto add = [&](const std::string& path, const std::string& content) {
    const std::vector<std::string> places = places_of(path);
    for (const std::string& place : places)
      texts.emplace(place, content);
    return !places.empty();
  };
  if (!add(dockerfile, text)) return tl::unexpected(std::string("it is outside of the repository"));
  for (const lint::Fix& fix : new_files) {
    if (!add(fix.new_file, fix.new_file_content))
      return tl::unexpected(fmt::format("{} is outside of the repository", fix.new_file));
  }
  const dockerfile::File file = dockerfile::parse(text);
  std::vector<std::string> keys(project_.images.size());  // by image
  std::vector<plan::Graph> graphs(project_.images.size());
  std::vector<size_t> wanted;
  for (const size_t image : images_) {
    graphs[image] = plan::build_graph(file, project_.images[image].build.plan);
    learn_seconds(graphs[image]);
    keys[image] =
        are_independent_ ? key_of(image, file, graphs[image], new_files) : text + std::to_string(image);
    if (!known_.contains(keys[image])) wanted.push_back(image);
  }
  if (auto done = replay(wanted, keys, texts); !done) return tl::unexpected(std::move(done.error()));
  if (!std::exchange(is_replayed_, true)) leave_out_failing(keys);
  std::vector<context::Commit> built;
  std::string reason;
  for (size_t i = 0; i < commits_.size(); ++i) {
    const auto fails = [&](size_t image) {
      const ReplayResult& known = known_.at(keys[image]);
      if (!known.built[i]) reason = known.reason;
      return !known.built[i];
    };
    if (std::ranges::none_of(images_, fails)) built.push_back(commits_[i]);
  }
  if (built.empty())
    return tl::unexpected(fmt::format("as it is now it can't be built at any of these commits{}",
                                      reason.empty() ? "" : ": " + reason));
  if (built.size() < commits_.size()) {
    // A build that fails leaves nothing behind, so the others are as they were; but they are counted again.
    commits_ = std::move(built);
    known_.clear();
    return of(text, new_files);
  }
  std::vector<ImageRuns> all;
  for (const size_t image : images_) {
    ImageRuns runs = known_.at(keys[image]).runs;
    runs.name = project_.images[image].target.name;
    const std::vector<size_t> numbers = numbers_of(image, graphs[image]);
    size_t at = 0;
    for (size_t i = 0; i < numbers.size() && at < runs.steps.size(); ++i) {
      const plan::Step& step = graphs[image].steps[i];
      if (!step.needed) continue;
      runs.steps[at].same_as = numbers[i];
      runs.steps[at++].line = step.instruction->start_line;
    }
    add_seconds(image, runs);
    all.push_back(std::move(runs));
  }
  return all;
}

// Of several targets of one Dockerfile one may need what no commit has, such as the outputs of others.
void Replays::leave_out_failing(const std::vector<std::string>& keys) {
  const auto is_built = [&](size_t image) {
    const std::vector<bool>& built = known_.at(keys[image]).built;
    return std::ranges::find(built, true) != built.end();
  };
  if (std::ranges::none_of(images_, is_built)) return;
  std::erase_if(images_, [&](size_t image) {
    if (is_built(image)) return false;
    const std::string& reason = known_.at(keys[image]).reason;
    notes_.insert(fmt::format("{} is left out: it can't be built at any of these commits{}",
                              project_.images[image].target.name, reason.empty() ? "" : ": " + reason));
    return true;
  });
}

bool Replays::always_has(const std::string& folder, const std::string& path) const {
  const std::vector<std::string> places = places_of(text::join_path(folder, path));
  const auto has = [&](const context::Commit& commit) {
    return std::ranges::any_of(places, [&](std::string_view place) {
      context::ObjectId id = commit.tree;
      while (!place.empty()) {
        const size_t slash = std::min(place.find('/'), place.size());
        const auto tree = options_.objects->tree(id);
        const auto entry = tree ? (*tree)->find(place.substr(0, slash)) : std::nullopt;
        if (!entry) return false;
        id = entry->id;
        place.remove_prefix(std::min(slash + 1, place.size()));
      }
      return true;
    });
  };
  return std::ranges::all_of(commits_, has);
}

std::string Replays::key_of(size_t image, const dockerfile::File& file, const plan::Graph& graph,
                            const std::vector<lint::Fix>& new_files) {
  std::string key = std::to_string(image);
  for (const lint::Fix& fix : new_files)
    key += fmt::format("\n{}\n{}", fix.new_file, fix.new_file_content);
  size_t stages = 0;
  for (const dockerfile::Instruction& instruction : file.instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) ++stages;
    // Arguments above the first FROM count for all.
    if (stages > 0 && !graph.stages[stages - 1].needed) continue;
    key += '\n';
    key += file.source().substr(instruction.span.begin, instruction.span.end - instruction.span.begin);
  }
  return key;
}

tl::expected<void, std::string> Replays::replay(const std::vector<size_t>& images,
                                                const std::vector<std::string>& keys,
                                                const context::GitObjects::Texts& texts) {
  if (images.empty()) return {};
  options_.objects->forget_made();
  std::vector<context::Commit> commits = commits_;
  for (context::Commit& commit : commits) {
    const auto tree = options_.objects->with_files(commit.tree, texts);
    if (!tree) return tl::unexpected(tree.error());
    commit.tree = *tree;
  }
  const history::ReadImages read = [&](const auto&, const auto&) {
    return history::ImagesAtCommit{project_, images};
  };
  auto replayed =
      history::replay(options_.objects, std::move(commits), read, {.here = options_.here, .progress = {}});
  if (!replayed) return tl::unexpected(std::move(replayed.error()));
  notes_.insert(replayed->notes.begin(), replayed->notes.end());
  for (size_t i = 0; i < images.size(); ++i) {
    const history::ImageHistory& image = replayed->images[i];
    ReplayResult known{.runs = runs_of(image), .built = {}, .reason = {}};
    for (const ImageAtCommit& commit : image.commits) {
      known.built.push_back(commit.state == ImageAtCommit::State::kBuilt);
      if (!known.built.back()) known.reason = commit.reason;
    }
    known_.insert_or_assign(keys[images[i]], std::move(known));
  }
  return {};
}

ImageRuns Replays::runs_of(const history::ImageHistory& image) {
  ImageRuns runs{.name = image.name, .steps = {}};
  for (const history::StepHistory& step : image.steps) {
    runs.steps.push_back({.stage = step.stage,
                          .line = step.line,
                          .instruction = step.instruction,
                          .trigger = step.trigger,
                          .name = without_flags(step.instruction),
                          .is_run = step.is_run,
                          .rebuilt = step.rebuilt,
                          .depends = step.depends,
                          .rebuilt_at = std::vector<bool>(image.commits.size())});
  }
  for (size_t commit = 0; commit < image.commits.size(); ++commit) {
    const ImageAtCommit& at = image.commits[commit];
    if (at.state != ImageAtCommit::State::kBuilt || at.steps == nullptr) continue;
    for (size_t i = 0; i < at.steps->size(); ++i) {
      const auto& place = image.places[at.plan][i];
      if (place && (*at.steps)[i].verdict == cache::Verdict::kMiss)
        runs.steps[*place].rebuilt_at[commit] = true;
    }
  }
  return runs;
}

std::vector<size_t> Replays::numbers_of(size_t image, const plan::Graph& graph) {
  const cache::BuildOptions& build = project_.images[image].build;
  const auto real_path = [](const std::string& path) { return context::disk()->real_path(path); };
  // The place of the Dockerfile decides which ignore file counts.
  const std::string folder =
      build.context.empty() ? std::string(text::parent_path(build.dockerfile)) : build.context;
  const std::string context =
      fmt::format("{}\n{}", real_path(folder.empty() ? "." : folder), real_path(build.dockerfile));
  const std::vector<cache::StepKeys> keys = cache::compute_keys(graph, {});
  std::vector<size_t> numbers(graph.steps.size());
  const auto number = [&](const std::string& words) {
    return numbers_.try_emplace(words, numbers_.size()).first->second;
  };
  for (size_t i = 0; i < graph.steps.size(); ++i) {
    const plan::Step& step = graph.steps[i];
    std::string words = fmt::format("{}\n{}\n{}", static_cast<int>(step.kind), step.one_line(),
                                    context::to_hex(keys[i].definition.if_changed));
    if (step.ignores_cache) words += fmt::format("\nof {}", image);
    if (step.below) words += fmt::format("\nbelow {}", numbers[*step.below]);
    for (const plan::Read& read : step.reads) {
      switch (read.origin) {
        case plan::Read::Origin::kContext:
          words += '\n' + context;
          break;
        case plan::Read::Origin::kNamedContext: {
          const auto named = build.plan.named_contexts.find(read.name);
          words += '\n' + (named == build.plan.named_contexts.end() ? read.name : real_path(named->second));
          break;
        }
        case plan::Read::Origin::kStage: {
          const auto& last = graph.stages[read.stage].last_step;
          words += last ? fmt::format("\nstage {}", numbers[*last]) : "\nscratch";
          break;
        }
        case plan::Read::Origin::kImage:
          words += "\nimage " + read.name;
          break;
      }
      for (const plan::Selector& selector : read.selectors)
        words += fmt::format("\n{} {} {} {} {}", selector.path, selector.wildcard, selector.unpack,
                             fmt::join(selector.include, ","), fmt::join(selector.exclude, ","));
    }
    numbers[i] = number(words);
  }
  return numbers;
}

// A RUN of which a fix changed some words takes as long as it did, as far as anybody knows.
void Replays::add_seconds(size_t image, ImageRuns& runs) {
  for (StepRuns& step : runs.steps) {
    if (const auto known = seconds_.find(step.name); known != seconds_.end()) step.seconds = known->second;
  }
  const ImageRuns& first = first_.try_emplace(image, runs).first->second;
  const auto partners = partners_of(names_of(first), names_of(runs));
  for (size_t i = 0; i < partners.size(); ++i) {
    if (partners[i] && !runs.steps[i].seconds) runs.steps[i].seconds = first.steps[*partners[i]].seconds;
  }
}

void Replays::learn_seconds(const plan::Graph& graph) {
  if (!options_.seconds) return;
  for (size_t step = 0; step < graph.steps.size(); ++step) {
    const auto seconds = options_.seconds(graph, step);
    if (seconds) seconds_.emplace(without_flags(cache::words_of(graph.steps[step])), *seconds);
  }
}

}  // namespace dcache::optimize
