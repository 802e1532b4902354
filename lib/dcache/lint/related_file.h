// The files next to Dockerfiles that say how a build goes: ignore files and definitions of CI services.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dcache/lint/build_facts.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/document.h"
#include "dcache/text/line_index.h"

namespace dcache::lint {

using project::related_file_kind;
using project::RelatedFileKind;

// One such file. Belongs to one thread.
class RelatedFile {
 public:
  // `path` is what it is known by, and where other files are looked for from. `facts` gives what the context
  // of an ignore file contains; null or empty where that is not known. `files`, which other files are read
  // from, has to outlive this object.
  RelatedFile(RelatedFileKind kind, std::string path, std::string source, BuildFacts facts = {},
              const context::FileSystem& files = *context::disk());
  RelatedFile(RelatedFile&&) = delete;

  RelatedFileKind kind() const { return kind_; }
  const std::string& path() const { return path_; }
  text::Document text() const { return {source_, lines_}; }
  const BuildContext* build_context();
  // Which ignore files builds read; null where that is not known.
  std::shared_ptr<const IgnoreFileUse> ignore_use() const { return facts_.ignore_use(); }
  const context::FileSystem& files() const { return *files_; }

 private:
  RelatedFileKind kind_;
  std::string path_;
  std::string source_;
  text::LineIndex lines_;
  BuildFacts facts_;
  const context::FileSystem* files_;
  bool asked_ = false;
  std::shared_ptr<const BuildContext> build_context_;
};

}  // namespace dcache::lint
