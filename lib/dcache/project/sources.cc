#include "dcache/project/sources.h"

#include <algorithm>

#include "dcache/text/path.h"

namespace dcache::project {

std::vector<std::string> SourceFiles::sources() const {
  const std::scoped_lock lock(mutex_);
  return {sources_.begin(), sources_.end()};
}

tl::expected<std::string, std::string> SourceFiles::read(const std::string& path) const {
  note(path);
  auto text = behind_->read(path);
  if (!text && behind_->exists(path) && !is_folder(path)) {
    const std::scoped_lock lock(mutex_);
    unread_.emplace(text::clean_path(path), text.error());
  }
  return text;
}

std::vector<text::Failure> SourceFiles::failures() const {
  const std::scoped_lock lock(mutex_);
  std::vector<text::Failure> failures;
  for (const auto& [path, why] : unread_)
    failures.push_back({path, 0, 0, why, {}});
  return failures;
}

// A folder has a name that is looked for: `.env`, of a virtual environment.
bool SourceFiles::is_folder(const std::string& path) const {
  const std::string clean = text::clean_path(path);
  return std::ranges::any_of(behind_->list(std::string(text::parent_path(clean))),
                             [name = text::base_name(clean)](const context::FolderEntry& entry) {
                               return entry.is_folder && entry.name == name;
                             });
}

// What is there and is not read says nothing that counts: a Dockerfile that is looked for.
bool SourceFiles::exists(const std::string& path) const {
  const bool found = behind_->exists(path);
  if (!found) note(path);
  return found;
}

context::FolderEntries SourceFiles::list(const std::string& folder) const {
  return behind_->list(folder);
}

std::string SourceFiles::real_path(const std::string& path) const {
  return behind_->real_path(path);
}

tl::expected<context::Walk, std::string> SourceFiles::walk(const std::string& folder,
                                                           const ignore::Matcher& ignore,
                                                           const context::WalkOptions& options) const {
  return behind_->walk(folder, ignore, options);
}

std::vector<context::Problem> SourceFiles::hash(context::Snapshot& snapshot, const std::string& folder,
                                                const context::HashingOptions& options) const {
  return behind_->hash(snapshot, folder, options);
}

void SourceFiles::note(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  sources_.insert(text::clean_path(path));
}

}  // namespace dcache::project
