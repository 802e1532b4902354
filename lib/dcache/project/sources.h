// Which files a definition rests on.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dcache/context/file_system.h"
#include "dcache/text/failure.h"

namespace dcache::project {

// A file system that notes the files that are read through it, and those that are looked for and not there.
class SourceFiles : public context::FileSystem {
 public:
  explicit SourceFiles(std::shared_ptr<const context::FileSystem> behind) : behind_(std::move(behind)) {}

  // Their cleaned paths, sorted, each once.
  std::vector<std::string> sources() const;
  // Those that are there and can't be read: in a partial clone git has the name of a file and not its
  // content.
  std::vector<text::Failure> failures() const;

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  context::FolderEntries list(const std::string& folder) const override;
  std::string real_path(const std::string& path) const override;
  tl::expected<context::Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                                const context::WalkOptions& options) const override;
  std::vector<context::Problem> hash(context::Snapshot& snapshot, const std::string& folder,
                                     const context::HashingOptions& options) const override;

 private:
  void note(const std::string& path) const;
  bool is_folder(const std::string& path) const;

  std::shared_ptr<const context::FileSystem> behind_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> sources_;
  mutable std::map<std::string, std::string> unread_;  // why, by path
};

}  // namespace dcache::project
