#include "dcache/editor/asked_files.h"

#include <fmt/format.h>

#include "dcache/context/boundary.h"
#include "dcache/context/git.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"

namespace dcache::editor {

void AskedFolders::add(const std::string& path) {
  std::string folder(text::parent_path(context::absolute_path(path)));
  {
    const std::scoped_lock lock(mutex_);
    if (folders_.contains(folder)) return;
  }
  std::string root = context::repository_root(folder);
  const std::scoped_lock lock(mutex_);
  folders_.insert(root.empty() ? std::move(folder) : std::move(root));
}

std::vector<std::string> AskedFolders::all() const {
  const std::scoped_lock lock(mutex_);
  return {folders_.begin(), folders_.end()};
}

void AskedFolders::add_context(const std::string& folder) {
  const std::scoped_lock lock(mutex_);
  contexts_.insert(context::absolute_path(folder));
}

bool AskedFolders::is_context(const std::string& folder) const {
  const std::scoped_lock lock(mutex_);
  return contexts_.contains(context::absolute_path(folder));
}

bool is_wide(const std::string& folder) {
  const std::string path = text::real_path(context::absolute_path(folder));
  // Without the drive that a path of Windows has.
  const std::string_view place = std::string_view(path).substr(text::drive_of(path).size());
  const std::string_view parent = text::parent_path(place);
  if (place == "/" || place == "/root" || place == "/home" || place == "/Users" || parent == "/home" ||
      parent == "/Users")
    return true;
  const std::string home = text::home_folder();
  return !home.empty() && path == text::real_path(home);
}

std::string AskedFiles::refusal(const std::string& path) const {
  return context::Boundary({}, asked_->all()).refusal(path, behind().real_path(context::absolute_path(path)));
}

tl::expected<std::string, std::string> AskedFiles::read(const std::string& path) const {
  const std::string why = refusal(path);
  if (!why.empty()) return tl::unexpected(fmt::format("can't read {}: {}", path, why));
  return behind().read(path);
}

context::FolderEntries AskedFiles::list(const std::string& folder) const {
  return refusal(folder).empty() ? behind().list(folder) : context::FolderEntries();
}

tl::expected<context::Walk, std::string> AskedFiles::walk(const std::string& folder,
                                                          const ignore::Matcher& ignore,
                                                          const context::WalkOptions& options) const {
  const std::string why = refusal(folder);
  if (!why.empty()) return tl::unexpected(fmt::format("can't read {}: {}", folder, why));
  if (!wide_contexts_ && !asked_->is_context(folder) && is_wide(folder)) {
    return tl::unexpected(
        fmt::format("{} is not looked through, because nothing names it as the build context", folder));
  }
  return behind().walk(folder, ignore, options);
}

}  // namespace dcache::editor
