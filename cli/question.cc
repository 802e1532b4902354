#include "cli/question.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "cli/states.h"
#include "cli/unknown_names.h"
#include "dcache/cache/cache_import.h"
#include "dcache/cache/revision.h"
#include "dcache/context/git.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

// A path as one writes it in the current folder.
std::string path_from_here(const std::string& path) {
  const std::string here = current_folder(), root = context::repository_root(here);
  if (!text::is_absolute(path) || root.empty() || !text::is_within(path, root)) return path;
  return text::relative_path(path, here);
}

// "when a.go and b.go change", "when c.go, which does not exist, changes"
std::string occasion_of(const std::vector<cache::ChangedPath>& paths,
                        const std::vector<std::string>& unknown) {
  if (paths.empty()) return "when nothing changes";
  const auto is_unknown = [&](const cache::ChangedPath& path) {
    return std::ranges::find(unknown, path.given) != unknown.end();
  };
  const bool are_unknown = std::ranges::all_of(paths, is_unknown);
  const std::string first = path_from_here(paths[0].given);
  if (paths.size() == 1) {
    const std::string_view why = !are_unknown                         ? ""
                                 : text::has_wildcard(paths[0].given) ? ", which matches no file,"
                                                                      : ", which does not exist,";
    return fmt::format("when {}{} changes", first, why);
  }
  const std::string_view why = are_unknown ? ", which do not exist," : "";
  if (paths.size() == 2)
    return fmt::format("when {} and {}{} change", first, path_from_here(paths[1].given), why);
  return fmt::format("when {} and {} other files{} change", first, paths.size() - 1, why);
}

std::string git_occasion(const std::vector<std::string>& ranges) {
  const std::string& range = ranges.front();
  const size_t dots = range.find("..");
  if (dots == std::string::npos) return "since " + text::list_words(ranges);
  const std::string to = range.substr(range.find_first_not_of('.', dots) == std::string::npos
                                          ? range.size()
                                          : range.find_first_not_of('.', dots));
  return fmt::format("between {} and {}", range.substr(0, dots), to.empty() ? "HEAD" : to);
}

}  // namespace

void add_question_options(Command& command, QuestionFlags& flags) {
  Option& changed = command.texts("--changed", "FILE...", flags.changed,
                                  "Files that change, relative to the current folder or the context; a "
                                  "folder means everything in it, a pattern what it matches in the "
                                  "context, - a list on standard input");
  changed.takes_rest = true;
  changed.if_none = std::string(kListMayBeEmpty);
  command.texts(
      "--since", "FILE", flags.since,
      "Compare with a state that dcache snapshot recorded, or with a folder of them; give several, the "
      "last build last, if the builder has built several");
  command.texts(
      "--git", "REVISION", flags.git,
      "Compare the work tree with a revision, or two revisions: A..B, or A...B to start at their merge base; "
      "give several if the builder has built several");
  command.texts(
      "--cache-from", "MODE[:STAGE]", flags.cache_from,
      "Assume a worker that starts empty and imports what that build exported: none, inline, min or "
      "max, of its target or of a stage; type=TYPE,mode=MODE as for docker buildx build; or defined, "
      "for what the definition of the image imports");
}

bool complete(QuestionFlags& flags) {
  if (!is_one_question(flags.changed, flags.since, flags.git)) return false;
  if (!flags.changed.empty() || !flags.since.empty() || !flags.git.empty()) return true;
  if (!flags.cache_from.empty()) return true;
  if (context::repository_root(current_folder()).empty()) {
    complain(
        "there is no git repository here to compare with; name what changed: --changed FILE, or --since "
        "SNAPSHOT "
        "with what dcache snapshot recorded");
    return false;
  }
  flags.git = {"HEAD"};
  return true;
}

bool Question::answer() {
  if (!question_.git.empty()) return answer_git();
  selection_ = select_images(build_, failed_);
  if (selection_.meant.empty() || !is_one_if_needed() || !import_caches()) return false;
  return question_.since.empty() ? answer_changed() : answer_since();
}

std::vector<const project::ImageEffect*> Question::effects() const {
  std::vector<const project::ImageEffect*> effects;
  for (const size_t index : selection_.meant)
    effects.push_back(&affected_.images[index]);
  return effects;
}

std::string Question::occasion(const project::ImageEffect& effect) const {
  if (question_.cache_from.empty()) return words_for(effect);
  const bool is_alone = question_.git.empty() && question_.since.empty() && question_.changed.empty();
  const bool has_import = std::ranges::any_of(effect.image->build.cache_from, [](const auto& import) {
    return import.mode != cache::CacheImport::Mode::kNone;
  });
  return (is_alone ? "" : words_for(effect) + ", ") + "on a worker that starts empty" +
         (has_import ? " and imports a cache" : "");
}

std::string Question::words_for(const project::ImageEffect& effect) const {
  if (!question_.git.empty()) return git_occasion(question_.git);
  if (!question_.since.empty()) return "since " + text::list_words(question_.since);
  return effect.all_steps == nullptr ? "when these files change"
                                     : occasion_of(effect.all_steps->paths, unknown_);
}

// A folder or a project may hold any number of images: what programs read must not depend on how many there
// are today.
bool Question::is_of_one_file() const {
  const std::vector<std::string>& files = build_.files;
  if (files.empty()) return true;
  return files.size() == 1 && selection_.project.images[selection_.meant.front()].build.dockerfile ==
                                  text::clean_path(files.front());
}

bool Question::is_one_if_needed() const {
  const bool has_file = !question_.since.empty() && !names_folder(question_.since);
  if (!is_about_several() || (!has_file && needs_one_.empty())) return true;
  complain("--since FILE and --why need one image: choose one with -f or --image");
  return false;
}

bool Question::import_caches() {
  return cli::import_caches(build_, question_.cache_from, selection_);
}

bool Question::answer_git() {
  const auto revisions = cache::Revisions::open(folder_of_git(build_), question_.git, disk_of(build_));
  if (!revisions) {
    complain(text::words_of(revisions.error()));
    return false;
  }
  const std::vector<std::string> changed = revisions->changed_paths();
  selection_ = select_images(build_, failed_, revisions->after(), changed);
  if (selection_.meant.empty() || !is_one_if_needed() || !import_caches()) return false;
  const auto read = [&](const std::shared_ptr<const context::FileSystem>& files) {
    return select_images(build_, failed_, files, changed, false).project;
  };
  affected_ = project::affected_since(selection_.project, *revisions, read, judging());
  return true;
}

bool Question::answer_since() {
  const auto states = read_states(question_.since, selection_);
  if (!states) return false;
  affected_ = project::affected_since(selection_.project, *states, judging());
  return true;
}

bool Question::answer_changed() {
  const auto changed = read_names(question_.changed);
  if (!changed) return false;
  const std::vector<std::string> names = add_names_of_root(*changed, selection_.project);
  affected_ = project::affected_by(selection_.project, names, current_folder(), judging());
  unknown_ = unknown_names(question_.changed, {"HEAD"}, selection_.project);
  warn_of_unknown(unknown_);
  std::ranges::copy_if(affected_.outside, std::back_inserter(unknown_), [](const std::string& name) {
    return text::has_wildcard(name) && !text::is_absolute(name);
  });
  return true;
}

project::AffectedOptions Question::judging() {
  return {.only = selection_.meant,
          .keep_steps = true,
          .platform_is_given = !build_.platform.empty(),
          .progress = std::ref(line_)};
}

}  // namespace dcache::cli
