#include "dcache/context/submodules.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::context {

namespace {

// The paths that .gitmodules names.
std::vector<std::string> paths_in(std::string_view settings) {
  std::vector<std::string> paths;
  while (!settings.empty()) {
    const size_t end = std::min(settings.find('\n'), settings.size());
    const std::string_view line = text::trim(settings.substr(0, end));
    settings.remove_prefix(std::min(end + 1, settings.size()));
    const size_t equals = std::min(line.find('='), line.size());
    if (!text::equals_ignoring_case(text::trim(line.substr(0, equals)), "path")) continue;
    std::string_view path = text::trim(line.substr(std::min(equals + 1, line.size())));
    if (path.size() > 1 && path.starts_with('"') && path.ends_with('"'))
      path = path.substr(1, path.size() - 2);
    if (!path.empty()) paths.push_back(text::clean_path(path));
  }
  return paths;
}

}  // namespace

std::string missing_submodule(const std::string& root, const std::string& path, const FileSystem& files) {
  const std::string settings = text::join_path(root, ".gitmodules");
  if (!files.exists(settings)) return {};
  for (const std::string& submodule : paths_in(files.read(settings).value_or(""))) {
    const std::string folder = text::join_path(root, submodule);
    if (text::is_within(path, folder) && !files.exists(text::join_path(folder, ".git"))) return submodule;
  }
  return {};
}

}  // namespace dcache::context
