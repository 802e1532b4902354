#include "dcache/history/seen_files.h"

#include <algorithm>

namespace dcache::history {

using context::FolderEntry;
using context::GitEntry;
using context::TreeChange;

tl::expected<std::string, std::string> SeenFiles::read(const std::string& path) const {
  read_.insert(behind().real_path(path));
  return behind().read(path);
}

bool SeenFiles::exists(const std::string& path) const {
  return exists_[path] = behind().exists(path);
}

context::FolderEntries SeenFiles::list(const std::string& folder) const {
  return lists_[folder] = behind().list(folder);
}

bool SeenFiles::may_differ(const context::FileSystem& others, const std::vector<TreeChange>& changes,
                           const std::string& root) const {
  const auto is_link = [](const std::optional<GitEntry::Type>& type) {
    return type == GitEntry::Type::kLink || type == GitEntry::Type::kSubmodule;
  };
  bool names_differ = false;
  for (const TreeChange& change : changes) {
    if (is_link(change.before) || is_link(change.after)) return true;
    if (read_.contains(root + '/' + change.path)) return true;
    names_differ = names_differ || !change.before || !change.after;
  }
  if (!names_differ) return false;
  return std::ranges::any_of(exists_,
                             [&](const auto& asked) { return others.exists(asked.first) != asked.second; }) ||
         std::ranges::any_of(lists_,
                             [&](const auto& asked) { return others.list(asked.first) != asked.second; });
}

}  // namespace dcache::history
