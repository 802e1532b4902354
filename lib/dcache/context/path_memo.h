// What is known of paths of the disk, for a command that asks of the same folders for each of many files and
// changes none. Internal to context/.
#pragma once

#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace dcache::context {

// May be shared between threads. Takes a bounded amount of memory.
class PathMemo {
 public:
  // As FileSystem has them.
  bool exists(const std::string& path);
  std::string real_path(const std::string& path);

 private:
  std::string real_folder(const std::string& folder);

  std::shared_mutex mutex_;
  std::unordered_map<std::string, bool> exists_;
  std::unordered_map<std::string, std::string> folders_;  // where they really are
};

}  // namespace dcache::context
