#include "rules/context_git.h"

#include <utility>

#include "dcache/text/path.h"

namespace dcache::rules {

ContextGit::ContextGit(const lint::BuildContext& context) {
  const std::string folder = context.file_system->real_path(context.folder);
  if (context::repository_root(folder).empty()) return;  // spares to load libgit2
  auto repository = context::GitRepository::open(folder);
  if (!repository || !text::is_within(folder, repository->root())) return;
  if (folder != repository->root()) prefix_ = folder.substr(repository->root().size() + 1) + "/";
  repository_.emplace(std::move(*repository));
}

bool ContextGit::ignores(const std::string& path, bool is_folder) const {
  return repository_ && repository_->ignores(prefix_ + path, is_folder);
}

bool ContextGit::tracks(const std::string& file) const {
  if (!repository_) return false;
  const auto content = repository_->content("HEAD", prefix_ + file);
  return content && *content;
}

bool ContextGit::tracks_any(const lint::BuildContext& context, const context::Record& record) const {
  if (record.type == context::Type::kFile) return tracks(record.path);
  constexpr size_t kMostFiles = 16;
  size_t files = 0;
  for (const context::Record& below : context.files.below(record.path)) {
    if (below.type != context::Type::kFile) continue;
    if (tracks(below.path)) return true;
    if (++files == kMostFiles) break;
  }
  return false;
}

bool ContextGit::will_be_cloned(const std::string& file) const {
  return repository_ && repository_->tracks(prefix_ + file);
}

}  // namespace dcache::rules
