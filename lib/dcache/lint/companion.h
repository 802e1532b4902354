// The files beside Dockerfiles that say how a build goes: ignore files and definitions of CI services.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dcache/lint/surroundings.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/document.h"
#include "dcache/text/line_index.h"

namespace dcache::lint {

using project::companion_kind;
using project::CompanionKind;

// One such file. Belongs to one thread.
class Companion {
 public:
  // `path` is what it is known by, and where other files are looked for from. `load` gives what the context
  // of an ignore file contains; null or empty where that is not known. `files`, which other files are read
  // from, has to outlive the companion.
  Companion(CompanionKind kind, std::string path, std::string source, LoadSurroundings load = {},
            const context::FileSystem& files = *context::disk());
  Companion(Companion&&) = delete;

  CompanionKind kind() const { return kind_; }
  const std::string& path() const { return path_; }
  text::Document text() const { return {source_, lines_}; }
  const Surroundings* surroundings();
  // Which ignore files builds read; null where that is not known.
  std::shared_ptr<const IgnoreFileUse> ignore_use() const { return load_.ignore_use(); }
  const context::FileSystem& files() const { return *files_; }

 private:
  CompanionKind kind_;
  std::string path_;
  std::string source_;
  text::LineIndex lines_;
  LoadSurroundings load_;
  const context::FileSystem* files_;
  bool asked_ = false;
  std::shared_ptr<const Surroundings> surroundings_;
};

}  // namespace dcache::lint
