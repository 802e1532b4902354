// A file system that knows whether something that it was asked for has changed since.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "dcache/context/forwarding_files.h"

namespace dcache::context {

// Over the disk, whose files it compares by their stamps; a change that leaves size and times as they were is
// not seen.
class WatchedFiles : public ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  // A file or folder that was read, listed, walked or looked for, and is another one now, has other entries,
  // is gone or came, files before folders; nothing if all are as they were. What is below a folder that was
  // walked counts as far as the walk entered it, by names.
  std::optional<std::string> changed() const;

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  FolderEntries list(const std::string& folder) const override;
  tl::expected<Walk, std::string> walk(const std::string& folder, const ignore::Matcher& ignore,
                                       const WalkOptions& options) const override;

 private:
  void note(const std::string& path) const;

  mutable std::mutex mutex_;
  mutable std::map<std::string, std::optional<Stamp>> noted_;  // nothing for what was not there
};

}  // namespace dcache::context
