#include "dcache/context/git_objects.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/libgit2.h"
#include "dcache/text/digest.h"

namespace dcache::context {
namespace {

using RevisionWalk = GitPointer<git_revwalk, &Library::git_revwalk_free>;
using RawObject = GitPointer<git_odb_object, &Library::git_odb_object_free>;

ObjectId id_of(const git_oid& oid) {
  ObjectId id;
  std::memcpy(id.bytes.data(), oid.id, id.bytes.size());
  return id;
}

git_oid oid_of(const ObjectId& id) {
  git_oid oid{};
  std::memcpy(oid.id, id.bytes.data(), id.bytes.size());
  return oid;
}

std::string_view bytes_of(const RawObject& object) {
  return {static_cast<const char*>(library().git_odb_object_data(object.get())),
          library().git_odb_object_size(object.get())};
}

// The rest of the first line that starts with `name`, among those above the message.
std::string_view header_of(std::string_view commit, std::string_view name) {
  while (!commit.empty() && !commit.starts_with('\n')) {
    const size_t end = std::min(commit.find('\n'), commit.size());
    const std::string_view line = commit.substr(0, end);
    if (line.starts_with(name)) return line.substr(name.size());
    commit.remove_prefix(std::min(end + 1, commit.size()));
  }
  return {};
}

// "A U Thor <author@example.com> 1700000000 +0100"
int64_t time_of(std::string_view committer) {
  const size_t zone = committer.rfind(' ');
  if (zone == std::string_view::npos || zone == 0) return 0;
  const size_t start = committer.rfind(' ', zone - 1) + 1;
  int64_t time = 0;
  std::from_chars(committer.data() + start, committer.data() + zone, time);
  return time;
}

std::string subject_of(std::string_view commit) {
  const size_t start = commit.find("\n\n");
  if (start == std::string_view::npos) return {};
  std::string_view message = commit.substr(start + 2);
  message.remove_prefix(std::min(message.find_first_not_of('\n'), message.size()));
  return std::string(message.substr(0, message.find('\n')));
}

std::string_view mode_of(const GitEntry& entry) {
  switch (entry.type) {
    case GitEntry::Type::kFolder:
      return "40000";
    case GitEntry::Type::kLink:
      return "120000";
    case GitEntry::Type::kSubmodule:
      return "160000";
    case GitEntry::Type::kFile:
      break;
  }
  return entry.executable ? "100755" : "100644";
}

GitEntry::Type type_of(std::string_view mode) {
  if (mode == "40000") return GitEntry::Type::kFolder;
  if (mode == "120000") return GitEntry::Type::kLink;
  return mode == "160000" ? GitEntry::Type::kSubmodule : GitEntry::Type::kFile;
}

// Whether an entry comes before another one in git's order.
bool is_before(const GitEntry& a, const GitEntry& b) {
  const size_t common = std::min(a.name.size(), b.name.size());
  const int order = a.name.substr(0, common).compare(b.name.substr(0, common));
  if (order != 0) return order < 0;
  const auto next = [&](const GitEntry& entry) {
    if (entry.name.size() > common) return static_cast<unsigned char>(entry.name[common]);
    return static_cast<unsigned char>(entry.type == GitEntry::Type::kFolder ? '/' : '\0');
  };
  return next(a) < next(b);
}

// The name of an object that is only in memory.
ObjectId made_id(std::string_view kind, std::string_view bytes) {
  const std::string hash = text::sha1(fmt::format("made {}\n{}", kind, bytes));
  ObjectId id;
  std::memcpy(id.bytes.data(), hash.data(), id.bytes.size());
  return id;
}

}  // namespace

std::string to_hex(const ObjectId& id) {
  return text::hexadecimal({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

std::optional<ObjectId> object_id_from_hex(std::string_view name) {
  git_oid oid{};
  if (library().git_oid_fromstr(&oid, std::string(name).c_str()) != 0) return std::nullopt;
  return id_of(oid);
}

std::string too_deep(const std::string& folder) {
  constexpr size_t kShown = 60;
  return fmt::format("the folder {}… is nested too deeply to read", folder.substr(0, kShown));
}

size_t ObjectIdHash::operator()(const ObjectId& id) const noexcept {
  size_t hash = 0;
  std::memcpy(&hash, id.bytes.data(), sizeof hash);
  return hash;
}

std::optional<GitTree> GitTree::parse(std::string bytes) {
  constexpr size_t kId = sizeof(ObjectId::bytes);
  for (std::string_view left = bytes; !left.empty();) {
    const size_t space = left.find(' '), zero = left.find('\0');
    if (space == std::string_view::npos || zero == std::string_view::npos || space > zero ||
        left.size() - zero - 1 < kId)
      return std::nullopt;
    left.remove_prefix(zero + 1 + kId);
  }
  GitTree tree;
  tree.bytes_ = std::move(bytes);
  return tree;
}

void GitTree::Iterator::read() {
  if (left_.empty()) return;
  const size_t space = left_.find(' '), zero = left_.find('\0', space);
  const std::string_view mode = left_.substr(0, space);
  entry_.name = left_.substr(space + 1, zero - space - 1);
  entry_.type = type_of(mode);
  entry_.executable = mode == "100755";
  std::memcpy(entry_.id.bytes.data(), left_.data() + zero + 1, entry_.id.bytes.size());
  size_ = zero + 1 + entry_.id.bytes.size();
}

std::optional<GitEntry> GitTree::find(std::string_view name) const {
  for (const GitEntry& entry : *this) {
    if (entry.name == name) return entry;
  }
  return std::nullopt;
}

std::vector<GitEntry> GitTree::sorted_by_name() const {
  std::vector<GitEntry> entries;
  for (const GitEntry& entry : *this)
    entries.push_back(entry);
  if (!std::ranges::is_sorted(entries, {}, &GitEntry::name)) std::ranges::sort(entries, {}, &GitEntry::name);
  return entries;
}

GitTree GitTree::with(std::string_view name, const std::optional<GitEntry>& entry) const {
  std::vector<GitEntry> entries;
  for (const GitEntry& one : *this) {
    if (one.name != name) entries.push_back(one);
  }
  if (entry) {
    GitEntry named = *entry;
    named.name = name;
    entries.insert(std::ranges::lower_bound(entries, named, is_before), named);
  }
  GitTree tree;
  for (const GitEntry& one : entries) {
    tree.bytes_ += mode_of(one);
    tree.bytes_ += ' ';
    tree.bytes_ += one.name;
    tree.bytes_ += '\0';
    tree.bytes_.append(reinterpret_cast<const char*>(one.id.bytes.data()), one.id.bytes.size());
  }
  return tree;
}

struct GitObjects::State {
  using Trees = std::unordered_map<ObjectId, std::shared_ptr<const GitTree>, ObjectIdHash>;
  static constexpr size_t kMostBytes = size_t{8} << 20U;

  explicit State(Objects all) : objects(std::move(all)) {}

  const Objects objects;
  std::mutex mutex;  // of what follows
  // Those that were asked for lately, and those before them.
  Trees trees, older_trees;
  size_t bytes = 0;  // of `trees`
  // What with_files() made.
  Trees made_trees;
  std::unordered_map<ObjectId, std::string, ObjectIdHash> made_blobs;

  // Null for one that has to be read.
  std::shared_ptr<const GitTree> known(const ObjectId& id) {
    const std::scoped_lock lock(mutex);
    if (const auto found = trees.find(id); found != trees.end()) return found->second;
    if (const auto older = older_trees.find(id); older != older_trees.end()) {
      const std::shared_ptr<const GitTree> tree = older->second;
      keep_locked(id, tree);
      return tree;
    }
    const auto made = made_trees.find(id);
    return made == made_trees.end() ? nullptr : made->second;
  }

  void keep(const ObjectId& id, const std::shared_ptr<const GitTree>& tree) {
    const std::scoped_lock lock(mutex);
    keep_locked(id, tree);
  }

  void keep_locked(const ObjectId& id, const std::shared_ptr<const GitTree>& tree) {
    constexpr size_t kOverhead = 128;
    bytes += tree->bytes() + kOverhead;
    if (bytes > kMostBytes) {
      older_trees = std::exchange(trees, {});
      bytes = 0;
    }
    trees.emplace(id, tree);
  }

  tl::expected<RawObject, std::string> read(const ObjectId& id, git_object_t type) const {
    const git_oid oid = oid_of(id);
    git_odb_object* found = nullptr;
    if (library().git_odb_read(&found, objects.get(), &oid) != 0)
      return tl::unexpected(fmt::format("git has no object {}{}", name_of(oid), kFetchContent));
    RawObject object(found);
    if (library().git_odb_object_type(found) != type)
      return tl::unexpected(fmt::format("the git object {} is of another type than expected", name_of(oid)));
    return object;
  }
};

GitObjects::GitObjects(std::shared_ptr<const GitRepository> repository)
    : repository_(std::move(repository)) {}
GitObjects::GitObjects(GitObjects&&) noexcept = default;
GitObjects& GitObjects::operator=(GitObjects&&) noexcept = default;
GitObjects::~GitObjects() = default;

tl::expected<GitObjects, std::string> GitObjects::open(std::shared_ptr<const GitRepository> repository) {
  git_odb* found = nullptr;
  if (library().git_repository_odb(&found, repository->handle()) != 0)
    return tl::unexpected(
        fmt::format("can't read the git objects of {}: {}", repository->root(), last_error()));
  GitObjects objects(std::move(repository));
  objects.state_ = std::make_unique<State>(Objects(found));
  return objects;
}

tl::expected<GitObjects::ParsedCommit, std::string> GitObjects::commit(const ObjectId& id) const {
  const auto object = state_->read(id, GIT_OBJECT_COMMIT);
  if (!object) return tl::unexpected(object.error());
  const std::string_view bytes = bytes_of(*object);
  const auto tree = object_id_from_hex(header_of(bytes, "tree "));
  if (!tree) return tl::unexpected(fmt::format("the git commit {} has no tree", to_hex(id)));
  ParsedCommit parsed{{id, *tree, time_of(header_of(bytes, "committer ")), subject_of(bytes)}, {}};
  constexpr std::string_view kParent = "\nparent ";
  const size_t end = std::min(bytes.find("\n\n"), bytes.size());
  for (size_t at = bytes.find(kParent); at < end; at = bytes.find(kParent, at + 1)) {
    const std::string_view line = bytes.substr(at + kParent.size());
    if (const auto parent = object_id_from_hex(line.substr(0, line.find('\n'))))
      parsed.parents.push_back(*parent);
  }
  return parsed;
}

tl::expected<std::vector<Commit>, std::string> GitObjects::log(const LogOptions& options) const {
  const auto range = repository_->parse_range(options.from);
  if (!range) return tl::unexpected(range.error());
  // Libgit2 reads the whole history before it says what is the newest, and does not know where a shallow
  // clone ends.
  const bool is_limited = range->to && !repository_->is_shallow();
  auto commits = is_limited ? walk_limited(*range, options) : walk(*range, options);
  if (!commits)
    return tl::unexpected(fmt::format("can't walk the commits of '{}': {}", options.from, commits.error()));
  // A commit may have been committed before its parent by another clock.
  if (options.since)
    std::erase_if(*commits, [&](const Commit& commit) { return commit.time < *options.since; });
  std::ranges::reverse(*commits);
  return commits;
}

tl::expected<std::vector<Commit>, std::string> GitObjects::walk_limited(const GitRange& range,
                                                                        const LogOptions& options) const {
  git_revwalk* made = nullptr;
  if (library().git_revwalk_new(&made, repository_->handle()) != 0) return tl::unexpected(last_error());
  const RevisionWalk walk(made);
  git_oid newest{}, hidden{};
  library().git_oid_fromstr(&newest, (range.to ? *range.to : range.from).c_str());
  library().git_revwalk_sorting(made, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  if (options.first_parent) library().git_revwalk_simplify_first_parent(made);
  if (library().git_revwalk_push(made, &newest) != 0) return tl::unexpected(last_error());
  if (range.to && library().git_oid_fromstr(&hidden, range.from.c_str()) == 0)
    library().git_revwalk_hide(made, &hidden);
  std::vector<Commit> commits;
  git_oid next{};
  while (commits.size() < options.most) {
    const int status = library().git_revwalk_next(&next, made);
    if (status == GIT_ITEROVER) break;
    if (status != 0) return tl::unexpected(last_error());
    auto commit = this->commit(id_of(next));
    if (!commit) return tl::unexpected(std::move(commit.error()));
    commits.push_back(std::move(commit->commit));
  }
  return commits;
}

tl::expected<ObjectId, std::string> GitObjects::commit_named(const std::string& name) const {
  git_object* found = nullptr;
  if (library().git_revparse_single(&found, repository_->handle(), (name + "^{commit}").c_str()) != 0)
    return tl::unexpected(last_error());
  const Object object(found);
  return id_of(*library().git_object_id(found));
}

// Calls `visit` for all that a commit is based on, the newest first, until that says false.
template <typename Visit>
tl::expected<void, std::string> GitObjects::visit_from(const std::string& name, bool first_parent,
                                                       const Visit& visit) const {
  const auto is_older = [](const ParsedCommit& a, const ParsedCommit& b) {
    return a.commit.time < b.commit.time;
  };
  std::vector<ParsedCommit> queue;
  std::set<ObjectId> seen;
  const auto add = [&](const ObjectId& id) -> tl::expected<void, std::string> {
    if (!seen.insert(id).second) return {};
    auto commit = this->commit(id);
    if (!commit && repository_->is_shallow()) return {};
    if (!commit) return tl::unexpected(std::move(commit.error()));
    queue.push_back(std::move(*commit));
    std::ranges::push_heap(queue, is_older);
    return {};
  };
  const auto id = commit_named(name);
  if (!id) return tl::unexpected(id.error());
  auto added = add(*id);
  while (added && !queue.empty()) {
    std::ranges::pop_heap(queue, is_older);
    const ParsedCommit next = std::move(queue.back());
    queue.pop_back();
    if (!visit(next.commit)) break;
    const size_t parents = first_parent ? std::min<size_t>(next.parents.size(), 1) : next.parents.size();
    for (size_t i = 0; added && i < parents; ++i)
      added = add(next.parents[i]);
  }
  return added;
}

tl::expected<std::vector<Commit>, std::string> GitObjects::walk(const GitRange& range,
                                                                const LogOptions& options) const {
  std::set<ObjectId> hidden;
  if (range.to) {
    auto walked =
        visit_from(range.from, false, [&](const Commit& commit) { return hidden.insert(commit.id).second; });
    if (!walked) return tl::unexpected(std::move(walked.error()));
  }
  std::vector<Commit> commits;
  if (options.most == 0) return commits;
  auto walked =
      visit_from(range.to ? *range.to : range.from, options.first_parent, [&](const Commit& commit) {
        if (!hidden.contains(commit.id)) commits.push_back(commit);
        return commits.size() < options.most;
      });
  if (!walked) return tl::unexpected(std::move(walked.error()));
  return commits;
}

tl::expected<std::shared_ptr<const GitTree>, std::string> GitObjects::tree(const ObjectId& id) const {
  if (auto known = state_->known(id)) return known;
  const auto object = state_->read(id, GIT_OBJECT_TREE);
  if (!object) return tl::unexpected(object.error());
  auto parsed = GitTree::parse(std::string(bytes_of(*object)));
  if (!parsed) return tl::unexpected(fmt::format("the git tree {} is damaged", to_hex(id)));
  auto tree = std::make_shared<const GitTree>(std::move(*parsed));
  state_->keep(id, tree);
  return tree;
}

namespace {

// Goes on to the next entries when it ends.
struct Advance {
  GitTree::Iterator* was;
  GitTree::Iterator* is;
  ~Advance() {
    if (was != nullptr) ++*was;
    if (is != nullptr) ++*is;
  }
};

}  // namespace

tl::expected<void, std::string> GitObjects::add_changes(const std::string& folder, const ObjectId* before,
                                                        const ObjectId* after,
                                                        std::vector<TreeChange>& changes) const {
  if (folder.size() > kLongestPath) return tl::unexpected(too_deep(folder));
  static const auto kNothing = std::make_shared<const GitTree>();
  const auto read = [&](const ObjectId* id) {
    return id == nullptr ? tl::expected<std::shared_ptr<const GitTree>, std::string>(kNothing) : tree(*id);
  };
  const auto old_tree = read(before), new_tree = read(after);
  if (!old_tree) return tl::unexpected(old_tree.error());
  if (!new_tree) return tl::unexpected(new_tree.error());
  const auto is_folder = [](const GitEntry* entry) {
    return entry != nullptr && entry->type == GitEntry::Type::kFolder;
  };
  auto was = (*old_tree)->begin(), is = (*new_tree)->begin();
  const auto old_end = (*old_tree)->end(), new_end = (*new_tree)->end();
  while (was != old_end || is != new_end) {
    const bool has_old = is == new_end || (was != old_end && !is_before(*is, *was));
    const bool has_new = was == old_end || (is != new_end && !is_before(*was, *is));
    const GitEntry* const old_entry = has_old ? &*was : nullptr;
    const GitEntry* const new_entry = has_new ? &*is : nullptr;
    const Advance advance{has_old ? &was : nullptr, has_new ? &is : nullptr};
    if (has_old && has_new && old_entry->id == new_entry->id && old_entry->type == new_entry->type &&
        old_entry->executable == new_entry->executable)
      continue;
    std::string path = folder.empty() ? "" : folder + '/';
    path += (has_old ? old_entry : new_entry)->name;
    if (is_folder(old_entry) || is_folder(new_entry)) {
      auto added = add_changes(path, is_folder(old_entry) ? &old_entry->id : nullptr,
                               is_folder(new_entry) ? &new_entry->id : nullptr, changes);
      if (!added) return added;
    }
    TreeChange change{path, std::nullopt, std::nullopt};
    if (old_entry != nullptr && !is_folder(old_entry)) change.before = old_entry->type;
    if (new_entry != nullptr && !is_folder(new_entry)) change.after = new_entry->type;
    if (change.before || change.after) changes.push_back(std::move(change));
  }
  return {};
}

tl::expected<std::vector<TreeChange>, std::string> GitObjects::changes(const ObjectId& before,
                                                                       const ObjectId& after) const {
  std::vector<TreeChange> changes;
  if (before == after) return changes;
  if (auto added = add_changes("", &before, &after, changes); !added)
    return tl::unexpected(std::move(added.error()));
  return changes;
}

bool GitObjects::has(const ObjectId& id) const {
  const git_oid oid = oid_of(id);
  return library().git_odb_exists(state_->objects.get(), &oid) == 1;
}

tl::expected<std::string, std::string> GitObjects::blob(const ObjectId& id) const {
  {
    const std::scoped_lock lock(state_->mutex);
    if (const auto made = state_->made_blobs.find(id); made != state_->made_blobs.end()) return made->second;
  }
  constexpr size_t kMostBytes = size_t{64} << 20U;
  const git_oid oid = oid_of(id);
  size_t size = 0;
  git_object_t type = GIT_OBJECT_ANY;
  if (library().git_odb_read_header(&size, &type, state_->objects.get(), &oid) == 0 && size > kMostBytes)
    return tl::unexpected(fmt::format("the git object {} is larger than 64 MiB", name_of(oid)));
  const auto object = state_->read(id, GIT_OBJECT_BLOB);
  if (!object) return tl::unexpected(object.error());
  return std::string(bytes_of(*object));
}

void GitObjects::forget_made() const {
  const std::scoped_lock lock(state_->mutex);
  state_->made_trees.clear();
  state_->made_blobs.clear();
}

ObjectId GitObjects::empty_tree() const {
  const ObjectId id = made_id("tree", "");
  const std::scoped_lock lock(state_->mutex);
  state_->made_trees.try_emplace(id, std::make_shared<const GitTree>());
  return id;
}

tl::expected<ObjectId, std::string> GitObjects::with_files(const ObjectId& tree, const Texts& files) const {
  return with_files(tree, "", files);
}

tl::expected<ObjectId, std::string> GitObjects::with_files(const ObjectId& tree, const std::string& folder,
                                                           const Texts& files) const {
  const auto found = this->tree(tree);
  if (!found) return tl::unexpected(found.error());
  GitTree made = **found;
  const std::string prefix = folder.empty() ? "" : folder + '/';
  for (auto file = files.lower_bound(prefix); file != files.end() && file->first.starts_with(prefix);) {
    const std::string_view rest = std::string_view(file->first).substr(prefix.size());
    const std::string name(rest.substr(0, rest.find('/')));
    const std::optional<GitEntry> entry = made.find(name);
    if (name == rest) {
      std::optional<GitEntry> changed;
      if (file->second) {
        changed = GitEntry{.name = {},
                           .type = GitEntry::Type::kFile,
                           .executable = entry && entry->executable,
                           .id = made_id("blob", *file->second)};
        const std::scoped_lock lock(state_->mutex);
        state_->made_blobs.emplace(changed->id, *file->second);
      }
      made = made.with(name, changed);
      ++file;
      continue;
    }
    if (!entry || entry->type == GitEntry::Type::kFolder) {
      const auto below = with_files(entry ? entry->id : empty_tree(), prefix + name, files);
      if (!below) return below;
      made = made.with(name, GitEntry{.name = {}, .type = GitEntry::Type::kFolder, .id = *below});
    }
    const std::string done = prefix + name + '/';
    while (file != files.end() && file->first.starts_with(done))
      ++file;
  }
  const ObjectId id = made_id("tree", made.contents());
  const std::scoped_lock lock(state_->mutex);
  state_->made_trees.emplace(id, std::make_shared<const GitTree>(std::move(made)));
  return id;
}

}  // namespace dcache::context
