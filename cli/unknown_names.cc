#include "cli/unknown_names.h"

#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/disk.h"
#include "dcache/context/git.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

// Whether the index or one of the commits has it, or nobody can tell.
bool was_in(const context::GitRepository& repository, const std::string& name,
            std::span<const std::string> commits) {
  const std::string place =
      text::clean_path(text::is_absolute(name) ? name : text::join_path(current_folder(), name));
  if (!text::is_within(place, repository.root()) || place == repository.root()) return false;
  const std::string path = place.substr(repository.root().size() + 1);
  if (repository.tracks(path) || repository.tracks_below(path)) return true;
  return std::ranges::any_of(commits, [&](const std::string& commit) {
    const auto content = repository.content(commit, path);
    return !content || content->has_value();
  });
}

// Where a name may be: in the current folder, at the root of the repository, and in contexts.
std::vector<std::string> places_of(const std::string& name, const project::Project& project) {
  const auto read = read_names({name});
  std::vector<std::string> places = add_names_of_root(read.value_or(std::vector{name}), project);
  if (text::is_absolute(name)) return places;
  const auto add = [&](const std::string& context) {
    if (!context.empty() && context != cache::kNoContext) places.push_back(text::join_path(context, name));
  };
  for (const project::Image& image : project.images) {
    add(image.build.context);
    for (const auto& [named, folder] : image.build.plan.named_contexts) {
      if (!folder.starts_with(plan::kImageScheme)) add(folder);
    }
  }
  return places;
}

// The path with the part that does not exist replaced by the nearest name of its folder; empty if that does
// not exist either.
std::string nearest_path(const std::string& name) {
  const context::FileSystem& files = *context::disk();
  std::string folder = text::is_absolute(name) ? "/" : ".";
  const std::string path = text::clean_path(name);
  for (size_t begin = path.find_first_not_of('/'); begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const std::string place = text::join_path(folder, part);
    if (!files.exists(place)) {
      const context::FolderEntries known = files.list(folder);
      std::vector<std::string_view> names;
      names.reserve(known.size());
      for (const context::FolderEntry& entry : known)
        names.push_back(entry.name);
      const std::string_view closest = text::closest(part, names);
      const std::string suggested =
          closest.empty() ? "" : text::join_path(folder, std::string(closest)) + path.substr(end);
      return !suggested.empty() && files.exists(suggested) ? suggested : "";
    }
    folder = place;
    begin = end + 1;
  }
  return {};
}

}  // namespace

bool is_gone(const std::string& name) {
  return !text::has_wildcard(name) && !context::disk()->exists(name);
}

std::vector<std::string> unknown_names(const std::vector<std::string>& names,
                                       const std::vector<std::string>& commits,
                                       const project::Project& project) {
  std::vector<std::string> unknown;
  using Repository = tl::expected<context::GitRepository, std::string>;
  std::optional<Repository> repository;  // opened for a name that is not there: it takes a while
  const auto was_tracked = [&](const std::string& place) {
    if (!repository) repository.emplace(context::GitRepository::open("."));
    return *repository && was_in(**repository, place, commits);
  };
  for (const std::string& name : names) {
    if (name == "-") continue;
    const std::vector<std::string> places = places_of(name, project);
    if (std::ranges::all_of(places, is_gone) && std::ranges::none_of(places, was_tracked))
      unknown.push_back(name);
  }
  return unknown;
}

void warn_of_unknown(const std::vector<std::string>& unknown) {
  constexpr size_t kShown = 5;
  if (unknown.empty()) return;
  const bool is_one = unknown.size() == 1;
  std::vector<std::string> nearest;
  for (const std::string& name : unknown) {
    std::string path = nearest_path(name);
    if (!path.empty() && nearest.size() < kShown) nearest.push_back(fmt::format("'{}'", path));
  }
  const std::string question =
      nearest.empty() ? "" : fmt::format("; did you mean {}?", text::list_words(nearest));
  complain(fmt::format("warning: {} {} and git does not track {}, so {} as deleted{}",
                       text::list_words(unknown, kShown), is_one ? "does not exist" : "do not exist",
                       is_one ? "it" : "them", is_one ? "it counts" : "they count", question));
}

}  // namespace dcache::cli
