#include "cli/dockerfiles.h"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "dcache/lint/companion.h"
#include "dcache/text/path.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

// All Dockerfiles below a folder, sorted. What an entry is comes with its name: most are not looked at again.
std::vector<std::string> search(const std::string& folder, Companions companions) {
  std::vector<std::string> found;
  std::error_code failure;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    const std::string& path = at->path().native();
    const std::string_view name = text::base_name(path);
    if (name == ".git" || name == "node_modules") {
      if (at->is_directory(failure)) at.disable_recursion_pending();
    } else if ((lint::is_dockerfile_name(name) ||
                (companions == Companions::kYes && lint::companion_kind(path).has_value())) &&
               at->is_regular_file(failure)) {
      found.push_back(path.starts_with("./") ? path.substr(2) : path);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::vector<std::string> find_dockerfiles(const std::vector<std::string>& paths, Companions companions) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code failure;
    if (path == "-" || !fs::is_directory(path, failure)) {
      files.push_back(path);
      continue;
    }
    const std::vector<std::string> found = search(path, companions);
    if (found.empty()) complain(fmt::format("warning: no Dockerfile in the folder {}", path));
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace dcache::cli
