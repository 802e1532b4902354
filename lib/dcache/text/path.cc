#include "dcache/text/path.h"

#include <algorithm>

namespace dcache::text {

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  const bool rooted = path.front() == '/';
  std::string clean(rooted ? "/" : "");
  size_t fixed = clean.size();  // `..` can't climb above this
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
    if (clean.size() > (rooted ? 1U : 0U)) clean += '/';
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
  return path.substr(0, slash == 0 ? 1 : slash);
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "." || folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace dcache::text
