#include "dcache/context/sparse_checkout.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "dcache/context/boundary.h"
#include "dcache/context/git.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::context {

SparseCheckout::SparseCheckout(const std::string& folder) {
  const std::string root = repository_root(resolved_path(folder));
  if (root.empty()) return;
  const auto repository = GitRepository::open(root);
  if (!repository) return;
  root_ = root;
  left_out_ = repository->left_out_paths();
  std::ranges::sort(left_out_);
}

std::string SparseCheckout::from_root(const std::string& path) const {
  const std::string real = text::clean_path(resolved_path(path));
  if (root_.empty() || !text::is_within(real, root_)) return "/";
  return real.substr(std::min(root_.size() + 1, real.size()));
}

bool SparseCheckout::leaves_out(const std::string& path) const {
  if (left_out_.empty()) return false;
  const std::string wanted = from_root(path);
  if (std::ranges::binary_search(left_out_, wanted)) return true;
  const std::string folder = wanted.empty() ? wanted : wanted + '/';
  const auto inside = std::ranges::lower_bound(left_out_, folder);
  return inside != left_out_.end() && inside->starts_with(folder);
}

std::vector<std::string> SparseCheckout::left_out_of(const std::string& folder) const {
  std::vector<std::string> found;
  if (left_out_.empty()) return found;
  const std::string wanted = from_root(folder);
  const std::string start = wanted.empty() ? wanted : wanted + '/';
  for (const std::string& path : left_out_) {
    if (path.starts_with(start)) found.push_back(text::join_path(folder, path.substr(start.size())));
  }
  return found;
}

bool is_left_out_of_checkout(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::exists(text::system_path(path), failure)) return false;
  return SparseCheckout(std::string(text::parent_path(path))).leaves_out(path);
}

}  // namespace dcache::context
