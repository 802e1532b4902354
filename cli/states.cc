#include "cli/states.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "cli/terminal.h"
#include "dcache/project/cache_option.h"
#include "dcache/project/snapshots.h"
#include "dcache/text/failure.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::cli {
namespace {

void keep_recorded_platforms(const std::vector<cache::Build>& states, project::Image& image) {
  std::vector<std::string> kept;
  std::ranges::copy_if(image.judged_platforms(), std::back_inserter(kept), [&](const std::string& platform) {
    return std::ranges::any_of(
        states, [&](const cache::Build& state) { return state.options().plan.platform == platform; });
  });
  if (kept.empty()) return;
  image.build.plan.platform = kept.front();
  image.target.platforms = std::move(kept);
}

}  // namespace

std::string folder_of_git(const BuildFlags& flags) {
  if (!flags.context.empty()) return flags.context;
  if (flags.files.empty()) return ".";
  const std::string& first = flags.files.front();
  return std::filesystem::is_directory(text::system_path(first)) ? first
                                                                 : std::string(text::parent_path(first));
}

bool names_folder(const std::vector<std::string>& since) {
  return std::ranges::any_of(
      since, [](const std::string& path) { return std::filesystem::is_directory(text::system_path(path)); });
}

std::optional<project::States> read_states(const std::vector<std::string>& since, Selection& selection) {
  if (names_folder(since)) {
    auto states = project::read_snapshots(since, selection.project);
    if (states) return std::move(*states);
    complain(text::words_of(states.error()));
    return std::nullopt;
  }
  if (selection.meant.size() != 1) {
    complain("--since FILE needs one image: choose one with -f or --image");
    return std::nullopt;
  }
  std::vector<cache::Build> states;
  for (const std::string& file : since) {
    auto recorded = project::read_snapshot(file);
    if (!recorded) {
      complain(text::words_of(recorded.error()));
      return std::nullopt;
    }
    std::ranges::move(*recorded, std::back_inserter(states));
  }
  project::Image& image = selection.project.images[selection.meant.front()];
  keep_recorded_platforms(states, image);
  project::States by_name;
  by_name.emplace(image.target.name, std::move(states));
  return by_name;
}

bool import_caches(const BuildFlags& flags, const std::vector<std::string>& cache_from,
                   Selection& selection) {
  if (cache_from.empty()) return true;
  if (flags.builder_is_given && flags.builder != plan::Builder::kBuildkit) {
    complain("--cache-from is about caches of BuildKit: leave out --builder");
    return false;
  }
  const auto notes = project::import_caches(selection.project, selection.meant, cache_from);
  if (!notes) {
    complain("--cache-from: " + text::words_of(notes.error()));
    return false;
  }
  for (const std::string& note : notes->assumed)
    complain("note: --cache-from: " + note);
  for (const std::string& warning : notes->warnings)
    complain("warning: " + warning);
  return true;
}

bool has_imported_stages(const cache::Build& build) {
  const auto wrong = project::wrong_import(build.options(), build.graph());
  if (wrong) complain("--cache-from: " + text::words_of(*wrong));
  return !wrong;
}

}  // namespace dcache::cli
