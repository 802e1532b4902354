#include "dcache/cache/build.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Record;
using context::Snapshot;

constexpr std::string_view kImageScheme = "docker-image://";

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

std::string parent_folder(const std::string& path) {
  return std::string(text::parent_path(path));
}

// Without links where it exists; otherwise as it stands.
std::string canonical(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr), std::free);
  return resolved ? std::string(resolved.get()) : text::clean_path(path);
}

}  // namespace

tl::expected<IgnoreFile, Failure> load_ignore_file(const std::string& dockerfile,
                                                   const std::string& context) {
  IgnoreFile file;
  for (const std::string& candidate : {dockerfile + ".dockerignore", context + "/.dockerignore"}) {
    if (!exists(candidate)) continue;
    const auto text = text::read_file(candidate);
    if (!text) return tl::unexpected(Failure{candidate, 0, 0, text.error(), {}});
    auto matcher = ignore::Matcher::parse(*text);
    if (!matcher) {
      return tl::unexpected(
          Failure{candidate, matcher.error().line, 1, matcher.error().message, matcher.error().remedy});
    }
    file.path = candidate;
    file.matcher = std::move(*matcher);
    return file;
  }
  return file;
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
  for (const plan::Error& error : graph_->errors)
    add(error.span, error.line, error.message, error.remedy);
  return failures;
}

void Build::make_keys() {
  keys_ = keys_over(contexts_->main);
}

std::vector<StepKeys> Build::keys_over(const Snapshot& context) const {
  Contexts contexts{&context, {}};
  for (const auto& [name, snapshot] : contexts_->named)
    contexts.named[name] = &snapshot;
  return compute_keys(*graph_, contexts);
}

tl::expected<Build, std::vector<Failure>> Build::load(const BuildOptions& options) {
  Build build;
  build.options_ = options;
  if (build.options_.context.empty()) build.options_.context = parent_folder(options.dockerfile);
  auto text = text::read_file(options.dockerfile);
  if (!text)
    return tl::unexpected(
        std::vector<Failure>{{options.dockerfile, 0, 0, text.error(), "name the Dockerfile with -f"}});
  auto failures = build.plan(std::move(*text));
  if (!failures.empty()) return tl::unexpected(std::move(failures));

  auto ignore = load_ignore_file(options.dockerfile, build.options_.context);
  if (!ignore) return tl::unexpected(std::vector<Failure>{std::move(ignore.error())});
  *build.ignore_ = std::move(*ignore);
  auto walk = context::walk(build.options_.context, build.ignore_->matcher);
  if (!walk)
    return tl::unexpected(
        std::vector<Failure>{{{}, 0, 0, walk.error(), "name the build context with --context"}});
  build.contexts_->main = std::move(walk->snapshot);
  build.problems_ = std::move(walk->problems);
  build.ignored_entries_ = walk->ignored;
  for (const auto& [name, source] : options.plan.named_contexts) {
    if (source.starts_with(kImageScheme)) continue;
    auto named_ignore = load_ignore_file(source + "/Dockerfile", source);
    if (!named_ignore) return tl::unexpected(std::vector<Failure>{std::move(named_ignore.error())});
    auto named = context::walk(source, named_ignore->matcher);
    if (!named)
      return tl::unexpected(std::vector<Failure>{{{}, 0, 0, named.error(), "check --build-context " + name}});
    build.contexts_->named[name] = std::move(named->snapshot);
  }
  build.make_keys();
  return build;
}

tl::expected<Build, std::vector<Failure>> Build::make(const BuildOptions& options,
                                                      std::string dockerfile_text, Snapshot context,
                                                      std::map<std::string, Snapshot, std::less<>> named) {
  Build build;
  build.options_ = options;
  auto failures = build.plan(std::move(dockerfile_text));
  if (!failures.empty()) return tl::unexpected(std::move(failures));
  build.contexts_->main = std::move(context);
  build.contexts_->named = std::move(named);
  build.make_keys();
  return build;
}

void Build::hash_files() {
  std::map<std::string, std::set<const Record*>, std::less<>> wanted;  // by context, "" for the main one
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (!graph_->steps[i].needed) continue;
    for (const ReadFiles& read : keys_[i].reads) {
      std::set<const Record*>& files = wanted[graph_->steps[i].reads[read.read].name];
      for (const SelectedFile& file : read.selection.files)
        files.insert(file.record);
    }
  }
  const auto hash = [&](Snapshot& snapshot, const std::string& name, const std::string& folder) {
    const std::set<const Record*>& files = wanted[name];
    auto problems =
        context::hash_contents(snapshot, folder, [&](const Record& r) { return files.contains(&r); });
    std::move(problems.begin(), problems.end(), std::back_inserter(problems_));
  };
  hash(contexts_->main, "", options_.context);
  for (auto& [name, snapshot] : contexts_->named)
    hash(snapshot, name, options_.plan.named_contexts.at(name));
  make_keys();
}

namespace {

// The path in the context that the user means by `given`; nothing if it lies outside.
std::optional<std::string> path_in_context(const Build& build, const std::string& given,
                                           const std::string& current) {
  const std::string root = canonical(build.options().context);
  const std::string absolute = text::clean_path(given.starts_with('/') ? given : current + "/" + given);
  // Only the folder is made canonical: the file itself may be a link, and may be gone.
  const std::string from_current =
      text::clean_path(canonical(parent_folder(absolute)) + "/" + std::string(text::base_name(absolute)));
  const std::string from_root = text::clean_path(root + "/" + given);
  const bool inside = text::is_within(from_current, root);
  const bool take_root = !given.starts_with('/') && !exists(from_current) && exists(from_root);
  if ((!inside || take_root) && given.starts_with('/')) return std::nullopt;
  if (!inside && !exists(from_root)) return std::nullopt;
  const std::string& chosen = inside && !take_root ? from_current : from_root;
  if (!text::is_within(chosen, root)) return std::nullopt;
  return chosen == root ? std::string() : chosen.substr(root == "/" ? 1 : root.size() + 1);
}

// The context before and after the files changed.
class Edit {
 public:
  explicit Edit(const Build& build) : build_(build) {
    const auto records = build.context().records();
    before_.assign(records.begin(), records.end());
    after_ = before_;
  }

  ChangedPath change(const std::string& given, const std::string& current) {
    ChangedPath changed;
    changed.given = given;
    const auto path = path_in_context(build_, given, current);
    if (!path) {
      changed.fate = ChangedPath::Fate::kOutside;
      return changed;
    }
    changed.path = *path;
    const Record* record = build_.context().find(*path);
    if (path->empty() || (record != nullptr && record->type == context::Type::kFolder)) {
      for (const Record& below : build_.context().below(*path))
        touch(below);
      return changed;
    }
    const ignore::Decision decision = build_.ignore().matcher.decide(*path);
    if (record == nullptr && decision.ignored) {
      changed.fate = ChangedPath::Fate::kIgnored;
      changed.pattern = decision.pattern->written;
      changed.pattern_line = decision.pattern->line;
    } else if (record == nullptr) {
      add(*path);
    } else {
      touch(*record);
    }
    return changed;
  }

  const std::set<std::string, std::less<>>& touched() const { return touched_; }
  Snapshot before() { return Snapshot(std::move(before_)); }
  Snapshot after() { return Snapshot(std::move(after_)); }

 private:
  static constexpr std::string_view kNewContent = "what the file will hold";

  void touch(const Record& record) {
    if (record.type == context::Type::kFolder) return;
    Record& edited = after_[static_cast<size_t>(&record - build_.context().records().data())];
    if (record.type == context::Type::kSymlink) {
      edited.target += "\n";  // leads elsewhere
    } else {
      edited.content = context::hash_bytes(kNewContent);
    }
    touched_.insert(record.path);
  }

  void add(const std::string& path) {
    Record record;
    record.path = path;
    record.mode = 0644;
    record.content = context::hash_bytes(kNewContent);
    after_.push_back(std::move(record));
    touched_.insert(path);
  }

  const Build& build_;
  std::vector<Record> before_;
  std::vector<Record> after_;
  std::set<std::string, std::less<>> touched_;
};

// Whether a needed step takes one of the touched files at or below `path`.
bool is_read(const Build& build, const std::vector<StepKeys>& keys, std::string_view path,
             const std::set<std::string, std::less<>>& touched) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!build.graph().steps[i].needed) continue;
    for (const ReadFiles& read : keys[i].reads) {
      for (const SelectedFile& file : read.selection.files) {
        const std::string_view taken = file.record->path;
        if (touched.contains(taken) && (path.empty() || text::is_within(taken, path))) return true;
      }
    }
  }
  return false;
}

}  // namespace

WhatIf what_if_changed(const Build& build, const std::vector<std::string>& paths,
                       const std::string& current) {
  WhatIf result;
  Edit edit(build);
  for (const std::string& path : paths)
    result.paths.push_back(edit.change(path, current));
  const Snapshot before = edit.before();
  const Snapshot after = edit.after();
  const std::vector<StepKeys> keys_before = build.keys_over(before);
  const std::vector<StepKeys> keys_after = build.keys_over(after);
  result.report = compare({&build.graph(), &keys_before}, {&build.graph(), &keys_after});
  for (ChangedPath& path : result.paths) {
    if (path.fate == ChangedPath::Fate::kRead && !is_read(build, keys_after, path.path, edit.touched())) {
      path.fate = ChangedPath::Fate::kNotRead;
    }
  }
  return result;
}

}  // namespace dcache::cache
