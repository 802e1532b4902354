#include "dcache/context/watched_files.h"

#include <filesystem>

#include "dcache/context/hash.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"

namespace dcache::context {
namespace {

// Nothing where there is no such file.
std::optional<Stamp> stamp_at(const std::string& path) {
  text::FileStatus status{};
  if (!text::status_of(path.c_str(), status)) return std::nullopt;
  return stamp_of(status);
}

}  // namespace

std::optional<std::string> WatchedFiles::changed() const {
  const std::scoped_lock lock(mutex_);
  std::optional<std::string> folder;
  for (const auto& [path, stamp] : noted_) {
    if (stamp_at(path) == stamp) continue;
    if (!std::filesystem::is_directory(text::system_path(path))) return path;
    if (!folder) folder = path;
  }
  return folder;
}

// Before the question is asked, so that a change meanwhile is seen.
void WatchedFiles::note(const std::string& path) const {
  const std::optional<Stamp> stamp = stamp_at(path);
  const std::scoped_lock lock(mutex_);
  noted_.emplace(path, stamp);
}

tl::expected<std::string, std::string> WatchedFiles::read(const std::string& path) const {
  note(path);
  return behind().read(path);
}

bool WatchedFiles::exists(const std::string& path) const {
  note(path);
  return behind().exists(path);
}

FolderEntries WatchedFiles::list(const std::string& folder) const {
  note(folder);
  return behind().list(folder);
}

tl::expected<Walk, std::string> WatchedFiles::walk(const std::string& folder, const ignore::Matcher& ignore,
                                                   const WalkOptions& options) const {
  note(folder);
  auto walk = behind().walk(folder, ignore, options);
  if (!walk) return walk;
  for (const Record& record : walk->snapshot.records()) {
    if (record.type == Type::kFolder) note(text::join_path(folder, record.path));
  }
  return walk;
}

}  // namespace dcache::context
