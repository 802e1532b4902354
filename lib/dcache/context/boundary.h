// How far symbolic links lead that somebody else may have put into a tree.
//
// A repository that dcache looks at may belong to a stranger: a link in it must not make dcache print, or
// write, a file of the machine. So a link is followed within its root only: the git repository that it is in,
// or else the searched folder, or else the current folder, or else its own folder. What is in a `.git` folder
// may be a secret, too (the token of actions/checkout), and is outside.
#pragma once

#include <string>
#include <vector>

namespace dcache::context {

class Boundary {
 public:
  // The folders that are searched, and contexts.
  explicit Boundary(std::vector<std::string> folders = {});

  // Why the file `real_path`, which `path` leads to after all links, is neither read nor written; empty if it
  // may be.
  std::string refusal(const std::string& path, const std::string& real_path) const;

 private:
  // `folder` is the searched one that the path is in, empty for none.
  static std::string root_of(const std::string& path, const std::string& folder);

  std::vector<std::string> folders_;  // absolute
};

// The path from the root of the file system, cleaned; links are not followed.
std::string absolute_path(const std::string& path);

}  // namespace dcache::context
