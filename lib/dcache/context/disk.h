// The file system of the machine, for a program whose user named files.
//
// As disk() of context/file_system.h it gives the content of regular files alone, up to a size that depends
// on the kind of file (docs/reliability.md), and follows links as far as Boundary lets it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dcache/context/file_system.h"

namespace dcache::context {

struct DiskOptions {
  std::vector<std::string> folders = {};  // those of Boundary
  std::vector<std::string> within = {};   // of Boundary too
  // Files that the user named: they are read whatever they are and wherever they lead.
  std::vector<std::string> named = {};
  // exists() and real_path() say what they said before: for a command that changes no files.
  bool remembers = false;
  // Told of each text that is read, by the thread that reads it.
  std::function<void(const std::string& path, const std::string& text)> note = {};
  // Told why a file that is there can't be read, in the same way.
  std::function<void(const std::string& path, const std::string& problem)> refused = {};
};
std::shared_ptr<const FileSystem> disk_with(DiskOptions options);

}  // namespace dcache::context
