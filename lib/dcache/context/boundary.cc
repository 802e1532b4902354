#include "dcache/context/boundary.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::context {

std::string current_folder() {
  std::error_code failure;
  return text::portable_path(std::filesystem::current_path(failure).string());
}

std::string absolute_path(const std::string& path) {
  return text::is_absolute(path) ? text::clean_path(path) : text::join_path(current_folder(), path);
}

std::string resolved_path(const std::string& path) {
  std::string absolute = absolute_path(path);
  std::error_code failure;
  const std::filesystem::path resolved =
      std::filesystem::weakly_canonical(text::system_path(absolute), failure);
  return failure ? absolute : text::portable_path(resolved.string());
}

Boundary::Boundary(std::vector<std::string> folders, std::vector<std::string> within)
    : folders_(std::move(folders)), within_(std::move(within)) {
  for (std::string& folder : folders_)
    folder = absolute_path(folder);
  // The innermost is found first.
  std::ranges::sort(folders_, std::ranges::greater(), &std::string::size);
  for (std::string& folder : within_)
    folder = text::real_path(absolute_path(folder));
}

std::string Boundary::refusal(const std::string& path, const std::string& real_path) const {
  std::string refusal = refusal_of_link(path, real_path);
  return refusal.empty() ? refusal_outside(real_path) : refusal;
}

std::string Boundary::refusal_outside(const std::string& real_path) const {
  if (within_.empty()) return {};
  const auto root = std::ranges::find_if(
      within_, [&](const std::string& folder) { return text::is_within(real_path, folder); });
  if (root == within_.end())
    return fmt::format("it is outside of {}, and only the command line can name such a file",
                       within_.front());
  if ((real_path.substr(std::min(root->size(), real_path.size())) + '/').find("/.git/") == std::string::npos)
    return {};
  return "it is one of the files of git, and only the command line can name such a file";
}

std::string Boundary::refusal_of_link(const std::string& path, const std::string& real_path) const {
  std::string place = absolute_path(path);
  if (place == real_path) return {};  // there is no link in it
  const auto folder = std::ranges::find_if(
      folders_, [&](const std::string& candidate) { return text::is_within(place, candidate); });
  const bool is_given = folder != folders_.end();
  // Links on the way to a folder that somebody named are not the repository's.
  const std::string real_folder = is_given ? text::real_path(*folder) : "";
  if (is_given)
    place = text::join_path(real_folder, place.substr(std::min(folder->size() + 1, place.size())));
  const std::string root = root_of(place, real_folder);
  const std::string real_root = text::real_path(root);
  const bool inside = text::is_within(real_path, real_root);
  if (inside && !text::is_within(real_path, text::join_path(real_root, ".git"))) return {};
  return fmt::format("it is a symbolic link to {}, which is outside of {}; put a file in its place",
                     real_path, inside ? "the files of the repository" : root);
}

std::string Boundary::root_of(const std::string& path, const std::string& folder) {
  const std::string own(text::parent_path(path));
  std::string root = repository_root(own);
  // A link of a repository to another one leads out of it.
  while (!root.empty() && text::real_path(root) != root) {
    std::string outer = repository_root(std::string(text::parent_path(root)));
    if (outer.empty() || text::is_within(text::real_path(root), text::real_path(outer))) break;
    root = std::move(outer);
  }
  if (!root.empty()) return root;
  if (!folder.empty()) return folder;
  std::string current = absolute_path(".");
  return text::is_within(own, current) ? current : own;
}

}  // namespace dcache::context
