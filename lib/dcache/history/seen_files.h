// What a reader asked of the files of a commit, so that one can tell whether another commit answers the same.
// Internal to history/.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dcache/context/forwarding_files.h"
#include "dcache/context/git_objects.h"

namespace dcache::history {

// Not to be shared between threads.
class SeenFiles : public context::ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  context::FolderEntries list(const std::string& folder) const override;

  // Whether other files, which differ in these paths below the absolute folder `root`, may give another
  // answer to what was asked.
  bool may_differ(const context::FileSystem& others, const std::vector<context::TreeChange>& changes,
                  const std::string& root) const;

 private:
  mutable std::set<std::string, std::less<>> read_;  // real paths
  mutable std::map<std::string, bool, std::less<>> exists_;
  mutable std::map<std::string, context::FolderEntries, std::less<>> lists_;
};

}  // namespace dcache::history
