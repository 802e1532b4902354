#include "dcache/lint/companion.h"

#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"

namespace dcache::lint {

std::optional<CompanionKind> companion_kind(std::string_view path) {
  const std::string_view name = text::base_name(path);
  if (name.ends_with(".dockerignore") || name.ends_with(".containerignore"))
    return CompanionKind::kIgnoreFile;
  const auto kind = project::definition_kind(path);
  if (kind == project::DefinitionKind::kGitlabCi) return CompanionKind::kGitlabCi;
  if (kind == project::DefinitionKind::kWorkflow) return CompanionKind::kWorkflow;
  return std::nullopt;
}

Companion::Companion(CompanionKind kind, std::string path, std::string source, LoadSurroundings load,
                     const context::FileSystem& files)
    : kind_(kind),
      path_(std::move(path)),
      source_(std::move(source)),
      lines_(source_),
      load_(std::move(load)),
      files_(&files) {}

const Surroundings* Companion::surroundings() {
  if (!asked_) {
    asked_ = true;
    surroundings_ = load_();
  }
  return surroundings_.get();
}

}  // namespace dcache::lint
