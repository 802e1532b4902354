#include "dcache/context/path_memo.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>

#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"

namespace dcache::context {
namespace {

// Files of one folder follow each other, so that what was forgotten is soon known again.
constexpr size_t kMostPaths = 10'000;
constexpr size_t kMostEntries = 200'000;  // in the lists of all folders

template <typename Value>
std::optional<Value> find(const std::unordered_map<std::string, Value>& all, const std::string& path,
                          std::shared_mutex& mutex) {
  const std::shared_lock lock(mutex);
  const auto known = all.find(path);
  return known == all.end() ? std::nullopt : std::optional<Value>(known->second);
}

template <typename Value>
void keep(std::unordered_map<std::string, Value>& all, const std::string& path, const Value& value,
          std::shared_mutex& mutex) {
  const std::scoped_lock lock(mutex);
  if (all.size() >= kMostPaths) all.clear();
  all.insert_or_assign(path, value);
}

}  // namespace

std::vector<FolderEntry> list_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<FolderEntry> all;
  std::error_code failure;
  for (fs::directory_iterator at(text::system_path(folder), failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code unknown;  // a link that leads nowhere is not a folder
    all.push_back({at->path().filename().string(), at->is_directory(unknown)});
  }
  std::ranges::sort(all);
  return all;
}

bool PathMemo::exists(const std::string& path) {
  if (const auto known = find(exists_, path, mutex_)) return *known;
  const bool exists = text::may_exist(path);
  keep(exists_, path, exists, mutex_);
  return exists;
}

std::string PathMemo::real_folder(const std::string& folder) {
  if (auto known = find(folders_, folder, mutex_)) return std::move(*known);
  std::string real = text::real_path(folder);
  keep(folders_, folder, real, mutex_);
  return real;
}

std::string PathMemo::real_path(const std::string& path) {
  if (auto known = find(folders_, path, mutex_)) return std::move(*known);
  const std::string name(text::base_name(path));
  const std::string parent(text::parent_path(path));
  if (name.empty() || name == "." || name == ".." || parent == path) return real_folder(path);
  const std::string above = real_folder(parent.empty() ? "." : parent);
  std::string real = above.ends_with('/') ? above + name : above + '/' + name;
  text::FileStatus status{};
  if (!text::status_of_link(real.c_str(), status)) return text::real_path(path);
  const text::EntryType type = text::type_of(status);
  if (type == text::EntryType::kLink) return text::real_path(path);
  if (type == text::EntryType::kFolder) keep(folders_, path, real, mutex_);
  return real;
}

FolderEntries PathMemo::list(const std::string& folder) {
  if (auto known = find(lists_, folder, mutex_)) return std::move(*known);
  FolderEntries list = list_folder(folder);
  const std::scoped_lock lock(mutex_);
  if (listed_ + list.size() > kMostEntries || lists_.size() >= kMostPaths) {
    lists_.clear();
    listed_ = 0;
  }
  if (lists_.emplace(folder, list).second) listed_ += list.size();
  return list;
}

}  // namespace dcache::context
