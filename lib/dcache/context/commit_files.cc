#include "dcache/context/commit_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/tree_snapshots.h"
#include "dcache/text/path.h"

namespace dcache::context {
namespace {

constexpr int kMostLinksOfCommit = 40;  // as Linux follows them

}  // namespace

// Where a path leads to.
struct CommitFiles::Place {
  std::string path;               // absolute, after links
  bool is_inside = false;         // of the repository
  std::optional<GitEntry> entry;  // what is there; the root is a folder without a name
};

CommitFiles::CommitFiles(std::shared_ptr<const GitObjects> objects, const ObjectId& tree, std::string here)
    : objects_(std::move(objects)), tree_(tree), here_(std::move(here)) {}

CommitFiles::Place CommitFiles::place_of(const std::string& path) const {
  const std::string& root = objects_->repository().root();
  const GitEntry top{.name = {}, .type = GitEntry::Type::kFolder, .id = tree_};
  std::string todo = text::is_absolute(path) ? path : here_ + '/' + path;
  for (int links = 0; links <= kMostLinksOfCommit; ++links) {
    const std::string clean = text::clean_path(todo);
    if (!text::is_within(clean, root)) return {clean, false, std::nullopt};
    Place place{root, true, top};
    std::string_view left = std::string_view(clean).substr(root.size());
    bool is_link = false;
    while (!left.empty() && place.entry && !is_link) {
      left.remove_prefix(1);
      const size_t end = std::min(left.find('/'), left.size());
      const std::string name(left.substr(0, end));
      left.remove_prefix(end);
      const bool is_folder = place.entry->type == GitEntry::Type::kFolder;
      std::optional<GitEntry> entry;
      if (is_folder) {
        if (const auto tree = objects_->tree(place.entry->id)) entry = (*tree)->find(name);
      }
      is_link = entry && entry->type == GitEntry::Type::kLink;
      if (is_link) {
        const std::string target = objects_->blob(entry->id).value_or("");
        todo = (target.starts_with('/') ? target : place.path + '/' + target) + std::string(left);
      }
      place.path += '/' + name;
      place.entry = entry;
      if (place.entry) place.entry->name = {};  // the tree need not stay
    }
    if (is_link) continue;
    place.path += left;
    return place;
  }
  return {text::clean_path(todo), true, std::nullopt};
}

tl::expected<std::string, std::string> CommitFiles::read(const std::string& path) const {
  const Place place = place_of(path);
  if (!place.entry || place.entry->type != GitEntry::Type::kFile)
    return tl::unexpected(fmt::format("{} does not exist at this commit", path));
  return objects_->blob(place.entry->id);
}

bool CommitFiles::exists(const std::string& path) const {
  return place_of(path).entry.has_value();
}

FolderEntries CommitFiles::list(const std::string& folder) const {
  const Place place = place_of(folder);
  std::vector<FolderEntry> listed;
  if (!place.entry || place.entry->type != GitEntry::Type::kFolder) return listed;
  const auto tree = objects_->tree(place.entry->id);
  if (!tree) return listed;
  for (const GitEntry& entry : **tree) {
    bool is_folder = entry.type == GitEntry::Type::kFolder || entry.type == GitEntry::Type::kSubmodule;
    if (entry.type == GitEntry::Type::kLink) {
      const Place target = place_of(place.path + '/' + std::string(entry.name));
      is_folder = target.entry && target.entry->type == GitEntry::Type::kFolder;
    }
    listed.push_back({std::string(entry.name), is_folder});
  }
  std::ranges::sort(listed);
  return listed;
}

std::string CommitFiles::real_path(const std::string& path) const {
  return place_of(path).path;
}

tl::expected<Walk, std::string> CommitFiles::walk(const std::string& folder, const ignore::Matcher& ignore,
                                                  const WalkOptions& /*options*/) const {
  const Place place = place_of(folder);
  if (!place.is_inside)
    return tl::unexpected(fmt::format("the folder {} is outside of the repository", folder));
  if (!place.entry || place.entry->type != GitEntry::Type::kFolder)
    return tl::unexpected(fmt::format("there is no folder {} at this commit", folder));
  auto snapshot = TreeSnapshots(*objects_, ignore).of(place.entry->id);
  if (!snapshot) return tl::unexpected(std::move(snapshot.error()));
  Walk walk;
  walk.snapshot = std::move(*snapshot);
  return walk;
}

std::vector<Problem> CommitFiles::hash(Snapshot& /*snapshot*/, const std::string& /*folder*/,
                                       const HashingOptions& /*options*/) const {
  return {};
}

std::optional<ObjectId> CommitFiles::object_of(const std::string& path) const {
  const Place place = place_of(path);
  if (!place.entry || place.entry->type == GitEntry::Type::kSubmodule) return std::nullopt;
  return place.entry->id;
}

void CommitFiles::find_below(const std::string& folder, const ObjectId& id, const Judge& is_wanted,
                             std::vector<std::string>& found) const {
  const auto tree = objects_->tree(id);
  if (!tree || folder.size() > kLongestPath) return;
  for (const GitEntry& entry : **tree) {
    const std::string path = text::join_path(folder, entry.name);
    const bool is_folder = entry.type == GitEntry::Type::kFolder;
    if (entry.type == GitEntry::Type::kSubmodule || !is_wanted(path, is_folder)) continue;
    if (is_folder) {
      find_below(path, entry.id, is_wanted, found);
    } else {
      found.push_back(path);
    }
  }
}

std::vector<std::string> CommitFiles::find(const Judge& is_wanted) const {
  std::vector<std::string> found;
  find_below("", tree_, is_wanted, found);
  std::ranges::sort(found);
  return found;
}

}  // namespace dcache::context
