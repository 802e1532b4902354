#include "dcache/text/path.h"

#include <algorithm>

#include "dcache/text/unicode.h"

namespace dcache::text {
namespace {

#ifdef _WIN32
constexpr bool kIsWindows = true;
#else
constexpr bool kIsWindows = false;
#endif

bool starts_with_drive(std::string_view path) {
  if (path.size() < 2 || path[1] != ':') return false;
  return (path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z');
}

// How much of a path that is not empty is its root, with the slash. Of a drive alone that is the same: there
// is one current folder, and not one for each drive.
size_t root_size(std::string_view path) {
  if (kIsWindows && starts_with_drive(path)) return path.size() > 2 && path[2] == '/' ? 3 : 2;
  return path.front() == '/' ? 1 : 0;
}

}  // namespace

bool is_absolute(std::string_view path) {
  return !path.empty() && root_size(path) > 0;
}

std::string_view drive_of(std::string_view path) {
  return kIsWindows && starts_with_drive(path) ? path.substr(0, 2) : std::string_view();
}

bool is_root(std::string_view path) {
  return is_absolute(path) && root_size(path) == path.size();
}

std::string portable_path(std::string path) {
  if (kIsWindows) std::ranges::replace(path, '\\', '/');
  return path;
}

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  const size_t root = root_size(path);
  const bool rooted = root > 0;
  std::string clean(path.substr(0, root));
  path.remove_prefix(root);
  if (clean.ends_with(':')) clean += '/';
  if (clean.size() > 1) clean[0] = ascii_upper(clean[0]);
  const size_t fixed_root = clean.size();
  size_t fixed = fixed_root;  // `..` can't climb above this
  for (size_t at = 0; at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && clean.size() > fixed) {
      const size_t last = clean.rfind('/');
      clean.resize(last == std::string::npos || last < fixed ? fixed : last);
      continue;
    }
    if (part == ".." && rooted) continue;
    if (clean.size() > fixed_root) clean += '/';
    clean += part;
    if (part == "..") fixed = clean.size();
  }
  return clean.empty() ? "." : clean;
}

std::string join_path(std::string_view a, std::string_view b) {
  if (a.empty()) return b.empty() ? "" : clean_path(b);
  if (b.empty()) return clean_path(a);
  std::string joined(a);
  joined += '/';
  joined += b;
  return clean_path(joined);
}

std::string_view base_name(std::string_view path) {
  if (path.empty()) return ".";
  while (path.size() > 1 && path.back() == '/')
    path.remove_suffix(1);
  if (path == "/") return path;
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  if (kIsWindows) return path.substr(0, std::max(slash, root_size(path)));
  return path.substr(0, slash == 0 ? 1 : slash);
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "." || folder == "/") return true;
  if (kIsWindows && folder.ends_with('/')) return path.starts_with(folder);
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace dcache::text
