#include "dcache/cache/revision.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::CachedFiles;
using context::FileSystem;
using context::GitRepository;
using context::Record;
using context::RevisionFiles;
using context::Snapshot;
using context::Type;

using Failures = std::vector<Failure>;

Failure failure(std::string message, std::string remedy = {}) {
  return {{}, 0, 0, std::move(message), std::move(remedy)};
}

// What two states have in common apart from files that did not change.
bool same_instructions(const Build& a, const Build& b) {
  const plan::Options& x = a.options().plan;
  const plan::Options& y = b.options().plan;
  return a.file().source() == b.file().source() && x.target == y.target && x.build_args == y.build_args &&
         x.named_contexts == y.named_contexts && a.options().context == b.options().context;
}

// The name of the revision on one side of "A..B".
std::string first_of(const std::string& range) {
  return range.substr(0, range.find(".."));
}

BuildOptions with_files(BuildOptions options, std::shared_ptr<const FileSystem> files) {
  options.files = std::move(files);
  return options;
}

// The files of git's folders that tell which branch is checked out, and where branches were: what they were
// is not known.
void add_branch_files(const std::vector<std::string>& git_folders, const std::string& root,
                      std::vector<std::string>& paths) {
  for (const std::string& folder : git_folders) {
    if (!folder.starts_with(root)) continue;
    for (const std::string_view name : {"HEAD", "packed-refs"})
      paths.push_back(text::join_path(folder.substr(root.size()), name));
  }
  std::ranges::sort(paths, context::path_less);
}

// What only people write in git's folder.
bool is_kept_by_git(std::string_view path) {
  constexpr std::array<std::string_view, 4> kKept = {"config", "description", "hooks", "info"};
  return std::ranges::any_of(kKept, [&](std::string_view kept) { return text::is_within(path, kept); });
}

// Git's own files in a context, next to those that what is staged changes: much besides commits writes them
// (gc, fetch, tag, staging and taking back), so what they were at the time of a build is not known.
void add_git_files(const Snapshot& files, const std::string& git_folder, const std::string& root,
                   bool is_staged, std::vector<std::string>& paths) {
  if (!git_folder.starts_with(root)) return;
  const std::string folder = git_folder.substr(root.size());
  for (const Record& record : files.below(folder)) {
    const std::string_view path = std::string_view(record.path).substr(folder.size() + 1);
    const bool changes = is_staged && (path == "index" || text::is_within(path, "objects"));
    if (record.type == Type::kFile && !changes && !is_kept_by_git(path)) paths.push_back(record.path);
  }
  std::ranges::sort(paths, context::path_less);
}

// Finds out of which files git has no version.
class UntrackedFiles {
 public:
  // `differs` tells what is among the changes of some revision, by absolute paths.
  UntrackedFiles(const GitRepository& repository, std::string folder,
                 std::function<bool(const std::string&)> differs)
      : repository_(repository), folder_(std::move(folder)), differs_(std::move(differs)) {}

  // Whether no revision knows of a file of the folder, or of an empty folder, which is not new either: git
  // ignores it, or it is outside of the repository or in another one inside of it. Git's own files are not
  // asked about.
  bool leaves_out(const Record& record) {
    const std::string place = text::join_path(folder_, record.path);
    const std::string& root = repository_.root();
    if (!text::is_within(place, root)) return true;
    const std::string path = place.substr(std::min(root.size() + 1, place.size()));
    if (path.empty() || text::is_within(path, ".git") || repository_.tracks(path) ||
        is_in_submodule(text::parent_path(path)))
      return false;
    // Git has no empty folders; a folder may only look empty because its files are not in the context.
    if (record.type == Type::kFolder) return !repository_.tracks_below(path);
    // What is neither ignored nor in another repository is new.
    return !differs_(place);
  }

 private:
  bool is_in_submodule(std::string_view folder) {
    if (folder == ".") return false;
    const auto known = submodules_.find(folder);
    if (known != submodules_.end()) return known->second;
    const bool is = repository_.tracks(std::string(folder)) || is_in_submodule(text::parent_path(folder));
    submodules_.emplace(folder, is);
    return is;
  }

  const GitRepository& repository_;
  std::string folder_;
  std::function<bool(const std::string&)> differs_;
  std::map<std::string, bool, std::less<>> submodules_;
};

}  // namespace

struct Revisions::IgnoredFiles {
  // By context: a snapshot that is kept, and its files that git ignores.
  struct Entry {
    Snapshot snapshot;
    std::vector<std::string> paths;
  };
  std::map<std::pair<const Record*, std::string>, Entry> by_context;
};

tl::expected<Revisions, Failure> Revisions::open(const std::string& folder,
                                                 const std::vector<std::string>& ranges,
                                                 std::shared_ptr<const FileSystem> files) {
  auto opened = GitRepository::open(folder);
  if (!opened) return tl::unexpected(failure(std::move(opened.error())));
  Revisions revisions;
  revisions.repository_ = std::make_shared<const GitRepository>(std::move(*opened));
  revisions.ignored_ = std::make_shared<IgnoredFiles>();
  const auto disk = std::make_shared<const CachedFiles>(std::move(files));
  revisions.after_ = disk;
  const auto state_at = [&](const std::string& commit, std::string name, RevisionFiles::Sparse sparse,
                            const std::vector<std::string>& also) -> tl::expected<State, Failure> {
    auto at = RevisionFiles::open(revisions.repository_, commit, disk, sparse, also);
    if (!at) return tl::unexpected(failure(std::move(at.error())));
    auto cached = std::make_shared<const CachedFiles>(*at);
    return State{std::move(name), std::move(*at), std::move(cached)};
  };
  for (const std::string& range : ranges) {
    const auto sides = revisions.repository_->parse_range(range);
    if (!sides) return tl::unexpected(failure(sides.error()));
    if (sides->to && ranges.size() > 1)
      return tl::unexpected(
          failure(range + " can't be combined with other revisions", "name revisions alone, without '..'"));
    // A build of the work tree has no more than that has; one of a commit has all of it.
    const auto sparse = sides->to ? RevisionFiles::Sparse::kIncluded : RevisionFiles::Sparse::kLeftOut;
    // Of two commits the checkouts count, and not what the work tree has of their files.
    std::vector<std::string> also;
    if (sides->to) also = revisions.repository_->differing_checkouts(sides->from, *sides->to);
    auto state = state_at(sides->from, first_of(range), sparse, also);
    if (!state) return tl::unexpected(std::move(state.error()));
    revisions.before_.push_back(std::move(*state));
    if (!sides->to) continue;
    auto to = state_at(*sides->to, range.substr(range.find_last_of('.') + 1), sparse, also);
    if (!to) return tl::unexpected(std::move(to.error()));
    revisions.after_ = to->cached;
    revisions.to_ = std::move(*to);
  }
  for (const std::string& path : revisions.changed_paths()) {
    if (path.ends_with(".dockerignore") || path.ends_with(".containerignore"))
      revisions.ignore_files_differ_ = true;
  }
  return revisions;
}

bool Revisions::differs(const std::string& path) const {
  const auto has = [&](const State& state) { return state.files->changes().contains(path); };
  return std::ranges::any_of(before_, has) || (to_ && has(*to_));
}

std::vector<std::string> Revisions::changed_paths() const {
  std::set<std::string> paths;
  const auto add = [&](const State& state) {
    for (const auto& [path, change] : state.files->changes())
      paths.insert(path);
  };
  std::ranges::for_each(before_, add);
  if (to_) add(*to_);
  return {paths.begin(), paths.end()};
}

std::vector<std::string> Revisions::changed_git_folders() const {
  std::set<std::string> folders;
  const auto add = [&](const State& state) {
    folders.insert(state.files->changed_git_folders().begin(), state.files->changed_git_folders().end());
  };
  // Two sides of a range may be one commit.
  if (to_ && to_->files->revision() == before_.front().files->revision()) return {};
  std::ranges::for_each(before_, add);
  if (to_) add(*to_);
  return {folders.begin(), folders.end()};
}

const std::vector<std::string>& Revisions::assumed_in(const Snapshot& snapshot,
                                                      const std::string& folder) const {
  auto [entry, is_new] = ignored_->by_context.try_emplace({snapshot.records().data(), folder});
  if (!is_new) return entry->second.paths;
  entry->second.snapshot = snapshot;  // so that no other one is ever in its place
  UntrackedFiles tracked(*repository_, after_->real_path(folder),
                         [&](const std::string& path) { return differs(path); });
  const std::span<const Record> records = snapshot.records();
  for (size_t i = 0; i < records.size(); ++i) {
    // A folder with something in it is there because of that.
    const bool is_parent =
        i + 1 < records.size() && text::parent_path(records[i + 1].path) == records[i].path;
    if (!is_parent && tracked.leaves_out(records[i])) entry->second.paths.push_back(records[i].path);
  }
  return entry->second.paths;
}

Build::Paths Revisions::differing_paths(const std::map<std::string, std::string, std::less<>>& roots,
                                        const Build::AssumedPaths& assumed) const {
  Build::Paths paths;
  const std::vector<std::string> git_folders = changed_git_folders();
  for (const auto& [name, root] : roots) {
    std::vector<std::string>& inside = paths[name];
    const auto add = [&inside, &place = root](const State& state) {
      const auto& changes = state.files->changes();
      for (auto at = changes.lower_bound(place); at != changes.end() && at->first.starts_with(place); ++at)
        inside.push_back(at->first.substr(place.size()));
    };
    std::ranges::for_each(before_, add);
    if (to_) add(*to_);
    for (const std::string& folder : git_folders) {
      if (folder.starts_with(root)) inside.push_back(folder.substr(root.size()));
    }
    const auto known = assumed.find(name);
    if (known != assumed.end()) inside.insert(inside.end(), known->second.begin(), known->second.end());
  }
  return paths;
}

namespace {

// The real folders of the contexts of a build, by context, with a slash at the end.
using Roots = std::map<std::string, std::string, std::less<>>;
Roots roots_of(const Build& build, const FileSystem& files) {
  Roots roots;
  const auto add = [&](const std::string& name, const std::string& folder) {
    const std::string root = files.real_path(folder);
    roots[name] = root == "/" ? root : root + '/';
  };
  add("", build.options().context);
  for (const auto& [name, snapshot] : build.named_contexts())
    add(name, build.options().plan.named_contexts.at(name));
  return roots;
}

}  // namespace

bool Revisions::is_other_commit() const {
  const auto is_other = [](const State& state) { return state.files->is_other_commit(); };
  return std::ranges::any_of(before_, is_other) || (to_ && is_other(*to_));
}

Build::AssumedPaths Revisions::assumed_of(const Build& after) const {
  Build::AssumedPaths assumed;
  const bool is_other = is_other_commit();
  const std::vector<std::string> git_folders = is_other ? changed_git_folders() : std::vector<std::string>();
  for (const auto& [name, root] : roots_of(after, *after_)) {
    const Snapshot& files = name.empty() ? after.context() : after.named_contexts().find(name)->second;
    assumed[name] = assumed_in(files, text::clean_path(root));
    add_branch_files(git_folders, root, assumed[name]);
    if (!to_ && !is_other)
      add_git_files(files, repository_->root() + "/.git", root, !changed_git_folders().empty(),
                    assumed[name]);
  }
  return assumed;
}

tl::expected<Comparison, Failures> Revisions::compare(std::span<const std::optional<BuildOptions>> before,
                                                      BuildOptions given,
                                                      const Build::Progress& progress) const {
  BuildOptions options = with_files(std::move(given), after_);
  options.without_keys = true;
  auto after = Build::load(options);
  if (!after) return tl::unexpected(std::move(after.error()));
  Comparison result{{}, std::move(*after), {}, {}};
  for (size_t i = 0; i < before.size(); ++i) {
    if (!before[i]) continue;
    const std::string& dockerfile = before[i]->dockerfile;
    if (!before[i]->dockerfile_text && !before_[i].cached->exists(dockerfile)) {
      result.left_out.push_back(failure(fmt::format("there is no {} at {}", dockerfile, before_[i].name)));
      continue;
    }
    BuildOptions then = with_files(*before[i], before_[i].cached);
    then.without_keys = true;
    auto build = Build::load(then);
    if (build) {
      result.before.push_back(std::move(*build));
    } else {
      std::ranges::move(build.error(), std::back_inserter(result.left_out));
    }
  }

  const Roots roots = roots_of(result.after, *after_);
  const auto only = [&](const std::string& name, const Record& record) {
    const auto root = roots.find(name);
    return root == roots.end() || differs(root->second + record.path);
  };
  const auto is_in_submodule = [&](const auto& root) {
    const std::string_view folder(root.second.data(), std::max<size_t>(root.second.size() - 1, 1));
    const auto has = [&](const State& state) { return !state.files->changed_submodule(folder).empty(); };
    return std::ranges::any_of(before_, has) || (to_ && has(*to_));
  };
  // A link that led to another folder.
  const auto is_elsewhere = [&](const auto& root) {
    const std::string folder =
        root.first.empty() ? result.after.options().context : options.plan.named_contexts.at(root.first);
    return std::ranges::any_of(before_, [&](const State& state) {
      const std::string then = state.cached->real_path(folder);
      return (then == "/" ? then : then + '/') != root.second;
    });
  };
  // An ignore file may be a link to a file with another name.
  const auto has_other_ignore_file = [&](const Build& build) {
    const std::string& path = build.ignore().path;
    return !path.empty() && differs(build.options().files->real_path(path));
  };
  const bool all = ignore_files_differ_ || has_other_ignore_file(result.after) ||
                   std::ranges::any_of(result.before, has_other_ignore_file) ||
                   std::ranges::any_of(roots, is_in_submodule) || std::ranges::any_of(roots, is_elsewhere) ||
                   !std::ranges::all_of(result.before, [&](const Build& build) {
                     return same_instructions(build, result.after);
                   });
  const Build::AssumedPaths assumed = assumed_of(result.after);
  // Of builds that have the same instructions, nothing else can differ.
  const Build::Paths paths = all ? Build::Paths() : differing_paths(roots, assumed);
  Build::Paths links;
  const auto add_links = [&](const Build& build) {
    for (auto& [name, targets] : build.link_targets())
      std::ranges::copy(targets, std::back_inserter(links[name]));
  };
  if (!all) {
    add_links(result.after);
    std::ranges::for_each(result.before, add_links);
  }
  const auto reduce = [&](Build& build) -> std::optional<Failures> {
    if (all) {
      build.make_keys();
      return std::nullopt;
    }
    auto less = build.reduced(paths, links);
    if (!less) return std::move(less.error());
    build = std::move(*less);
    return std::nullopt;
  };
  if (auto failed = reduce(result.after)) return tl::unexpected(std::move(*failed));
  for (Build& build : result.before) {
    if (auto failed = reduce(build)) return tl::unexpected(std::move(*failed));
  }
  std::vector<Build*> builds{&result.after};
  for (Build& build : result.before)
    builds.push_back(&build);
  Build::hash_together(builds, progress, all ? Build::Only() : only);

  std::vector<const Build*> earlier;
  for (const Build& build : result.before)
    earlier.push_back(&build);
  result.report = result.after.compare_with(earlier, assumed);
  return result;
}

tl::expected<Comparison, Failures> Revisions::compare(const BuildOptions& options,
                                                      const Build::Progress& progress) const {
  const std::vector<std::optional<BuildOptions>> before(before_.size(), options);
  return compare(before, options, progress);
}

tl::expected<BuildAtRevision, Failures> load_revision(const BuildOptions& options,
                                                      const std::string& revision, const Build& now) {
  const std::string folder =
      options.context.empty() ? std::string(text::parent_path(options.dockerfile)) : options.context;
  auto revisions = Revisions::open(folder, {revision}, options.files);
  if (!revisions) return tl::unexpected(Failures{std::move(revisions.error())});
  const auto files = revisions->before(0);
  if (!files->exists(options.dockerfile))
    return tl::unexpected(
        Failures{failure(fmt::format("there is no {} at {}", options.dockerfile, revision))});
  auto build = Build::load(with_files(options, files));
  if (!build) return tl::unexpected(std::move(build.error()));
  return BuildAtRevision{std::move(*build), revisions->assumed_of(now)};
}

}  // namespace dcache::cache
