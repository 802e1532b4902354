#include "dcache/project/context_choice.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "dcache/project/definitions.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

constexpr size_t kMostMissing = 3;

// A path that has to be in the context.
struct Needed {
  std::string path;     // from the context
  std::string written;  // as in the Dockerfile
};

// What the needed steps take from the context by name, each once. What depends on a variable without a value
// says nothing.
std::vector<Needed> needed_paths(const plan::Graph& graph) {
  std::vector<Needed> needed;
  std::set<std::string> seen;
  for (const plan::Step& step : graph.steps) {
    if (!step.needed) continue;
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kContext) continue;
      for (const plan::Selector& selector : read.selectors) {
        if (selector.takes_everything() || selector.path.find('$') != std::string::npos) continue;
        if (seen.insert(selector.path).second)
          needed.push_back({selector.path.substr(selector.path.starts_with('/') ? 1 : 0), selector.written});
      }
    }
  }
  return needed;
}

// Whether a folder contains something that the pattern describes, part by part.
bool has_match(const std::string& folder, std::string_view pattern, const context::FileSystem& files) {
  const size_t slash = pattern.find('/');
  const std::string_view part = pattern.substr(0, slash);
  const std::string_view rest = slash == std::string_view::npos ? "" : pattern.substr(slash + 1);
  if (!text::has_wildcard(part)) {
    const std::string path = text::join_path(folder, part);
    return files.exists(path) && (rest.empty() || has_match(path, rest, files));
  }
  return std::ranges::any_of(files.list(folder), [&](const context::Listed& entry) {
    if (!text::glob_match(part, entry.name)) return false;
    return rest.empty() || (entry.is_folder && has_match(text::join_path(folder, entry.name), rest, files));
  });
}

std::vector<std::string> missing_in(const std::string& folder, const std::vector<Needed>& needed,
                                    const context::FileSystem& files) {
  std::vector<std::string> missing;
  for (const Needed& path : needed) {
    if (missing.size() == kMostMissing) break;
    if (!has_match(folder, path.path, files)) missing.push_back(path.written);
  }
  return missing;
}

}  // namespace

ContextChoice choose_context(const plan::Graph& graph, const std::string& dockerfile, const std::string& root,
                             const context::FileSystem& files) {
  const std::vector<Needed> needed = needed_paths(graph);
  const std::string own(text::parent_path(dockerfile));
  std::vector<std::string> missing = missing_in(own, needed, files);
  if (missing.empty()) return {own, ContextChoice::Reason::kOwnFolder, {}, {}};
  const std::string top = files.real_path(root);
  std::string folder = own;
  for (std::string real = files.real_path(own); real != top && text::is_within(real, top);
       real = text::parent_path(real)) {
    folder = folder_above(folder);
    if (missing_in(folder, needed, files).empty())
      return {folder, ContextChoice::Reason::kParent, missing.front(), {}};
  }
  return {own, ContextChoice::Reason::kNone, {}, std::move(missing)};
}

}  // namespace dcache::project
