#include "dcache/cache/revision.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::GitChange;
using context::GitRepository;
using context::Record;
using context::Snapshot;
using context::Type;

using Failures = std::vector<Failure>;
// Which files are hashed; empty for all that count.
using Hashed = std::function<bool(const std::string& context, const Record&)>;

Failures failure(std::string message, std::string remedy = {}) {
  return {{{}, 0, 0, std::move(message), std::move(remedy)}};
}

// The work tree as it was at one revision; without one, as it is.
class Tree {
 public:
  static tl::expected<Tree, Failures> at(const GitRepository& repository,
                                         const std::optional<std::string>& revision,
                                         const context::FileSystem& files) {
    Tree tree(repository, revision.value_or(""), files);
    if (!revision) return tree;
    auto changes = repository.changes(*revision);
    if (!changes) return tl::unexpected(failure(std::move(changes.error())));
    for (GitChange& change : *changes) {
      std::string path = repository.root() + '/' + change.path;
      tree.changes_.insert_or_assign(std::move(path), std::move(change));
    }
    return tree;
  }

  // The absolute paths that differ from the work tree.
  const std::map<std::string, GitChange, std::less<>>& changes() const { return changes_; }

  // The text of a file; nothing if it is not there.
  tl::expected<std::optional<std::string>, Failures> read(const std::string& path) const {
    const auto change = changes_.find(absolute(path));
    if (change == changes_.end()) {
      if (!files_->exists(path)) return std::nullopt;
      auto text = files_->read(path);
      if (!text) return tl::unexpected(failure(std::move(text.error())));
      return std::move(*text);
    }
    if (!change->second.record) return std::nullopt;
    auto text = repository_->content(revision_, change->second.path);
    if (!text) return tl::unexpected(failure(std::move(text.error())));
    return std::move(*text);
  }

  tl::expected<IgnoreFile, Failures> ignore_file(const std::string& dockerfile, const std::string& folder,
                                                 plan::Builder builder) const {
    IgnoreFile file;
    for (const std::string& candidate : ignore_file_candidates(dockerfile, folder, builder)) {
      const auto text = read(candidate);
      if (!text) return tl::unexpected(text.error());
      if (!*text) continue;
      auto parsed = parse_ignore_file(candidate, **text, builder);
      if (!parsed) return tl::unexpected(Failures{std::move(parsed.error())});
      return std::move(*parsed);
    }
    return file;
  }

  tl::expected<Snapshot, Failures> context(const std::string& folder, const ignore::Matcher& ignore) const {
    auto walk = files_->walk(folder, ignore, {});
    if (!walk)
      return tl::unexpected(failure(walk.error(), std::string(context::remedy_for_walk(walk.error()))));
    std::string root = text::real_path(folder);
    std::map<std::string, Record, std::less<>> records;
    for (const Record& record : walk->snapshot.records())
      records.insert_or_assign(records.end(), record.path, record);
    if (root != "/") root += '/';
    bool any = false;
    for (auto at = changes_.lower_bound(root); at != changes_.end() && at->first.starts_with(root); ++at) {
      any = true;
      put_back(at->second, at->first.substr(root.size()), ignore, records);
    }
    // Git writes its index whenever something changes; where the context contains it, steps see that.
    if (const auto index = records.find(".git/index"); any && index != records.end())
      index->second.content = context::hash_bytes(revision_);
    std::vector<Record> all;
    all.reserve(records.size());
    for (auto& [path, record] : records)
      all.push_back(std::move(record));
    return Snapshot(std::move(all));
  }

 private:
  Tree(const GitRepository& repository, std::string revision, const context::FileSystem& files)
      : repository_(&repository), files_(&files), revision_(std::move(revision)) {}

  // Links before the name are followed, as git follows none.
  static std::string absolute(const std::string& path) {
    const std::string folder = text::real_path(std::string(text::parent_path(path)));
    return text::clean_path(folder + '/' + std::string(text::base_name(path)));
  }

  void put_back(const GitChange& change, const std::string& path, const ignore::Matcher& ignore,
                std::map<std::string, Record, std::less<>>& records) const {
    if (change.submodule) return change_all(path, records);
    const auto now = records.find(path);
    if (!change.record) {
      if (now == records.end()) return;
      records.erase(now);
      return remove_empty_folders(text::parent_path(path), records);
    }
    if (ignore.decide(path).ignored) return;
    Record record = *change.record;
    record.path = path;
    // Git knows of modes only whether a file is executable.
    if (now != records.end() && now->second.type == Type::kFile && record.type == Type::kFile) {
      const uint32_t mode = now->second.mode;
      const bool executable = (record.mode & 0100U) != 0;
      record.mode = executable ? mode | ((mode & 0444U) >> 2U) : mode & ~0111U;
    }
    records.insert_or_assign(path, std::move(record));
  }

  // Git has no empty folders.
  static void remove_empty_folders(std::string_view folder,
                                   std::map<std::string, Record, std::less<>>& records) {
    for (; folder != "."; folder = text::parent_path(folder)) {
      const std::string inside = std::string(folder) + '/';
      const auto first = records.lower_bound(inside);
      if (first != records.end() && first->first.starts_with(inside)) return;
      const auto record = records.find(folder);
      if (record != records.end() && record->second.type == Type::kFolder) records.erase(record);
    }
  }

  // What a submodule held at another of its revisions is not known.
  void change_all(const std::string& folder, std::map<std::string, Record, std::less<>>& records) const {
    const std::string inside = folder + '/';
    for (auto at = records.lower_bound(inside); at != records.end() && at->first.starts_with(inside); ++at) {
      if (at->second.type == Type::kFile) at->second.content = context::hash_bytes(revision_ + at->first);
    }
  }

  const GitRepository* repository_;
  const context::FileSystem* files_;
  std::string revision_;
  std::map<std::string, GitChange, std::less<>> changes_;
};

tl::expected<Build, Failures> build_at(const BuildOptions& options, const Tree& tree,
                                       const std::string& when) {
  auto text = tree.read(options.dockerfile);
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!*text)
    return tl::unexpected(failure(fmt::format("there is no {} {}", options.dockerfile, when),
                                  "give the path of the Dockerfile"));
  Build::Parts parts{std::move(**text), {}};
  auto ignore = tree.ignore_file(options.dockerfile, options.context, options.plan.builder);
  if (!ignore) return tl::unexpected(std::move(ignore.error()));
  parts.ignore = std::move(*ignore);
  auto context = tree.context(options.context, parts.ignore.matcher);
  if (!context) return tl::unexpected(std::move(context.error()));
  parts.context = std::move(*context);
  for (const auto& [name, source] : options.plan.named_contexts) {
    if (source.starts_with(plan::kImageScheme)) continue;
    const auto named_ignore = tree.ignore_file(source + "/Dockerfile", source, options.plan.builder);
    if (!named_ignore) return tl::unexpected(named_ignore.error());
    auto named = tree.context(source, named_ignore->matcher);
    if (!named) return tl::unexpected(std::move(named.error()));
    parts.named_contexts[name] = std::move(*named);
  }
  return Build::make(options, std::move(parts));
}

BuildOptions with_context(BuildOptions options) {
  if (options.context.empty()) options.context = std::string(text::parent_path(options.dockerfile));
  return options;
}

// What two states have in common beside files that did not change.
bool same_instructions(const Build& a, const Build& b) {
  return a.file().source() == b.file().source();
}

}  // namespace

tl::expected<Build, Failures> load_revision(const BuildOptions& given, const std::string& revision) {
  const BuildOptions options = with_context(given);
  auto repository = GitRepository::open(options.context);
  if (!repository) return tl::unexpected(failure(std::move(repository.error())));
  const auto sides = repository->parse_range(revision);
  if (!sides) return tl::unexpected(failure(sides.error(), "write a revision"));
  const auto then = Tree::at(*repository, sides->from, *options.files);
  if (!then) return tl::unexpected(then.error());
  return build_at(options, *then, "at " + revision);
}

tl::expected<Revisions, Failures> compare_revisions(const BuildOptions& given,
                                                    const std::vector<std::string>& ranges,
                                                    const Build::Progress& progress) {
  const BuildOptions options = with_context(given);
  auto repository = GitRepository::open(options.context);
  if (!repository) return tl::unexpected(failure(std::move(repository.error())));
  std::vector<Tree> trees;  // of what the ranges start from, and last of what they lead to
  std::vector<Build> before;
  std::optional<std::string> to;
  for (const std::string& range : ranges) {
    const auto sides = repository->parse_range(range);
    if (!sides) return tl::unexpected(failure(sides.error(), "write a revision, or two as A..B"));
    if (sides->to && ranges.size() > 1)
      return tl::unexpected(
          failure(range + " can't be combined with other revisions", "name revisions alone, without '..'"));
    to = sides->to;
    auto tree = Tree::at(*repository, sides->from, *options.files);
    if (!tree) return tl::unexpected(tree.error());
    auto build = build_at(options, *tree, "at " + range.substr(0, range.find("..")));
    if (!build) return tl::unexpected(std::move(build.error()));
    trees.push_back(std::move(*tree));
    before.push_back(std::move(*build));
  }
  auto now = Tree::at(*repository, to, *options.files);
  if (!now) return tl::unexpected(now.error());
  auto after =
      build_at(options, *now, to ? "at " + ranges[0].substr(ranges[0].find_last_of('.') + 1) : std::string());
  if (!after) return tl::unexpected(std::move(after.error()));
  trees.push_back(std::move(*now));

  std::map<std::string, std::string, std::less<>> roots;  // by context, with a slash at the end
  const auto add_root = [&](const std::string& name, const std::string& folder) {
    const std::string root = text::real_path(folder);
    roots[name] = root == "/" ? root : root + '/';
  };
  add_root("", options.context);
  for (const auto& [name, source] : options.plan.named_contexts)
    add_root(name, source);
  const auto differs = [&](const std::string& name, const Record& record) {
    const std::string path = roots.at(name) + record.path;
    return std::ranges::any_of(trees, [&](const Tree& tree) { return tree.changes().contains(path); });
  };
  const bool all =
      !std::ranges::all_of(before, [&](const Build& build) { return same_instructions(build, *after); });
  std::vector<const Build*> earlier;
  for (Build& build : before) {
    build.hash_files(progress, all ? Hashed() : differs);
    earlier.push_back(&build);
  }
  after->hash_files(progress, all ? Hashed() : differs);
  Report report = after->compare_with(earlier);
  return Revisions{std::move(before), std::move(*after), std::move(report)};
}

}  // namespace dcache::cache
