#include "dcache/lint/related_file.h"

#include <utility>

namespace dcache::lint {

RelatedFile::RelatedFile(RelatedFileKind kind, std::string path, std::string source, BuildFacts facts,
                         const context::FileSystem& files)
    : kind_(kind),
      path_(std::move(path)),
      source_(std::move(source)),
      lines_(source_),
      facts_(std::move(facts)),
      files_(&files) {}

const BuildContext* RelatedFile::build_context() {
  if (!asked_) {
    asked_ = true;
    build_context_ = facts_.build_context();
  }
  return build_context_.get();
}

}  // namespace dcache::lint
