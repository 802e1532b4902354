#include "dcache/cache/build.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/parser.h"
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
  switch (builder) {
    case plan::Builder::kBuildkit:
      return {dockerfile + ".dockerignore", context + "/.dockerignore"};
    case plan::Builder::kClassic:
      return {context + "/.dockerignore"};
    case plan::Builder::kBuildah:
      return {dockerfile + ".containerignore", dockerfile + ".dockerignore", context + "/.containerignore",
              context + "/.dockerignore"};
  }
  return {};
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

tl::expected<IgnoreFile, Failure> load_ignore_file(const std::string& dockerfile, const std::string& context,
                                                   plan::Builder builder, const context::FileSystem& files) {
  for (const std::string& candidate : ignore_file_candidates(dockerfile, context, builder)) {
    if (!files.exists(candidate)) continue;
    const auto text = files.read(candidate);
    if (!text) return tl::unexpected(Failure{candidate, 0, 0, text.error(), {}});
    return parse_ignore_file(candidate, *text, builder);
  }
  return IgnoreFile{};
}

std::vector<Failure> Build::plan(std::string text) {
  std::vector<Failure> failures;
  file_ = std::make_unique<dockerfile::File>(dockerfile::parse(std::move(text)));
  const auto add = [&](const text::Span& span, uint32_t line, const std::string& message,
                       const std::string& remedy) {
    const uint32_t column = line == 0 ? 0 : file_->lines().position_of(span.begin).column;
    const uint32_t at = line == 0 ? 0 : file_->lines().position_of(span.begin).line;
    failures.push_back({options_.dockerfile, at, column, message, remedy});
  };
  for (const dockerfile::Error& error : file_->errors())
    add(error.span, error.line, error.message, error.remedy);
  if (!failures.empty()) return failures;
  graph_ = std::make_unique<plan::Graph>(plan::build_graph(*file_, options_.plan));
  for (const plan::Error& error : graph_->errors) {
    if (graph_->is_reached(error)) add(error.span, error.line, error.message, error.remedy);
  }
  return failures;
}

Contexts Build::contexts_with(const Snapshot& context, const Edits* counted) const {
  Contexts contexts{&context, {}, counted};
  for (const auto& [name, snapshot] : contexts_->named)
    contexts.named[name] = &snapshot;
  return contexts;
}

std::vector<StepKeys> Build::keys_over(const Snapshot& context, const Edits* counted) const {
  return compute_keys(*graph_, contexts_with(context, counted));
}

tl::expected<Build, std::vector<Failure>> Build::load(const BuildOptions& options) {
  Build build;
  build.options_ = options;
  if (build.options_.context.empty())
    build.options_.context = std::string(text::parent_path(options.dockerfile));
  const context::FileSystem& files = *options.files;
  auto text = files.read(options.dockerfile);
  if (!text)
    return tl::unexpected(
        std::vector<Failure>{{options.dockerfile, 0, 0, text.error(), "give the path of the Dockerfile"}});
  auto failures = build.plan(std::move(*text));
  if (!failures.empty()) return tl::unexpected(std::move(failures));

  auto ignore = load_ignore_file(options.dockerfile, build.options_.context, options.plan.builder, files);
  if (!ignore) return tl::unexpected(std::vector<Failure>{std::move(ignore.error())});
  *build.ignore_ = std::move(*ignore);
  auto walk = files.walk(
      build.options_.context, build.ignore_->matcher,
      {.measure_ignored = options.measure_ignored, .names_only = options.names_only, .stop = options.stop});
  if (!walk)
    return tl::unexpected(
        std::vector<Failure>{{{}, 0, 0, walk.error(), std::string(context::remedy_for_walk(walk.error()))}});
  build.contexts_->main = std::move(walk->snapshot);
  build.problems_ = std::move(walk->problems);
  build.ignored_entries_ = walk->ignored;
  build.ignored_by_ = std::move(walk->ignored_by);
  for (const auto& [name, source] : options.plan.named_contexts) {
    if (source.starts_with(plan::kImageScheme)) continue;
    auto named_ignore = load_ignore_file(source + "/Dockerfile", source, options.plan.builder, files);
    if (!named_ignore) return tl::unexpected(std::vector<Failure>{std::move(named_ignore.error())});
    auto named =
        files.walk(source, named_ignore->matcher, {.names_only = options.names_only, .stop = options.stop});
    if (!named)
      return tl::unexpected(std::vector<Failure>{
          {{}, 0, 0, named.error(), std::string(context::remedy_for_walk(named.error()))}});
    build.contexts_->named[name] = std::move(named->snapshot);
  }
  const Edits none;
  if (!options.names_only)
    build.keys_ = select_files(*build.graph_, build.contexts_with(build.contexts_->main, &none));
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
  build.keys_ = build.keys_over(build.contexts_->main);
  return build;
}

Report Build::compare_with(std::span<const Build* const> earlier) const {
  std::vector<State> states;
  for (const Build* build : earlier)
    states.push_back(build->state());
  const Build& last = *earlier.back();
  // Copies of the contexts in which such files are marked.
  std::map<std::string, Snapshot, std::less<>> marked;
  Contexts contexts = contexts_with(contexts_->main, nullptr);
  const auto mark = [&](const std::string& name, const Snapshot& old, const Snapshot*& now) {
    std::vector<Record> stale = stale_records(old, *now);
    if (!stale.empty()) now = &marked.emplace(name, now->with(std::move(stale))).first->second;
  };
  mark("", last.context(), contexts.main);
  for (auto& [name, snapshot] : contexts.named) {
    const auto old = last.named_contexts().find(name);
    if (old != last.named_contexts().end()) mark(name, old->second, snapshot);
  }
  if (marked.empty()) return compare(states, state());
  const std::vector<StepKeys> keys = compute_keys(*graph_, contexts);
  return compare(states, {graph_.get(), &keys});
}

void Build::hash_files(const Progress& progress,
                       const std::function<bool(const std::string& context, const context::Record&)>& only,
                       bool make_keys) {
  // By context, "" for the main one: which of its records.
  std::map<std::string, std::vector<bool>, std::less<>> wanted;
  wanted[""].resize(contexts_->main.records().size());
  for (const auto& [name, snapshot] : contexts_->named)
    wanted[name].resize(snapshot.records().size());
  const auto snapshot_of = [&](const std::string& name) -> const Snapshot& {
    return name.empty() ? contexts_->main : contexts_->named.at(name);
  };
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (!graph_->steps[i].needed) continue;
    for (const ReadFiles& read : keys_[i].reads) {
      const std::string& name = graph_->steps[i].reads[read.read].name;
      const Record* const first = snapshot_of(name).records().data();
      std::vector<bool>& files = wanted[name];
      for (const SelectedFile& file : read.selection.files)
        files[static_cast<size_t>(file.record - first)] = true;
    }
  }
  bool moved = false;  // the records are copies now, since other builds have them too
  const auto hash = [&](Snapshot& snapshot, const std::string& name, const std::string& folder) {
    const std::vector<bool>& files = wanted[name];
    const Record* const first = snapshot.records().data();
    const auto is_wanted = [&](size_t index, const Record& record) {
      return files[index] && (!only || only(name, record));
    };
    auto problems = options_.files->hash(
        snapshot, folder,
        {.wanted = is_wanted, .store = options_.hash_store, .progress = progress, .stop = options_.stop});
    std::move(problems.begin(), problems.end(), std::back_inserter(problems_));
    moved = moved || snapshot.records().data() != first;
  };
  hash(contexts_->main, "", options_.context);
  for (auto& [name, snapshot] : contexts_->named)
    hash(snapshot, name, options_.plan.named_contexts.at(name));
  if (make_keys) {
    keys_ = keys_over(contexts_->main);
  } else if (moved) {
    const Edits none;
    keys_ = select_files(*graph_, contexts_with(contexts_->main, &none));
  }
}

}  // namespace dcache::cache
