// Templates of Dockerfiles among the files that a search finds.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "dcache/context/file_system.h"
#include "dcache/dockerfile/file.h"

namespace dcache::cli {

// Safe to use from many threads.
class FoundTemplates {
 public:
  // `files` has to outlive the object.
  explicit FoundTemplates(const context::FileSystem& files) : files_(files) {}

  // Whether a file is a template, or a part that templates include, and no Dockerfile. `file` is what it
  // contains.
  bool contain(const std::string& path, const dockerfile::File& file) const;

 private:
  // Whether a folder contains templates with the names of Dockerfiles.
  bool has_templates(const std::string& folder) const;

  const context::FileSystem& files_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, bool> has_templates_;  // of folders that were asked about
};

}  // namespace dcache::cli
