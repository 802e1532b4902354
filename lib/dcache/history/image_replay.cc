#include "dcache/history/image_replay.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <ranges>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/demand.h"
#include "dcache/text/failure.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::history {
namespace {

using cache::Cause;
using cache::StepReport;
using cache::Verdict;
using context::Record;
using context::Snapshot;
using context::TreeChange;
using plan::Graph;
using plan::Step;

bool may_rebuild(Verdict verdict) {
  return verdict == Verdict::kMiss || verdict == Verdict::kDepends;
}

// Because of something that changed.
bool is_rebuilt(const StepAtCommit& step) {
  return may_rebuild(step.verdict) && !step.runs_always;
}

// Stands for what git keeps in a work tree.
constexpr std::string_view kGitIndex = ".git/index";
constexpr std::string_view kGitFolder = ".git";

// Whether a file of git's folder is the same at all commits of a branch.
bool is_same_at_commits(std::string_view path) {
  constexpr std::array<std::string_view, 6> kKept = {".git/HEAD",  ".git/config", ".git/description",
                                                     ".git/hooks", ".git/info",   ".git/packed-refs"};
  return std::ranges::any_of(kKept, [&](std::string_view kept) { return text::is_within(path, kept); });
}

// A file in place of a folder of git that a step names, since what is in it is not known; a file is itself.
std::string git_file_of(const std::string& path) {
  constexpr std::array<std::string_view, 13> kFolders = {".git",
                                                         ".git/hooks",
                                                         ".git/info",
                                                         ".git/logs",
                                                         ".git/logs/refs",
                                                         ".git/refs",
                                                         ".git/logs/refs/heads",
                                                         ".git/objects",
                                                         ".git/objects/pack",
                                                         ".git/objects/info",
                                                         ".git/refs/heads",
                                                         ".git/refs/remotes",
                                                         ".git/refs/tags"};
  return std::ranges::find(kFolders, path) == kFolders.end() ? path : path + "/index";
}

bool is_read_of_context(const plan::Read& read, std::string_view context) {
  return (read.origin == plan::Read::Origin::kContext && context.empty()) ||
         (read.origin == plan::Read::Origin::kNamedContext && read.name == context);
}

// Whether a step may take a file of a context, or what is in its place. Links are not looked at.
bool may_take(const Step& step, std::string_view context, std::string_view path) {
  const auto takes = [&](const plan::Selector& selector) {
    const std::string folder = folder_of(selector);
    return folder.empty() || text::is_within(path, folder) || text::is_within(folder, path);
  };
  return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
    return is_read_of_context(read, context) &&
           (read.selectors.empty() || std::ranges::any_of(read.selectors, takes));
  });
}

bool may_take(const Graph& graph, std::string_view context, std::string_view path) {
  return std::ranges::any_of(graph.steps, [&](const Step& step) { return may_take(step, context, path); });
}

std::vector<bool> needed_of(const Graph& graph) {
  std::vector<bool> needed;
  for (const Step& step : graph.steps)
    needed.push_back(step.needed);
  return needed;
}

std::string missing_file(const Graph& graph, const std::vector<cache::StepKeys>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!graph.steps[i].needed) continue;
    for (const cache::ReadFiles& read : keys[i].reads) {
      if (read.selection.missing.empty()) continue;
      return fmt::format("line {}: {} does not exist in the context", graph.steps[i].instruction->start_line,
                         read.selection.missing.front()->written);
    }
  }
  return {};
}

}  // namespace

cache::Contexts ImageReplay::BuiltState::contexts() const {
  cache::Contexts contexts;
  contexts.are_new = !setup->cache_from.empty();
  for (const auto& [name, snapshot] : files)
    (name.empty() ? contexts.main : contexts.named[name]) = {&snapshot, nullptr};
  return contexts;
}

ImageReplay::ImageReplay(std::string name, const context::GitObjects& objects, const Options& options,
                         VisibleByContext visible)
    : name_(std::move(name)), objects_(objects), options_(options), visible_(std::move(visible)) {
  result_.name = name_;
  const context::GitRepository& repository = objects_.repository();
  std::error_code failure;
  has_git_folder_ = !repository.is_bare() &&
                    std::filesystem::is_directory(
                        text::system_path(text::join_path(repository.root(), kGitFolder)), failure);
}

std::string ImageReplay::prefix_of(const ContextFolder& context) const {
  const std::string& root = objects_.repository().root();
  if (context.real == root || !text::is_within(context.real, root)) return {};
  return context.real.substr(root.size() + 1) + '/';
}

std::vector<std::string> ImageReplay::git_files_of(const ContextFolder& context, const Graph& graph) const {
  std::vector<std::string> files;
  if (!has_git_folder_ || context.real != objects_.repository().root()) return files;
  const auto add = [&](std::string path) {
    const bool is_known = std::ranges::find(files, path) != files.end();
    if (!is_known && !context.ignore->matcher.decide(path).ignored) files.push_back(std::move(path));
  };
  if (may_take(graph, context.name, kGitIndex)) add(std::string(kGitIndex));
  for (const Step& step : graph.steps) {
    for (const plan::Read& read : step.reads) {
      if (!is_read_of_context(read, context.name)) continue;
      for (const plan::Selector& selector : read.selectors) {
        if (selector.wildcard || selector.path.find(kGitFolder) == std::string::npos) continue;
        std::string path = text::clean_path(selector.path.substr(selector.path.starts_with('/') ? 1 : 0));
        if (text::is_within(path, kGitFolder)) add(git_file_of(path));
      }
    }
  }
  return files;
}

bool ImageReplay::is_as_before(const CommitChanges& commit, const std::shared_ptr<const Setup>& setup,
                               const BuiltImages& needed) const {
  if (result_.commits.empty() || setup != last_setup_ || needed != last_needed_) return false;
  if (setup == nullptr || setup->plan == nullptr) return true;
  if (!setup->varying.empty()) return false;
  const Graph& graph = *setup->plan->graph;
  return std::ranges::none_of(setup->contexts, [&](const ContextFolder& context) {
    if (!git_files_of(context, graph).empty()) return true;
    const std::string prefix = prefix_of(context);
    const bool has_links = !last_ || last_->setup != setup || !last_->files.contains(context.name) ||
                           !last_->files.at(context.name).links().empty();
    return std::ranges::any_of(*commit.changes, [&](const TreeChange& change) {
      return change.path.starts_with(prefix) &&
             (has_links ||
              may_take(graph, context.name, std::string_view(change.path).substr(prefix.size())));
    });
  });
}

void ImageReplay::add(const CommitChanges& commit, std::shared_ptr<const Setup> setup,
                      const BuiltImages& needed) {
  for (const TreeChange& change : *commit.changes)
    pending_.push_back(&change);
  if (!is_as_before(commit, setup, needed)) {
    last_setup_ = setup;
    last_needed_ = needed;
    build(commit, std::move(setup), needed);
    return;
  }
  const ImageAtCommit& before = result_.commits.back();
  ImageAtCommit same{before.state, before.reason, nullptr, false, 0};
  if (before.state == ImageAtCommit::State::kBuilt) {
    if (idle_ == nullptr) {
      const cache::Contexts contexts = last_->contexts();
      const cache::State state{last_->plan->graph.get(), &last_->keys, &contexts};
      idle_ = steps_of(cache::compare({&state, 1}, state, last_->setup->cache_from));
    }
    same.steps = idle_;
    same.plan = segments_.size() - 1;
    pending_.clear();
    same.changes_nothing = std::ranges::none_of(*idle_, is_rebuilt);
    result_.unchanged += same.changes_nothing ? 1 : 0;
    ++result_.built;
  } else if (before.state == ImageAtCommit::State::kFails) {
    ++result_.failed;
  }
  result_.commits.push_back(std::move(same));
}

std::shared_ptr<const Plan> ImageReplay::plan_of(const CommitChanges& commit,
                                                 const std::shared_ptr<const Setup>& setup,
                                                 const BuiltImages& needed) const {
  const bool varies = !setup->varying.empty();
  if (needed.empty() && !varies) return setup->plan;
  if (last_ && last_->setup == setup && last_->needed == needed && !varies) return last_->plan;
  plan::Options options = setup->options;
  options.built_images = needed;
  for (auto& [reference, built] : options.built_images) {
    const auto known = setup->options.built_images.find(reference);
    if (known != setup->options.built_images.end()) built.triggers = known->second.triggers;
  }
  for (const auto& [name, given] : setup->varying)
    options.build_args[name] = to_hex(commit.commit->id);
  return std::make_shared<const Plan>(cache::plan_file(setup->dockerfile, setup->text, options));
}

tl::expected<Snapshot, std::string> ImageReplay::snapshot_of(const ContextFolder& context,
                                                             const CommitChanges& commit,
                                                             const Graph& graph) {
  if (context.folder == cache::kNoContext) return Snapshot();
  const auto tree = commit.files->object_of(context.real);
  if (!tree) {
    const bool is_inside = text::is_within(context.real, objects_.repository().root());
    return tl::unexpected(fmt::format("its context {} {}", context.folder,
                                      is_inside ? "does not exist" : "is outside of the repository"));
  }
  std::unique_ptr<context::TreeSnapshots>& trees = trees_[{context.name, context.ignore_text}];
  if (trees == nullptr) {
    const auto found = visible_.find(context.name);
    context::VisiblePaths visible = found == visible_.end() ? context::VisiblePaths() : found->second;
    visible.least = options_.least_files;
    matchers_.push_back(context.ignore);
    trees = std::make_unique<context::TreeSnapshots>(objects_, context.ignore->matcher, std::move(visible));
  }
  auto snapshot = trees->of(*tree);
  if (snapshot && options_.least_files != SIZE_MAX)
    sees_more_ = add_link_targets(*snapshot, visible_[context.name]) || sees_more_;
  if (!snapshot) return snapshot;
  std::vector<Record> records;
  for (std::string& path : git_files_of(context, graph)) {
    Record& record = records.emplace_back();
    record.content =
        is_same_at_commits(path) ? context::hash_bytes(path) : context::hash_of(commit.commit->id);
    record.path = std::move(path);
  }
  return records.empty() ? snapshot : snapshot->with(std::move(records));
}

void ImageReplay::fail(std::string reason) {
  result_.commits.push_back({ImageAtCommit::State::kFails, std::move(reason), nullptr, false, 0});
  ++result_.failed;
}

tl::expected<ImageReplay::BuiltState, std::string> ImageReplay::state_at(const CommitChanges& commit,
                                                                         std::shared_ptr<const Setup> setup,
                                                                         const BuiltImages& needed) {
  // Without a value an argument may be what makes the plan fail.
  const std::string& failure = setup->varying.empty() ? setup->failure : setup->problem;
  if (!failure.empty()) return tl::unexpected(failure);
  BuiltState built;
  built.plan = plan_of(commit, setup, needed);
  if (!setup->varying.empty() && !built.plan->failures.empty())
    return tl::unexpected(text::words_of(built.plan->failures.front()));
  for (const ContextFolder& context : setup->contexts) {
    auto snapshot = snapshot_of(context, commit, *built.plan->graph);
    if (!snapshot) return tl::unexpected(std::move(snapshot.error()));
    built.files.emplace(context.name, std::move(*snapshot));
  }
  built.setup = std::move(setup);
  built.needed = needed;
  const Graph& graph = *built.plan->graph;
  built.keys = cache::compute_keys(graph, built.contexts());
  // BuildKit looks for the files of all steps before it runs one: a build that lacks one leaves no results.
  if (std::string missing = missing_file(graph, built.keys); !missing.empty())
    return tl::unexpected(std::move(missing));
  return built;
}

void ImageReplay::build(const CommitChanges& commit, std::shared_ptr<const Setup> setup,
                        const BuiltImages& needed) {
  if (setup == nullptr) {
    result_.commits.push_back({ImageAtCommit::State::kAbsent, {}, nullptr, false, 0});
    return;
  }
  auto built = state_at(commit, std::move(setup), needed);
  if (!built) return fail(std::move(built.error()));
  judge(std::move(*built));
}

std::string ImageReplay::name_of(const Setup* setup, const BuiltState* state) {
  context::Hasher hasher;
  hasher.add(uint64_t{setup != nullptr});
  if (setup != nullptr) {
    const plan::Options& options = setup->options;
    hasher.add(setup->dockerfile).add(static_cast<uint64_t>(options.builder)).add(options.target);
    hasher.add(options.platform).add(static_cast<uint64_t>(options.store)).add(uint64_t{options.no_cache});
    for (const auto* const pairs : {&options.build_args, &options.named_contexts}) {
      hasher.add(pairs->size());
      for (const auto& [name, value] : *pairs)
        hasher.add(name).add(value);
    }
    for (const cache::CacheImport& import : setup->cache_from)
      hasher.add(static_cast<uint64_t>(import.mode)).add(import.stage);
    for (const ContextFolder& context : setup->contexts)
      hasher.add(context.name).add(context.folder).add(context.ignore_path);
  }
  for (size_t i = 0; state != nullptr && i < state->keys.size(); ++i) {
    const cache::AssumedKeys& key = state->keys[i].key;
    hasher.add(uint64_t{state->plan->graph->steps[i].needed});
    hasher.add(key.if_changed).add(key.if_same).add(key.if_untouched);
  }
  return to_hex(hasher.finish());
}

void ImageReplay::restore(KeptImage kept, size_t first) {
  known_ = cache::KnownKeys(kept.known);
  restored_ = std::move(kept.state);
  kept.commits.erase(kept.commits.begin(), kept.commits.begin() + static_cast<ptrdiff_t>(first));
  // Plans that only earlier commits had are left out.
  size_t first_plan = kept.segments.empty() ? 0 : kept.segments.size() - 1;
  for (const ImageAtCommit& commit : kept.commits) {
    if (commit.state == ImageAtCommit::State::kBuilt) first_plan = std::min(first_plan, commit.plan);
  }
  for (size_t i = first_plan; i < kept.segments.size(); ++i)
    segments_.push_back({std::move(kept.segments[i])});
  result_.commits = std::move(kept.commits);
  for (ImageAtCommit& commit : result_.commits) {
    result_.failed += commit.state == ImageAtCommit::State::kFails ? 1 : 0;
    if (commit.state != ImageAtCommit::State::kBuilt) continue;
    commit.plan -= first_plan;
    ++result_.built;
    result_.unchanged += commit.changes_nothing ? 1 : 0;
  }
  for (auto& [commit, rebuilds] : kept.rebuilds) {
    if (commit >= first) rebuilds_.emplace(commit - first, std::move(rebuilds));
  }
}

bool ImageReplay::resume(const CommitChanges& commit, std::shared_ptr<const Setup> setup,
                         const BuiltImages& needed) {
  last_setup_ = setup;
  last_needed_ = needed;
  if (result_.commits.back().state != ImageAtCommit::State::kBuilt) {
    // The last build of it is that of an earlier commit, which is not looked at.
    return segments_.empty() && name_of(setup.get(), nullptr) == restored_;
  }
  if (setup == nullptr) return false;
  auto built = state_at(commit, std::move(setup), needed);
  if (!built || name_of(built->setup.get(), &*built) != restored_) return false;
  segments_.back().plan = built->plan;
  last_ = std::move(*built);
  return segments_.back().needed == needed_of(*last_->plan->graph);
}

KeptImage ImageReplay::keep() const {
  KeptImage kept;
  kept.name = name_;
  const bool is_built = result_.commits.back().state == ImageAtCommit::State::kBuilt;
  kept.state = name_of(last_setup_.get(), is_built ? &*last_ : nullptr);
  kept.known = known_.hashes();
  kept.segments.assign(segments_.begin(), segments_.end());
  kept.commits = result_.commits;
  kept.rebuilds = rebuilds_;
  kept.visible = visible_;
  return kept;
}

void ImageReplay::judge(BuiltState built) {
  const Graph& graph = *built.plan->graph;
  const cache::Contexts contexts = built.contexts();
  const cache::State now{&graph, &built.keys, &contexts};
  static const Graph kNoGraph;
  static const std::vector<cache::StepKeys> kNoKeys;
  cache::Contexts contexts_before;
  cache::State before{&kNoGraph, &kNoKeys};
  if (last_) {
    contexts_before = last_->contexts();
    contexts_before.are_new = contexts.are_new;
    before = {last_->plan->graph.get(), &last_->keys, &contexts_before};
  }
  cache::Report report;
  const std::vector<cache::CacheImport>& imports = built.setup->cache_from;
  if (imports.empty()) {
    report = cache::compare(known_, before, now);
    for (const StepReport& step : report.steps) {
      if (step.verdict != Verdict::kHit && step.verdict != Verdict::kUnused)
        known_.add(built.keys[step.step].key);
    }
  } else {
    report = cache::compare(std::span(&before, last_ ? 1 : 0), now, imports);
  }
  count(report, built);
  ImageAtCommit at{ImageAtCommit::State::kBuilt, {}, steps_of(report), false, segments_.size() - 1};
  at.changes_nothing = std::ranges::none_of(*at.steps, is_rebuilt);
  result_.unchanged += at.changes_nothing ? 1 : 0;
  ++result_.built;
  result_.commits.push_back(std::move(at));
  last_ = std::move(built);
  pending_.clear();
  idle_ = nullptr;
}

// The changed files that a step takes, of which the report may know only the folder.
std::vector<std::string> ImageReplay::changed_paths(const StepReport& step, const BuiltState& now) const {
  std::vector<std::string> asked;
  if (step.cause.files != nullptr) {
    for (const cache::FileChange& file : *step.cause.files)
      asked.push_back(file.path);
  } else {
    asked.push_back(step.cause.path);
  }
  std::vector<std::string> found;
  if (std::ranges::any_of(asked, [](const std::string& path) { return text::is_within(path, kGitFolder); }))
    found.emplace_back(kGitFolder);
  for (const ContextFolder& context : now.setup->contexts) {
    const std::string prefix = prefix_of(context);
    for (const TreeChange* change : pending_) {
      if (!change->path.starts_with(prefix)) continue;
      std::string path = change->path.substr(prefix.size());
      const auto means = [&](const std::string& one) {
        const auto folder = context::folder_stood_for(one);
        return one == path ||
               (folder && text::is_within(path, *folder) && !context.ignore->matcher.decide(path).ignored);
      };
      if (std::ranges::any_of(asked, means)) found.push_back(std::move(path));
    }
  }
  if (!found.empty()) return found;
  // Only the ignore file changed.
  const std::string& ignore = now.setup->contexts.front().ignore->path;
  const bool other_ignore =
      last_ && last_->setup->contexts.front().ignore_text != now.setup->contexts.front().ignore_text;
  if (other_ignore && !ignore.empty()) return {ignore};
  const auto folder = context::folder_stood_for(asked.front());
  return {folder ? std::string(*folder) : asked.front()};
}

bool ImageReplay::has_steps_of_last(const BuiltState& now) const {
  if (!last_) return false;
  if (last_->plan == now.plan) return true;
  return last_->setup == now.setup && last_->needed == now.needed &&
         needed_of(*last_->plan->graph) == needed_of(*now.plan->graph);
}

std::vector<std::string> ImageReplay::paths_below(size_t step, const BuiltState& now) const {
  std::vector<std::string> found;
  if (!has_steps_of_last(now)) return found;
  const Graph& graph = *now.plan->graph;
  const std::vector<bool> needed = cache::made_from(graph, step);
  for (const ContextFolder& context : now.setup->contexts) {
    const std::string prefix = prefix_of(context);
    for (const TreeChange* change : pending_) {
      if (!change->path.starts_with(prefix)) continue;
      const std::string path = change->path.substr(prefix.size());
      for (size_t i = 0; i < needed.size(); ++i) {
        const bool is_other = needed[i] && last_->keys[i].files != now.keys[i].files;
        if (!is_other || !may_take(graph.steps[i], context.name, path)) continue;
        found.push_back(path);
        break;
      }
    }
  }
  return found;
}

std::vector<std::string> ImageReplay::paths_of(const StepReport& step, const BuiltState& now) const {
  const Cause& cause = step.cause;
  // The steps that it needs are all known, each from another commit, but not together.
  if (cause.kind == Cause::Kind::kInstruction && cause.before == cause.after) {
    if (auto paths = paths_below(step.step, now); !paths.empty()) return paths;
  }
  const bool is_definition = cause.kind == Cause::Kind::kVariable || cause.kind == Cause::Kind::kInstruction;
  // An ENV that gets the value is another name for it.
  if (const auto& varying = now.setup->varying; is_definition && !varying.empty() && has_steps_of_last(now))
    return {varying.contains(cause.name) || varying.size() > 1 ? cause.name : varying.begin()->first};
  switch (cause.kind) {
    case Cause::Kind::kFile:
      return changed_paths(step, now);
    case Cause::Kind::kMissing:
      return {cause.path};
    case Cause::Kind::kInstruction:
    case Cause::Kind::kNew:
      if (const auto& trigger = now.plan->graph->steps[step.step].trigger) return {trigger->dockerfile};
      return {now.setup->dockerfile};
    case Cause::Kind::kStage:
    case Cause::Kind::kTarget:
      return {now.setup->dockerfile};
    case Cause::Kind::kVariable:
      return {cause.line == 0 ? cause.name : now.setup->dockerfile};
    case Cause::Kind::kImage:
      return {cause.change == "rebuilt" ? cause.name : now.setup->dockerfile};
    default:
      return {cause.name};
  }
}

namespace {

// The step that made one rebuild which only follows it, or takes its files.
std::optional<size_t> origin_of(const StepReport& step, const std::vector<StepReport>& reports,
                                const Graph& graph) {
  if (step.follows) return step.follows;
  if (step.cause.kind != Cause::Kind::kStage) return std::nullopt;
  for (const StepReport& other : reports) {
    const Step& one = graph.steps[other.step];
    if (other.step < step.step && one.instruction->start_line == step.cause.line &&
        graph.stages[one.stage].label() == step.cause.stage && may_rebuild(other.verdict))
      return other.step;
  }
  return std::nullopt;
}

// For each step of a plan the one of an earlier plan that it was.
std::vector<std::optional<size_t>> partners_in(const Graph& before, const Graph& now) {
  const cache::Alignment alignment(before, now);
  std::vector<std::optional<size_t>> partners;
  for (size_t i = 0; i < now.steps.size(); ++i)
    partners.push_back(alignment.partner(i));
  return partners;
}

// Whether what runs again has the key that it had, so that what is made from it can be reused.
bool keeps_its_key(const Cause& cause) {
  return cause.kind == Cause::Kind::kNotExported || cause.kind == Cause::Kind::kAlways;
}

// The steps of one plan as those of the next.
std::vector<std::optional<size_t>> forward(const Graph& from, const Graph& to) {
  std::vector<std::optional<size_t>> next(from.steps.size());
  const std::vector<std::optional<size_t>> partners = partners_in(from, to);
  for (size_t i = 0; i < partners.size(); ++i) {
    if (partners[i]) next[*partners[i]] = i;
  }
  return next;
}

// See PlanSegment::names.
std::vector<context::Hash> names_in(const Graph& graph) {
  std::vector<context::Hash> names;
  std::map<std::pair<std::string, std::string>, uint64_t> seen;
  for (const Step& step : graph.steps) {
    std::pair<std::string, std::string> name(graph.stages[step.stage].label(), cache::words_of(step));
    const uint64_t before = seen[name]++;
    names.push_back(context::Hasher().add(name.first).add(name.second).add(before).finish());
  }
  return names;
}

}  // namespace

std::vector<size_t> ImageReplay::starters_of(size_t step, const BuiltState& now,
                                             const std::vector<std::optional<size_t>>& partners, bool begins,
                                             const std::vector<std::vector<size_t>>& passed_on) const {
  std::vector<size_t> starters;
  const auto add = [&](const std::vector<size_t>& more) {
    std::vector<size_t> all;
    std::ranges::set_union(starters, more, std::back_inserter(all));
    starters = std::move(all);
  };
  const Graph& graph = *now.plan->graph;
  const Step& one = graph.steps[step];
  if (one.below && !one.independent) add(passed_on[*one.below]);
  for (const plan::Read& read : one.reads) {
    if (read.origin != plan::Read::Origin::kStage) continue;
    if (const auto last = graph.stages[read.stage].last_step) add(passed_on[*last]);
  }
  const std::optional<size_t> partner = partners[step];
  const auto is_other = [&](const cache::StepKeys& old, const cache::StepKeys& key) {
    // Edits of the Dockerfile are not what steps are moved for.
    return old.files != key.files ||
           (has_steps_of_last(now) && old.definition.if_same != key.definition.if_same);
  };
  if (begins || starters.empty() || (partner && is_other(last_->keys[*partner], now.keys[step]))) add({step});
  return starters;
}

void ImageReplay::count(const cache::Report& report, const BuiltState& now) {
  const Graph& graph = *now.plan->graph;
  if (!segments_.empty() && has_steps_of_last(now)) {
    segments_.back().plan = now.plan;
  } else if (segments_.empty() || segments_.back().plan != now.plan) {
    if (!segments_.empty()) segments_.back().next = forward(*segments_.back().plan->graph, graph);
    segments_.push_back({{needed_of(graph), {}, names_in(graph), {}}, now.plan});
  }
  Rebuilds rebuilds;
  // Where it all began, by step.
  std::vector<size_t> roots(report.steps.size());
  std::vector<std::vector<size_t>> passed_on(report.steps.size());
  std::vector<std::optional<size_t>> partners;
  if (last_ &&
      std::ranges::any_of(report.steps, [](const StepReport& step) { return may_rebuild(step.verdict); }))
    partners = has_steps_of_last(now) ? partners_in(graph, graph) : partners_in(*last_->plan->graph, graph);
  for (const StepReport& step : report.steps) {
    roots[step.step] = step.step;
    if (!may_rebuild(step.verdict)) continue;
    std::vector<size_t> starters;
    if (last_) {
      const auto origin = origin_of(step, report.steps, graph);
      if (origin)
        roots[step.step] = roots[*origin];
      else
        rebuilds.origins[step.step] = {step.cause.kind, paths_of(step, now)};
      starters = starters_of(step.step, now, partners, !origin, passed_on);
      passed_on[step.step] = starters;
      if (!origin && keeps_its_key(step.cause)) std::erase(passed_on[step.step], step.step);
    }
    rebuilds.steps.push_back(
        {step.step, roots[step.step], step.verdict == Verdict::kMiss, std::move(starters)});
  }
  if (!rebuilds.steps.empty()) rebuilds_.emplace(result_.commits.size(), std::move(rebuilds));
}

std::shared_ptr<const std::vector<StepAtCommit>> ImageReplay::steps_of(const cache::Report& report) {
  Segment& segment = segments_.back();
  const Graph& graph = *segment.plan->graph;
  std::vector<StepAtCommit> steps;
  for (const StepReport& step : report.steps) {
    if (step.verdict == Verdict::kUnused) continue;
    const Step& one = graph.steps[step.step];
    steps.push_back({graph.stages[one.stage].label(), one.instruction->start_line, step.verdict,
                     step.cause.kind == Cause::Kind::kAlways || step.cause.kind == Cause::Kind::kNoCache});
  }
  constexpr ptrdiff_t kMostLookedAt = 64;
  auto recent = segment.outcomes | std::views::reverse | std::views::take(kMostLookedAt);
  const auto known = std::ranges::find_if(recent, [&](const auto& outcome) { return *outcome == steps; });
  if (known != recent.end()) return *known;
  return segment.outcomes.emplace_back(std::make_shared<const std::vector<StepAtCommit>>(std::move(steps)));
}

plan::BuiltImage ImageReplay::built() const {
  plan::BuiltImage image{name_, "none", "none"};
  if (!last_) return image;
  const Graph& graph = *last_->plan->graph;
  const std::optional<size_t> last = graph.target ? graph.stages[*graph.target].last_step : std::nullopt;
  const cache::AssumedKeys key = last ? last_->keys[*last].key : cache::AssumedKeys{};
  image.state = to_hex(key.if_same);
  image.possible_state = to_hex(key.if_changed) + to_hex(context::hash_bytes(last_->setup->text));
  return image;
}

void ImageReplay::add_rebuilds(const Rebuilds& rebuilds, const Places& places, std::vector<Causes>& causes) {
  std::set<size_t> starting;  // that make a RUN run again
  for (const Rebuilds::Step& rebuilt : rebuilds.steps) {
    const std::optional<size_t> place = places[rebuilt.step];
    if (!place) continue;
    StepHistory& step = result_.steps[*place];
    ++(rebuilt.surely ? step.rebuilt : step.depends);
    for (const size_t starter : rebuilt.starters) {
      if (!places[starter]) continue;
      ++step.starters[*places[starter]];
      if (step.is_run) starting.insert(*places[starter]);
    }
    const auto origin = rebuilds.origins.find(rebuilt.root);
    if (origin == rebuilds.origins.end()) continue;
    for (const std::string& path : origin->second.paths)
      ++causes[*place].try_emplace(path, origin->second.kind, 0).first->second.second;
  }
  for (const size_t step : starting)
    ++result_.steps[step].starts;
}

void ImageReplay::add_steps(const Graph& graph) {
  for (const Step& step : graph.steps) {
    if (!step.needed) continue;
    StepHistory& history = result_.steps.emplace_back();
    history.stage = graph.stages[step.stage].label();
    history.line = step.instruction->start_line;
    history.instruction = cache::words_of(step);
    history.trigger = step.trigger;
    history.is_run = step.kind == Step::Kind::kRun;
  }
}

// A step that a plan in between lacks is found by its name.
std::vector<ImageReplay::Places> ImageReplay::find_places() const {
  std::vector<Places> places(segments_.size());
  std::map<context::Hash, size_t> newest, earlier;  // by name, places that steps of later segments have
  for (size_t at = segments_.size(); at-- > 0;) {
    const Segment& segment = segments_[at];
    Places& place = places[at];
    place.resize(segment.needed.size());
    std::set<size_t> taken;
    const auto take = [&](size_t step, std::optional<size_t> wanted) {
      if (!place[step] && wanted && taken.insert(*wanted).second) place[step] = wanted;
    };
    const auto take_named = [&](const std::map<context::Hash, size_t>& named) {
      for (size_t i = 0; i < place.size(); ++i) {
        const auto found = named.find(segment.names[i]);
        if (found != named.end()) take(i, found->second);
      }
    };
    if (at + 1 == segments_.size()) {
      size_t next = 0;
      for (size_t i = 0; i < place.size(); ++i) {
        if (!segment.needed[i]) continue;
        place[i] = next++;
        newest.emplace(segment.names[i], *place[i]);
      }
      continue;
    }
    take_named(newest);
    for (size_t i = 0; i < place.size(); ++i)
      take(i, segment.next[i] ? places[at + 1][*segment.next[i]] : std::nullopt);
    take_named(earlier);
    for (size_t i = 0; i < place.size(); ++i) {
      if (place[i]) earlier.try_emplace(segment.names[i], *place[i]);
    }
  }
  return places;
}

ImageHistory ImageReplay::finish() {
  if (segments_.empty()) return std::move(result_);
  result_.dockerfile = last_->setup->dockerfile;
  add_steps(*segments_.back().plan->graph);
  const std::vector<Places> places = find_places();
  result_.places.resize(segments_.size());
  for (size_t at = 0; at < segments_.size(); ++at) {
    for (size_t i = 0; i < places[at].size(); ++i) {
      if (segments_[at].needed[i]) result_.places[at].push_back(places[at][i]);
    }
  }
  for (const ImageAtCommit& commit : result_.commits) {
    if (commit.state != ImageAtCommit::State::kBuilt) continue;
    for (const std::optional<size_t>& step : result_.places[commit.plan]) {
      if (step) ++result_.steps[*step].built;
    }
  }
  std::vector<Causes> causes(result_.steps.size());
  // The newest first, since the kind of a cause that has several is that of the newest.
  for (const auto& [commit, rebuilds] : std::views::reverse(rebuilds_))
    add_rebuilds(rebuilds, places[result_.commits[commit].plan], causes);
  for (size_t i = 0; i < causes.size(); ++i) {
    std::vector<CauseCount>& sorted = result_.steps[i].causes;
    for (auto& [path, cause] : causes[i])
      sorted.push_back({cause.first, path, cause.second});
    std::ranges::stable_sort(sorted, std::ranges::greater(), &CauseCount::commits);
  }
  return std::move(result_);
}

}  // namespace dcache::history
