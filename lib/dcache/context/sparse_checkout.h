// What git has and a sparse checkout leaves out of the work tree.
// Source: https://git-scm.com/docs/git-sparse-checkout
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dcache::context {

inline constexpr std::string_view kAddToCheckout = "add its folder with git sparse-checkout add";

class SparseCheckout {
 public:
  // That of the repository which a folder is in. Leaves out nothing if there is no repository, or its
  // checkout is not sparse. Reads the index of git.
  explicit SparseCheckout(const std::string& folder);

  // Whether it leaves out a file, or something in a folder. Not whether the path exists.
  bool leaves_out(const std::string& path) const;
  // The files that it leaves out of a folder, each as `folder/file`.
  std::vector<std::string> left_out_of(const std::string& folder) const;

 private:
  // A path after all links, from the root of the repository; "/" if it is outside of it.
  std::string from_root(const std::string& path) const;

  std::string root_;
  std::vector<std::string> left_out_;  // sorted, from the root
};

// Whether the path does not exist here since the sparse checkout leaves it out.
bool is_left_out_of_checkout(const std::string& path);

}  // namespace dcache::context
