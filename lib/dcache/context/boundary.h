// How far the names of files lead that somebody else may have put into a tree: symbolic links, and paths that
// definitions of builds contain.
//
// A repository that dcache looks at may belong to a stranger: a link in it must not make dcache print, or
// write, a file of the machine. So a link is followed within its root only: the git repository that it is in,
// or else the searched folder, or else the current folder, or else its own folder. What is in a `.git` folder
// may be a secret, too (the token of actions/checkout), and is outside. With `within` the same holds for a
// path that a file of the repository names: "dockerfile: /home/me/.netrc".
#pragma once

#include <string>
#include <vector>

namespace dcache::context {

class Boundary {
 public:
  // `folders` are those that are searched, and contexts. Nothing outside of the folders `within` may be read,
  // if there are any.
  explicit Boundary(std::vector<std::string> folders = {}, std::vector<std::string> within = {});

  // Why the file `real_path`, which `path` leads to after all links, is neither read nor written; empty if it
  // may be.
  std::string refusal(const std::string& path, const std::string& real_path) const;

 private:
  // `folder` is the searched one that the path is in, empty for none.
  static std::string root_of(const std::string& path, const std::string& folder);
  std::string refusal_of_link(const std::string& path, const std::string& real_path) const;
  std::string refusal_outside(const std::string& real_path) const;

  std::vector<std::string> folders_;  // absolute
  std::vector<std::string> within_;   // after all links
};

// The current folder; empty where it was deleted.
std::string current_folder();
// The path from the root of the file system, cleaned; links are not followed. Relative in a deleted folder.
std::string absolute_path(const std::string& path);

// The same after all symbolic links of what exists; the last parts need not be there.
std::string resolved_path(const std::string& path);

}  // namespace dcache::context
