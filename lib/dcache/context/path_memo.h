// What is known of paths of the disk, for a command that asks of the same folders for each of many files and
// changes none. Internal to context/.
#pragma once

#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "dcache/context/file_system.h"

namespace dcache::context {

// What is in a folder of the disk, sorted by name; nothing where there is no such folder.
std::vector<FolderEntry> list_folder(const std::string& folder);

// May be shared between threads. Takes a bounded amount of memory.
class PathMemo {
 public:
  // As FileSystem has them.
  bool exists(const std::string& path);
  std::string real_path(const std::string& path);
  FolderEntries list(const std::string& folder);

 private:
  std::string real_folder(const std::string& folder);

  std::shared_mutex mutex_;
  std::unordered_map<std::string, bool> exists_;
  std::unordered_map<std::string, std::string> folders_;  // where they really are
  std::unordered_map<std::string, FolderEntries> lists_;
  size_t listed_ = 0;  // entries in all of `lists_`
};

}  // namespace dcache::context
