#include "dcache/project/sources.h"

#include "dcache/text/path.h"

namespace dcache::project {

std::vector<std::string> SourceFiles::sources() const {
  const std::scoped_lock lock(mutex_);
  return {sources_.begin(), sources_.end()};
}

tl::expected<std::string, std::string> SourceFiles::read(const std::string& path) const {
  note(path);
  return behind_->read(path);
}

// What is there and is not read says nothing that counts: a Dockerfile that is looked for.
bool SourceFiles::exists(const std::string& path) const {
  const bool found = behind_->exists(path);
  if (!found) note(path);
  return found;
}

std::vector<context::Listed> SourceFiles::list(const std::string& folder) const {
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
