// The files that a long-running program may read for the Dockerfiles that it is asked about: those of the
// repositories that these are in. What else a definition of a stranger names ("include: /home/me/.netrc",
// "context: /home/me") is refused, as it is on the command line: see context/boundary.h.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "dcache/context/forwarding_files.h"

namespace dcache::editor {

// The folders that something was asked about. Safe to use from many threads.
class AskedFolders {
 public:
  // The repository that a file is in, or the folder of a file that is in none.
  void add(const std::string& path);
  std::vector<std::string> all() const;
  // A folder that somebody named as a build context.
  void add_context(const std::string& folder);
  bool is_context(const std::string& folder) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> folders_;   // absolute
  std::set<std::string, std::less<>> contexts_;  // absolute
};

// Whether a folder contains all of the disk, or all that a user has.
bool is_wide(const std::string& folder);

class AskedFiles : public context::ForwardingFiles {
 public:
  // Without `wide_contexts` a folder that is_wide() is only walked if it is named as a build context.
  AskedFiles(std::shared_ptr<const context::FileSystem> files, std::shared_ptr<const AskedFolders> asked,
             bool wide_contexts = true)
      : ForwardingFiles(std::move(files)), asked_(std::move(asked)), wide_contexts_(wide_contexts) {}

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  // Nothing for a folder outside.
  context::FolderEntries list(const std::string& folder) const override;
  tl::expected<context::Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                                const context::WalkOptions& options) const override;

  // Why a path is not looked at; empty if it is.
  std::string refusal(const std::string& path) const;

 private:
  std::shared_ptr<const AskedFolders> asked_;
  bool wide_contexts_;
};

}  // namespace dcache::editor
