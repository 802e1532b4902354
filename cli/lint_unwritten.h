// What `lint --fix` would have written to files, for `--diff`.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "dcache/context/forwarding_files.h"

namespace dcache::cli {

// Files of which some have other texts than on the disk: fixes of one file see what those of another make of
// an ignore file, as they do if that is written.
class UnwrittenFiles : public context::ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  void write(const std::string& path, std::string text);

  tl::expected<std::string, std::string> read(const std::string& path) const override;
  bool exists(const std::string& path) const override;

 private:
  // Null if the file is as it is on the disk.
  const std::string* find(const std::string& path) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> texts_;  // by the path after all links
};

}  // namespace dcache::cli
