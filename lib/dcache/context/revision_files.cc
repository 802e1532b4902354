#include "dcache/context/revision_files.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/path.h"

namespace dcache::context {
namespace {

// Puts the changes of a revision back into what a folder contains now.
class Restore {
 public:
  Restore(Snapshot now, const ignore::Matcher& ignore, std::string_view revision)
      : now_(std::move(now)), ignore_(ignore), revision_(revision) {}

  // `path` is the change's path from the folder.
  void put_back(const GitChange& change, const std::string& path) {
    if (change.submodule) return change_all(path);
    const Record* now = now_.find(path);
    if (!change.record) {
      if (now != nullptr) removed_.insert(path);
      return;
    }
    if (ignore_.decide(path).ignored) return;
    Record record = *change.record;
    record.path = path;
    // Git knows of modes only whether a file is executable. A umask may let the group write.
    if (now != nullptr && now->type == Type::kFile && record.type == Type::kFile) {
      const bool is_same = ((record.mode ^ now->mode) & 0100U) == 0;
      record.mode = is_same ? now->mode : record.mode | (now->mode & 0020U);
    }
    changed_.push_back(std::move(record));
  }

  // Where the context contains git's own folder, steps see what git writes there: a commit changes the index,
  // logs, objects and references, and what is staged changes the index and objects.
  void change_git_folder(const std::string& folder, bool is_staged_only) {
    for (const Record& record : now_.below(folder)) {
      const std::string_view path = std::string_view(record.path).substr(folder.size() + 1);
      const bool changes =
          is_staged_only ? path == "index" || text::is_within(path, "objects") : !is_kept_by_commits(path);
      if (changes && record.type == Type::kFile) change(record);
    }
  }

  // What a submodule contained at another of its revisions is not known.
  void change_all(const std::string& folder) {
    for (const Record& record : now_.below(folder)) {
      if (record.type == Type::kFile) change(record);
    }
  }

  Snapshot finish() {
    Snapshot then = changed_.empty() ? now_ : now_.with(std::move(changed_));
    if (removed_.empty()) return then;
    then = without_removed(then);
    // Git has no empty folders.
    std::set<std::string, std::less<>> empty;
    for (const std::string& path : removed_)
      add_empty_folders(then, path, empty);
    if (empty.empty()) return then;
    removed_ = std::move(empty);
    return without_removed(then);
  }

 private:
  // What only people write in git's folder, and what tells the branch.
  static bool is_kept_by_commits(std::string_view path) {
    constexpr std::array<std::string_view, 6> kKept = {"HEAD",  "config", "description",
                                                       "hooks", "info",   "packed-refs"};
    return std::ranges::any_of(kKept, [&](std::string_view kept) { return text::is_within(path, kept); });
  }

  // The file had other bytes at the revision, which nobody knows.
  void change(const Record& record) {
    changed_.push_back(record);
    changed_.back().content = hash_bytes(std::string(revision_) + record.path);
    changed_.back().stamp = {};
  }

  static void add_empty_folders(const Snapshot& then, const std::string& path,
                                std::set<std::string, std::less<>>& empty) {
    for (std::string_view folder = text::parent_path(path); folder != ".";
         folder = text::parent_path(folder)) {
      const auto counts = [&](const Record& record) { return !empty.contains(record.path); };
      if (std::ranges::any_of(then.below(folder), counts)) return;
      const Record* record = then.find(folder);
      if (record != nullptr && record->type == Type::kFolder) empty.emplace(folder);
    }
  }

  Snapshot without_removed(const Snapshot& from) const {
    std::vector<Record> kept;
    kept.reserve(from.records().size());
    std::ranges::copy_if(from.records(), std::back_inserter(kept),
                         [&](const Record& record) { return !removed_.contains(record.path); });
    return Snapshot(std::move(kept));
  }

  Snapshot now_;
  const ignore::Matcher& ignore_;
  std::string_view revision_;
  std::vector<Record> changed_;
  std::set<std::string, std::less<>> removed_;
};

std::string with_slash(std::string folder) {
  if (!folder.ends_with('/')) folder += '/';
  return folder;
}

}  // namespace

tl::expected<std::shared_ptr<const RevisionFiles>, std::string> RevisionFiles::open(
    std::shared_ptr<const GitRepository> repository, std::string revision,
    std::shared_ptr<const FileSystem> work_tree, Sparse sparse, const std::vector<std::string>& also) {
  auto changes = repository->changes(revision, sparse, also);
  if (!changes) return tl::unexpected(std::move(changes.error()));
  std::shared_ptr<RevisionFiles> files(
      new RevisionFiles(std::move(repository), std::move(revision), std::move(work_tree)));
  files->add(std::move(*changes), files->repository_->root());
  files->find_git_folders();
  return files;
}

void RevisionFiles::find_git_folders() {
  const bool has_submodule =
      std::ranges::any_of(changes_, [](const auto& change) { return change.second.submodule; });
  // What a submodule has of git may be in the folder of the repository around it.
  const bool is_same = submodules_.empty() && !has_submodule && repository_->is_in_index(revision_);
  if (is_same) return;
  is_staged_only_ = submodules_.empty() && !has_submodule && repository_->is_head(revision_);
  git_folders_.push_back(repository_->root() + "/.git");
  for (const auto& [root, submodule] : submodules_)
    git_folders_.push_back(root + "/.git");
  std::ranges::sort(git_folders_);
}

std::vector<std::string> RevisionFiles::git_folders_in(const std::string& folder) const {
  const std::string prefix = with_slash(folder);
  std::vector<std::string> inside;
  for (const std::string& path : git_folders_) {
    if (path.starts_with(prefix)) inside.push_back(path.substr(prefix.size()));
  }
  return inside;
}

void RevisionFiles::add(std::vector<GitChange> changes, const std::string& root) {
  for (GitChange& change : changes) {
    std::string path = root + '/' + change.path;
    if (change.submodule && add_submodule(change, path)) continue;
    links_differ_ = links_differ_ || change.link;
    changes_.insert_or_assign(std::move(path), std::move(change));
  }
}

bool RevisionFiles::add_submodule(const GitChange& change, const std::string& root) {
  if (change.commit.empty() || !work_tree_->exists(root + "/.git")) return false;
  auto opened = GitRepository::open(root);
  if (!opened || opened->root() != root) return false;
  auto changes = opened->changes(change.commit);
  if (!changes) return false;
  submodules_[root] = {std::make_shared<const GitRepository>(std::move(*opened)), change.commit};
  add(std::move(*changes), root);
  return true;
}

tl::expected<std::optional<std::string>, std::string> RevisionFiles::content_of(
    const std::string& path, const GitChange& change) const {
  for (const std::string& place : {absolute(path), real_path(path)}) {
    for (std::string_view folder = text::parent_path(place);
         !text::is_root(folder) && folder.size() > 1 && !submodules_.empty();
         folder = text::parent_path(folder)) {
      const auto found = submodules_.find(folder);
      if (found != submodules_.end())
        return found->second.repository->content(found->second.commit, change.path);
    }
  }
  return repository_->content(revision_, change.path);
}

std::string RevisionFiles::absolute(const std::string& path) const {
  const std::string folder = real_path(std::string(text::parent_path(path)));
  return text::clean_path(folder + '/' + std::string(text::base_name(path)));
}

std::pair<RevisionFiles::Changes::const_iterator, RevisionFiles::Changes::const_iterator>
RevisionFiles::below(const std::string& folder) const {
  const std::string prefix = with_slash(folder);
  const auto begin = changes_.lower_bound(prefix);
  auto end = begin;
  while (end != changes_.end() && end->first.starts_with(prefix))
    ++end;
  return {begin, end};
}

std::string RevisionFiles::changed_submodule(std::string_view path) const {
  const std::string& root = repository_->root();
  for (; path != root && text::is_within(path, root); path = text::parent_path(path)) {
    const auto change = changes_.find(path);
    if (change != changes_.end() && change->second.submodule) return change->second.path;
  }
  return {};
}

const GitChange* RevisionFiles::change_of(const std::string& path) const {
  const auto own = changes_.find(absolute(path));
  const bool is_own =
      own != changes_.end() && (!own->second.record || own->second.record->type != Type::kSymlink);
  if (is_own) return &own->second;
  const auto change = changes_.find(real_path(path));
  return change == changes_.end() ? nullptr : &change->second;
}

tl::expected<std::string, std::string> RevisionFiles::read(const std::string& path) const {
  const GitChange* const change = change_of(path);
  if (change == nullptr) {
    const std::string place = links_differ_ ? real_path(path) : path;
    const std::string submodule = changed_submodule(absolute(path));
    if (submodule.empty() || !work_tree_->exists(place)) return work_tree_->read(place);
    return tl::unexpected(fmt::format(
        "{} is in the git submodule {}, which changed; what it was is not known", path, submodule));
  }
  const auto missing = [&] {
    return tl::unexpected(fmt::format("{} does not exist at this revision", path));
  };
  if (!change->record) return missing();
  auto text = content_of(path, *change);
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!*text) return missing();
  return std::move(**text);
}

bool RevisionFiles::exists(const std::string& path) const {
  const GitChange* const change = change_of(path);
  if (change != nullptr) return change->record.has_value() || change->submodule;
  const std::string place = links_differ_ ? real_path(path) : absolute(path);
  if (!work_tree_->exists(place)) {
    const auto [begin, end] = below(place);
    return std::any_of(begin, end, [](const auto& inner) { return inner.second.record.has_value(); });
  }
  return true;
}

FolderEntries RevisionFiles::list(const std::string& folder) const {
  const std::string place = real_path(folder);
  const FolderEntries in_work_tree = work_tree_->list(links_differ_ ? place : folder);
  std::vector<FolderEntry> listed(in_work_tree.begin(), in_work_tree.end());
  const auto [begin, end] = below(place);
  const size_t prefix = with_slash(place).size();
  for (auto at = begin; at != end; ++at) {
    const std::string inside = at->first.substr(prefix);
    const size_t slash = inside.find('/');
    const FolderEntry entry{inside.substr(0, slash), slash != std::string::npos || at->second.submodule};
    const auto known = std::ranges::find(listed, entry.name, &FolderEntry::name);
    if (at->second.record && known == listed.end()) {
      listed.push_back(entry);
    } else if (!at->second.record && slash == std::string::npos && known != listed.end()) {
      listed.erase(known);
    }
  }
  std::ranges::sort(listed);
  return listed;
}

std::string RevisionFiles::real_path(const std::string& path) const {
  if (links_differ_) return follow(path);
  std::string real = work_tree_->real_path(path);
  if (real != path || work_tree_->exists(path)) return real;
  // What the work tree does not have is in a folder of it.
  const std::string folder(text::parent_path(path));
  if (folder == path) return real;
  return text::clean_path(real_path(folder) + '/' + std::string(text::base_name(path)));
}

std::string RevisionFiles::follow(const std::string& path) const {
  constexpr int kMostLinks = 40;  // as Linux follows them
  std::string left = text::is_absolute(path) ? path : work_tree_->real_path(".") + '/' + path;
  const std::string drive(text::drive_of(left));
  left.erase(0, drive.size());
  std::string done = drive;
  for (int links = 0; !left.empty();) {
    const size_t start = left.find_first_not_of('/');
    if (start == std::string::npos) break;
    const size_t end = std::min(left.find('/', start), left.size());
    const std::string name = left.substr(start, end - start);
    left.erase(0, end);
    if (name == ".") continue;
    if (name == "..") {
      done = done.substr(0, std::min(done.rfind('/'), done.size()));
      continue;
    }
    std::string place = done + '/' + name;
    const auto change = changes_.find(place);
    if (change == changes_.end()) {
      done = work_tree_->real_path(place);
    } else if (!change->second.record || change->second.record->type != Type::kSymlink) {
      done = std::move(place);
    } else if (++links <= kMostLinks) {
      const std::string& target = change->second.record->target;
      if (target.starts_with('/')) done = drive;
      left = target + left;
    } else {
      done = std::move(place);
    }
    if (text::is_root(done)) done = drive;
  }
  return done == drive ? drive + '/' : done;
}

tl::expected<Walk, std::string> RevisionFiles::walk(const std::string& folder, const ignore::Matcher& ignore,
                                                    const WalkOptions& options) const {
  const std::string place = real_path(folder);
  auto walk = work_tree_->walk(links_differ_ ? place : folder, ignore, options);
  const auto [begin, end] = below(place);
  const bool is_in_submodule = !changed_submodule(place).empty();
  const std::vector<std::string> git_folders = git_folders_in(place);
  if (begin == end && !is_in_submodule && git_folders.empty()) return walk;
  // The folder itself may be gone.
  if (!walk) walk.emplace();
  Restore restore(std::move(walk->snapshot), ignore, revision_);
  const size_t prefix = with_slash(place).size();
  for (auto at = begin; at != end; ++at)
    restore.put_back(at->second, at->first.substr(prefix));
  if (is_in_submodule) restore.change_all("");
  for (const std::string& git_folder : git_folders)
    restore.change_git_folder(git_folder, is_staged_only_);
  walk->snapshot = restore.finish();
  return walk;
}

std::vector<Problem> RevisionFiles::hash(Snapshot& snapshot, const std::string& folder,
                                         const HashingOptions& options) const {
  return work_tree_->hash(snapshot, links_differ_ ? real_path(folder) : folder, options);
}

}  // namespace dcache::context
