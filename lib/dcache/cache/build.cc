#include "dcache/cache/build.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/planned_file.h"
#include "dcache/context/git.h"
#include "dcache/context/sparse_checkout.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Record;
using context::Snapshot;
using context::Type;

// Whether a builder that has a copy of `old` does not look at what `now` holds.
bool looks_the_same(const Record& old, const Record& now) {
  const auto is_known = [](const Record& record) {
    return record.type == Type::kFile && record.content && record.size > 0 &&
           record.stamp.size == record.size;
  };
  return is_known(old) && is_known(now) && old.size == now.size && old.mode == now.mode &&
         old.stamp.modified == now.stamp.modified;
}

// The records of `now` that are other files than in `old` and look the same.
std::vector<Record> stale_records(const Snapshot& old, const Snapshot& now) {
  std::vector<Record> stale;
  for (const Record& record : now.records()) {
    const Record* was = record.content ? old.find(record.path) : nullptr;
    if (was == nullptr || are_same(*was, record) || !looks_the_same(*was, record)) continue;
    stale.push_back(record);
    stale.back().stale = {*was->content, was->attributes};
  }
  return stale;
}

}  // namespace

std::vector<std::string> ignore_file_candidates(const std::string& dockerfile, const std::string& context,
                                                plan::Builder builder) {
  const bool has_own = !dockerfile.empty() && builder != plan::Builder::kClassic;
  const bool is_buildah = builder == plan::Builder::kBuildah;
  std::vector<std::string> candidates;
  if (context == kNoContext) return candidates;
  if (has_own && is_buildah) candidates.push_back(dockerfile + ".containerignore");
  if (has_own) candidates.push_back(dockerfile + ".dockerignore");
  if (is_buildah) candidates.push_back(text::join_path(context, ".containerignore"));
  candidates.push_back(text::join_path(context, ".dockerignore"));
  return candidates;
}

tl::expected<std::string, std::string> read_dockerfile(const BuildOptions& options,
                                                       const context::FileSystem& files) {
  if (options.dockerfile_text) return *options.dockerfile_text;
  return files.read(options.dockerfile);
}

tl::expected<IgnoreFile, Failure> parse_ignore_file(const std::string& path, std::string_view text,
                                                    plan::Builder builder) {
  using Dialect = ignore::Matcher::Dialect;
  auto matcher = ignore::Matcher::parse(
      text, builder == plan::Builder::kBuildkit ? Dialect::kBuildkit : Dialect::kClassic);
  if (!matcher) {
    const ignore::Error& error = matcher.error();
    return tl::unexpected(Failure{path, error.line, 1, error.message, error.remedy});
  }
  return IgnoreFile{path, std::move(*matcher)};
}

namespace {

bool is_folder(const std::string& path, const context::FileSystem& files) {
  const context::FolderEntries entries = files.list(std::string(text::parent_path(path)));
  return std::ranges::any_of(entries, [&](const context::FolderEntry& entry) {
    return entry.is_folder && entry.name == text::base_name(path);
  });
}

}  // namespace

tl::expected<IgnoreFile, Failure> load_ignore_file(const std::string& dockerfile, const std::string& context,
                                                   plan::Builder builder, const context::FileSystem& files) {
  if (context == kNoContext) return IgnoreFile{};
  for (const std::string& candidate : ignore_file_candidates(dockerfile, context, builder)) {
    if (!files.exists(candidate)) continue;
    // BuildKit is sent the file's folder and nothing else: a link out of it leads nowhere.
    // Source: dockerIgnorePatterns() in
    // https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go
    const std::string folder = files.real_path(std::string(text::parent_path(candidate)));
    if (builder == plan::Builder::kBuildkit && !text::is_within(files.real_path(candidate), folder)) continue;
    const auto text = files.read(candidate);
    // BuildKit does as if a folder of that name were not there.
    if (!text && builder == plan::Builder::kBuildkit && is_folder(candidate, files)) continue;
    if (!text) return tl::unexpected(Failure{candidate, 0, 0, text.error(), {}});
    return parse_ignore_file(candidate, *text, builder);
  }
  return IgnoreFile{};
}

tl::expected<context::Walk, std::string> walk_context(const std::string& folder,
                                                      const ignore::Matcher& ignore,
                                                      const context::WalkOptions& options,
                                                      const context::FileSystem& files) {
  if (folder == kNoContext) return context::Walk{};
  return files.walk(folder, ignore, options);
}

std::vector<Failure> Build::plan(std::string text) {
  PlannedFile planned = plan_file(options_.dockerfile, std::move(text), options_.plan);
  file_ = std::move(planned.file);
  graph_ = std::move(planned.graph);
  return std::move(planned.failures);
}

Contexts Build::contexts() const {
  Contexts contexts{{&contexts_->main, nullptr}, {}, !options_.cache_from.empty()};
  for (const auto& [name, snapshot] : contexts_->named)
    contexts.named[name] = {&snapshot, nullptr};
  return contexts;
}

std::vector<StepKeys> Build::selected_files() const {
  const Edits none;
  Contexts contexts = this->contexts();
  contexts.main.counted = &none;
  for (auto& [name, context] : contexts.named)
    context.counted = &none;
  return select_files(*graph_, contexts);
}

namespace {

Failure unread_dockerfile(const std::string& path, std::string problem) {
  const bool has_remedy = problem.ends_with(context::kFetchContent);  // of a revision, not of the checkout
  if (!has_remedy && context::is_left_out_of_checkout(path))
    return {path, 0, 0, "the sparse checkout leaves out " + path, std::string(context::kAddToCheckout)};
  return {path, 0, 0, std::move(problem), has_remedy ? "" : "give the path of the Dockerfile"};
}

Failure unread_context(const std::string& folder, std::string problem) {
  if (context::is_left_out_of_checkout(folder))
    return {
        {}, 0, 0, "the sparse checkout leaves out " + folder, "add this folder with git sparse-checkout add"};
  const std::string remedy(context::remedy_for_walk(problem));
  return {{}, 0, 0, std::move(problem), remedy};
}

}  // namespace

tl::expected<Build, std::vector<Failure>> Build::load(const BuildOptions& options) {
  Build build;
  build.options_ = options;
  if (build.options_.context.empty())
    build.options_.context = std::string(text::parent_path(options.dockerfile));
  const context::FileSystem& files = *options.files;
  auto text = read_dockerfile(options, files);
  if (!text)
    return tl::unexpected(
        std::vector<Failure>{unread_dockerfile(options.dockerfile, std::move(text.error()))});
  auto failures = build.plan(std::move(*text));
  if (!failures.empty()) return tl::unexpected(std::move(failures));

  auto ignore = load_ignore_file(options.dockerfile, build.options_.context, options.plan.builder, files);
  if (!ignore) return tl::unexpected(std::vector<Failure>{std::move(ignore.error())});
  *build.ignore_ = std::move(*ignore);
  auto walk = walk_context(
      build.options_.context, build.ignore_->matcher,
      {.measure_ignored = options.measure_ignored, .names_only = options.names_only, .stop = options.stop},
      files);
  if (!walk)
    return tl::unexpected(
        std::vector<Failure>{unread_context(build.options_.context, std::move(walk.error()))});
  build.contexts_->main = std::move(walk->snapshot);
  build.add_problems("", std::move(walk->problems));
  build.ignored_entries_ = walk->ignored;
  build.ignored_by_ = std::move(walk->ignored_by);
  for (const auto& [name, source] : options.plan.named_contexts) {
    if (source.starts_with(plan::kImageScheme)) continue;
    auto named_ignore = load_ignore_file("", source, options.plan.builder, files);
    if (!named_ignore) return tl::unexpected(std::vector<Failure>{std::move(named_ignore.error())});
    auto named =
        files.walk(source, named_ignore->matcher, {.names_only = options.names_only, .stop = options.stop});
    if (!named) return tl::unexpected(std::vector<Failure>{unread_context(source, std::move(named.error()))});
    build.contexts_->named[name] = std::move(named->snapshot);
    build.add_problems(name, std::move(named->problems));
  }
  build.find_readers();
  if (!options.names_only && !options.without_keys) build.keys_ = build.selected_files();
  return build;
}

tl::expected<Build, std::vector<Failure>> Build::make(const BuildOptions& options, Parts parts) {
  Build build;
  build.options_ = options;
  auto failures = build.plan(std::move(parts.dockerfile));
  if (!failures.empty()) return tl::unexpected(std::move(failures));
  build.contexts_->main = std::move(parts.context);
  build.contexts_->named = std::move(parts.named_contexts);
  *build.ignore_ = std::move(parts.ignore);
  build.keys_ = compute_keys(*build.graph_, build.contexts());
  return build;
}

namespace {

// Those records of a context that `paths` name, with all that is below a folder, those that steps name, and
// all links with what `links` names.
Snapshot reduced_snapshot(const Snapshot& full, std::span<const std::string> paths,
                          std::span<const std::string> links, const std::vector<const plan::Read*>& reads) {
  std::vector<Record> kept;
  const auto keep = [&](std::string_view path) {
    if (const Record* record = full.find(path)) kept.push_back(*record);
  };
  for (const std::string& path : paths) {
    keep(path);
    const auto below = full.below(path);
    kept.insert(kept.end(), below.begin(), below.end());
  }
  for (const plan::Read* read : reads) {
    for (const plan::Selector& selector : read->selectors) {
      const std::string_view path =
          std::string_view(selector.path).substr(selector.path.starts_with('/') ? 1 : 0);
      for (std::string_view part = path; !part.empty() && part != "."; part = text::parent_path(part))
        keep(part);
      if (const auto real = full.follow(path)) keep(*real);
    }
  }
  std::ranges::for_each(links, keep);
  std::ranges::copy(full.links(), std::back_inserter(kept));
  return Snapshot(std::move(kept));
}

}  // namespace

Build::Paths Build::link_targets() const {
  Paths targets;
  const auto add = [&](const std::string& name, const Snapshot& snapshot) {
    for (const Record& link : snapshot.links()) {
      if (auto target = snapshot.follow(link.path)) targets[name].push_back(std::move(*target));
    }
  };
  add("", contexts_->main);
  for (const auto& [name, snapshot] : contexts_->named)
    add(name, snapshot);
  return targets;
}

tl::expected<Build, std::vector<Failure>> Build::reduced(const Paths& paths, const Paths& links) const {
  std::map<std::string, std::vector<const plan::Read*>, std::less<>> reads;
  for (const plan::Step& step : graph_->steps) {
    for (const plan::Read& read : step.reads) {
      if (read.origin == plan::Read::Origin::kContext || read.origin == plan::Read::Origin::kNamedContext)
        reads[read.name].push_back(&read);
    }
  }
  const auto of = [](const Paths& by_context, const std::string& name) -> std::span<const std::string> {
    const auto found = by_context.find(name);
    return found == by_context.end() ? std::span<const std::string>() : found->second;
  };
  const auto reduce = [&](const std::string& name, const Snapshot& full) {
    return reduced_snapshot(full, of(paths, name), of(links, name), reads[name]);
  };
  Parts parts{.dockerfile = std::string(file_->source()), .context = reduce("", contexts_->main)};
  for (const auto& [name, snapshot] : contexts_->named)
    parts.named_contexts.emplace(name, reduce(name, snapshot));
  auto build = make(options_, std::move(parts));
  if (!build) return build;
  build->ignore_ = ignore_;
  build->problems_ = problems_;
  return build;
}

Report Build::compare_with(std::span<const Build* const> earlier, const AssumedPaths& assumed) const {
  const bool starts_empty = !options_.cache_from.empty();
  std::vector<State> states;
  // Keys of earlier builds for a worker that gets the contexts as a whole.
  std::vector<std::vector<StepKeys>> keys_when_new;
  keys_when_new.reserve(earlier.size());
  for (const Build* build : earlier) {
    states.push_back(build->state());
    if (!starts_empty || !build->options_.cache_from.empty()) continue;
    Contexts contexts = build->contexts();
    contexts.are_new = true;
    states.back().keys = &keys_when_new.emplace_back(compute_keys(*build->graph_, contexts));
  }
  // Copies of the contexts in which files are marked of which a builder may see something else.
  std::map<std::string, Snapshot, std::less<>> marked;
  Contexts contexts = this->contexts();
  const auto mark = [&](const std::string& name, const Snapshot& old, const Snapshot*& now) {
    std::vector<Record> records = starts_empty ? std::vector<Record>() : stale_records(old, *now);
    const auto paths = assumed.find(name);
    if (paths != assumed.end())
      std::ranges::move(assumed_records(name, paths->second), std::back_inserter(records));
    if (!records.empty()) now = &marked.emplace(name, now->with(std::move(records))).first->second;
  };
  if (!earlier.empty()) {
    const Build& last = *earlier.back();
    mark("", last.context(), contexts.main.files);
    for (auto& [name, context] : contexts.named) {
      const auto old = last.named_contexts().find(name);
      if (old != last.named_contexts().end()) mark(name, old->second, context.files);
    }
  }
  const std::vector<StepKeys> marked_keys =
      marked.empty() ? std::vector<StepKeys>() : compute_keys(*graph_, contexts);
  const State now{graph_.get(), marked.empty() ? &keys_ : &marked_keys, &contexts};
  return with_patterns(compare(states, now, options_.cache_from), earlier);
}

// Says of files that are gone or new that the ignore file is why.
Report Build::with_patterns(Report report, std::span<const Build* const> earlier) const {
  const auto tell = [](FileChange& file, std::string_view change, const IgnoreFile& ignore) {
    const ignore::Decision decision = ignore.matcher.decide(file.path);
    if (!decision.ignored) return false;
    file.change = change;
    file.ignore_pattern = decision.pattern->written;
    file.ignore_place = fmt::format("{}:{}", ignore.path, decision.pattern->line);
    return true;
  };
  for (StepReport& step : report.steps) {
    Cause& cause = step.cause;
    if (cause.files == nullptr || earlier.empty()) continue;
    auto files = std::make_shared<std::vector<FileChange>>(*cause.files);
    bool any = false;
    for (FileChange& file : *files) {
      if (file.change == "deleted") any |= tell(file, "ignored", *ignore_);
      if (file.change == "added") any |= tell(file, "unignored", earlier.back()->ignore());
    }
    if (!any) continue;
    const FileChange& first = files->front();
    cause.change = first.change;
    cause.name = first.ignore_place;
    (first.change == "ignored" ? cause.after : cause.before) = first.ignore_pattern;
    cause.files = std::move(files);
  }
  return report;
}

// Those of the files that some needed step reads, marked as assumed.
std::vector<Record> Build::assumed_records(const std::string& context,
                                           const std::vector<std::string>& paths) const {
  std::vector<Record> records;
  if (paths.empty()) return records;
  std::set<std::string_view> seen;
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (!graph_->steps[i].needed) continue;
    for (const ReadFiles& read : keys_[i].reads) {
      if (graph_->steps[i].reads[read.read].name != context) continue;
      for (const SelectedFile& file : read.selection.files) {
        if (!std::ranges::binary_search(paths, file.record->path, context::path_less) ||
            !seen.insert(file.record->path).second)
          continue;
        records.push_back(*file.record);
        records.back().assumed = true;
      }
    }
  }
  return records;
}

// Marks the records of this build's contexts that the steps of `reader`, which may be this build, read.
void Build::add_wanted(const Build& reader, WantedRecords& wanted) const {
  const auto snapshot_of = [&](const std::string& name) -> const Snapshot* {
    if (name.empty()) return &contexts_->main;
    const auto named = contexts_->named.find(name);
    return named == contexts_->named.end() ? nullptr : &named->second;
  };
  for (size_t i = 0; i < reader.keys_.size(); ++i) {
    if (!reader.graph_->steps[i].needed) continue;
    for (const ReadFiles& read : reader.keys_[i].reads) {
      const std::string& name = reader.graph_->steps[i].reads[read.read].name;
      const Snapshot* snapshot = snapshot_of(name);
      if (snapshot == nullptr) continue;
      const std::span<const Record> records = snapshot->records();
      std::vector<bool>& files = wanted[name];
      files.resize(records.size());
      for (const SelectedFile& file : read.selection.files) {
        const Record* record = &reader == this ? file.record : snapshot->find(file.record->path);
        if (record != nullptr) files[static_cast<size_t>(record - records.data())] = true;
      }
    }
  }
}

void Build::hash_files(const Progress& progress, const Only& only, bool make_keys) {
  WantedRecords wanted;
  add_wanted(*this, wanted);
  hash(wanted, progress, only, make_keys);
}

void Build::hash_together(std::span<Build* const> builds, const Progress& progress, const Only& only) {
  std::vector<WantedRecords> wanted(builds.size());
  for (size_t i = 0; i < builds.size(); ++i) {
    for (const Build* reader : builds)
      builds[i]->add_wanted(*reader, wanted[i]);
  }
  for (size_t i = 0; i < builds.size(); ++i)
    builds[i]->hash(wanted[i], progress, only, true);
}

void Build::hash(const WantedRecords& wanted, const Progress& progress, const Only& only, bool make_keys) {
  bool moved = false;  // the records are copies now, since other builds have them too
  const auto hash_context = [&](Snapshot& snapshot, const std::string& name, const std::string& folder) {
    const auto files = wanted.find(name);
    if (files == wanted.end()) return;
    const Record* const first = snapshot.records().data();
    const auto is_wanted = [&](size_t index, const Record& record) {
      return files->second[index] && (!only || only(name, record));
    };
    auto problems = options_.files->hash(
        snapshot, folder,
        {.wanted = is_wanted, .store = options_.hash_store, .progress = progress, .stop = options_.stop});
    add_problems(name, std::move(problems));
    moved = moved || snapshot.records().data() != first;
  };
  hash_context(contexts_->main, "", options_.context);
  for (auto& [name, snapshot] : contexts_->named)
    hash_context(snapshot, name, options_.plan.named_contexts.at(name));
  if (make_keys) {
    keys_ = compute_keys(*graph_, contexts());
  } else if (moved) {
    keys_ = selected_files();
  }
  find_readers();
}

void Build::add_problems(const std::string& context, std::vector<context::Problem> problems) {
  for (context::Problem& problem : problems)
    problems_.push_back({context, std::move(problem)});
}

void Build::find_readers() {
  const auto is_open = [](const ContextProblem& one) {
    return one.problem.kind == context::Problem::Kind::kUnreadable && !one.step;
  };
  if (std::ranges::none_of(problems_, is_open)) return;
  const std::vector<StepKeys> keys = selected_files();
  const auto reads = [&](size_t step, const ContextProblem& one) {
    return std::ranges::any_of(keys[step].reads, [&](const ReadFiles& read) {
      const auto is_it = [&](const SelectedFile& file) { return file.record->path == one.problem.path; };
      return graph_->steps[step].reads[read.read].name == one.context &&
             std::ranges::any_of(read.selection.files, is_it);
    });
  };
  for (ContextProblem& one : problems_) {
    if (!is_open(one)) continue;
    for (size_t step = 0; step < keys.size() && !one.step; ++step) {
      if (graph_->steps[step].needed && reads(step, one)) one.step = step;
    }
  }
}

std::vector<Failure> Build::read_failures() const {
  std::vector<Failure> failures;
  for (const ContextProblem& one : problems_) {
    if (!one.step) continue;
    const plan::Step& step = graph_->steps[*one.step];
    failures.push_back(
        {options_.dockerfile, step.instruction->start_line, 1,
         fmt::format("{} reads {}, which can't be read: {}", dockerfile::name_of(step.instruction->keyword),
                     one.problem.path, one.problem.reason),
         "correct its permissions, or add it to .dockerignore"});
  }
  return failures;
}

}  // namespace dcache::cache
