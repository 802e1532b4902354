#include "dcache/context/tree_snapshots.h"

#include <algorithm>
#include <utility>

#include "dcache/text/path.h"

namespace dcache::context {
namespace {

// Hardly a file has a name that starts so. One that does is shown as its folder where it is a cause.
constexpr std::string_view kStandIn = "\n";
constexpr uint32_t kFileMode = 0644, kProgramMode = 0755, kFolderMode = 0755, kLinkMode = 0777;

bool is_inside(std::string_view path, std::string_view folder) {
  return folder.empty() || text::is_within(path, folder);
}

bool is_folder_type(GitEntry::Type type) {
  return type == GitEntry::Type::kFolder || type == GitEntry::Type::kSubmodule;
}

Record record_of(const std::string& path, GitEntry::Type type, bool executable = false) {
  Record record;
  record.path = path;
  if (is_folder_type(type)) {
    record.type = Type::kFolder;
    record.mode = kFolderMode;
  } else if (type == GitEntry::Type::kLink) {
    record.type = Type::kSymlink;
    record.mode = kLinkMode;
  } else {
    record.mode = executable ? kProgramMode : kFileMode;
  }
  return record;
}

// The file that stands for what a folder has. Of two folders with the same path, neither hides the other.
Record stand_in(const std::string& folder, const Hash& content) {
  Record record =
      record_of(folder + '/' + std::string(kStandIn) + to_hex(hash_bytes(folder)), GitEntry::Type::kFile);
  record.content = content;
  return record;
}

}  // namespace

size_t depth_of(std::string_view path) {
  return path.empty() ? 0 : 1 + static_cast<size_t>(std::ranges::count(path, '/'));
}

bool VisiblePaths::hides(std::string_view folder) const {
  const auto inner = std::ranges::lower_bound(paths, std::string(folder) + '/');
  if (inner != paths.end() && inner->starts_with(folder) && (*inner)[folder.size()] == '/') return false;
  return std::ranges::none_of(regions, [&](const Region& region) {
    if (is_inside(region.folder, folder) && region.folder != folder) return true;
    return is_inside(folder, region.folder) && depth_of(folder) < region.depth;
  });
}

std::optional<std::string_view> folder_stood_for(std::string_view path) {
  return text::base_name(path).starts_with(kStandIn) ? std::optional(text::parent_path(path)) : std::nullopt;
}

Hash hash_of(const ObjectId& id) {
  return hash_bytes({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

tl::expected<std::string, std::string> TreeSnapshots::target_of(const ObjectId& link) {
  const auto known = targets_.find(link);
  if (known != targets_.end()) return known->second;
  auto target = objects_.blob(link);
  if (target) targets_.emplace(link, *target);
  return target;
}

tl::expected<const TreeSnapshots::Inner*, std::string> TreeSnapshots::inner_of(const std::string& path,
                                                                               const ObjectId& id,
                                                                               const FolderDecision& parent) {
  const Hash key = Hasher().add(path).add(hash_of(id)).finish();
  if (const auto known = known_.find(key); known != known_.end()) return &known->second;
  Inner inner;
  const bool ignored = ignore_.decide(path, parent, &inner.decided).ignored;
  inner.is_left_out = ignored && !ignore_.may_reinclude_below(path);
  if (!inner.is_left_out) {
    const auto summary = summary_of(path, id, inner.decided);
    if (!summary) return tl::unexpected(summary.error());
    inner.summary = *summary;
    inner.is_left_out = ignored && summary->is_empty;
  }
  return &known_.emplace(key, std::move(inner)).first->second;
}

tl::expected<TreeSnapshots::Summary, std::string> TreeSnapshots::summary_of(const std::string& folder,
                                                                            const ObjectId& id,
                                                                            const FolderDecision& decided) {
  if (folder.size() > kLongestPath) return tl::unexpected(too_deep(folder));
  const auto tree = objects_.tree(id);
  if (!tree) return tl::unexpected(tree.error());
  std::string path = folder + '/';
  const size_t prefix = path.size();
  Summary summary;
  Hasher hasher;
  for (const GitEntry& entry : **tree) {
    path.replace(prefix, std::string::npos, entry.name);
    if (entry.type == GitEntry::Type::kFolder) {
      const auto inner = inner_of(path, entry.id, decided);
      if (!inner) return tl::unexpected(inner.error());
      if ((*inner)->is_left_out) continue;
      const Summary& all = (*inner)->summary;
      hasher.add(all.hash);
      summary.files += all.files;
      summary.has_links = summary.has_links || all.has_links;
    } else {
      if (ignore_.decide(path, decided).ignored) continue;
      hasher.add(hash_of(entry.id));
      ++summary.files;
      summary.has_links = summary.has_links || entry.type == GitEntry::Type::kLink;
    }
    hasher.add(entry.name).add(static_cast<uint64_t>(entry.type)).add(uint64_t{entry.executable});
    summary.is_empty = false;
  }
  summary.hash = hasher.finish();
  return summary;
}

bool TreeSnapshots::is_hidden(const std::string& folder, const Summary& summary) const {
  return summary.files >= visible_.least && !summary.has_links && visible_.hides(folder);
}

tl::expected<void, std::string> TreeSnapshots::add_entry(const std::string& path, const GitEntry& entry,
                                                         const FolderDecision& parent,
                                                         std::vector<Record>& records) {
  if (entry.type == GitEntry::Type::kFolder) {
    const auto inner = inner_of(path, entry.id, parent);
    if (!inner) return tl::unexpected(inner.error());
    if ((*inner)->is_left_out) return {};
    records.push_back(record_of(path, entry.type));
    if (!is_hidden(path, (*inner)->summary)) return add_folder(path, entry.id, (*inner)->decided, records);
    records.push_back(stand_in(path, (*inner)->summary.hash));
    return {};
  }
  if (ignore_.decide(path, parent).ignored) return {};
  Record& record = records.emplace_back(record_of(path, entry.type, entry.executable));
  if (entry.type == GitEntry::Type::kFile) {
    record.content = hash_of(entry.id);
  } else if (entry.type == GitEntry::Type::kSubmodule) {
    // Its files are in another repository: the commit says which.
    records.push_back(stand_in(path, hash_of(entry.id)));
  } else {
    auto target = target_of(entry.id);
    if (!target) return tl::unexpected(std::move(target.error()));
    record.target = std::move(*target);
  }
  return {};
}

tl::expected<void, std::string> TreeSnapshots::add_folder(const std::string& folder, const ObjectId& id,
                                                          const FolderDecision& decided,
                                                          std::vector<Record>& records) {
  const auto tree = objects_.tree(id);
  if (!tree) return tl::unexpected(tree.error());
  std::string path = folder.empty() ? "" : folder + '/';
  const size_t prefix = path.size();
  for (const GitEntry& entry : (*tree)->sorted_by_name()) {
    path.replace(prefix, std::string::npos, entry.name);
    if (auto added = add_entry(path, entry, decided, records); !added) return added;
  }
  return {};
}

tl::expected<Snapshot, std::string> TreeSnapshots::of(const ObjectId& tree) {
  std::vector<Record> records;
  if (auto added = add_folder("", tree, {}, records); !added) return tl::unexpected(std::move(added.error()));
  return Snapshot::of_ordered(std::move(records));
}

}  // namespace dcache::context
