// Another file system, for classes that change some of its answers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dcache/context/file_system.h"

namespace dcache::context {

class ForwardingFiles : public FileSystem {
 public:
  explicit ForwardingFiles(std::shared_ptr<const FileSystem> behind) : behind_(std::move(behind)) {}

  tl::expected<std::string, std::string> read(const std::string& path) const override {
    return behind_->read(path);
  }
  bool exists(const std::string& path) const override { return behind_->exists(path); }
  FolderEntries list(const std::string& folder) const override { return behind_->list(folder); }
  std::string real_path(const std::string& path) const override { return behind_->real_path(path); }
  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override {
    return behind_->walk(folder, ignore, options);
  }
  std::vector<Problem> hash(Snapshot& snapshot, const std::string& folder,
                            const HashingOptions& options) const override {
    return behind_->hash(snapshot, folder, options);
  }

 protected:
  const FileSystem& behind() const { return *behind_; }

 private:
  std::shared_ptr<const FileSystem> behind_;
};

}  // namespace dcache::context
