#include "dcache/report/explain.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/cache/revision.h"
#include "dcache/cache/what_if.h"
#include "dcache/context/git.h"
#include "dcache/project/affected.h"
#include "dcache/project/cache_option.h"
#include "dcache/report/rebuild_time.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> changed;
  std::vector<std::string> since;
  std::vector<std::string> git;
  std::vector<std::string> cache_from;
  std::string only;
  uint32_t why = 0;
  bool files = false;
  std::string format = "text";
};

const std::map<std::string, cache::Verdict> kVerdicts = {{"hit", cache::Verdict::kHit},
                                                         {"miss", cache::Verdict::kMiss},
                                                         {"depends", cache::Verdict::kDepends},
                                                         {"unused", cache::Verdict::kUnused},
                                                         {"unknown", cache::Verdict::kUnknown}};

// A path as one writes it in the current folder.
std::string path_from_here(const std::string& path) {
  const std::string here = current_folder(), root = context::repository_root(here);
  if (!path.starts_with('/') || root.empty() || !text::is_within(path, root)) return path;
  return std::filesystem::path(path).lexically_relative(here).generic_string();
}

// "when a.go and b.go change"
std::string occasion_of(const std::vector<cache::ChangedPath>& paths) {
  if (paths.empty()) return "when nothing changes";
  const std::string first = path_from_here(paths[0].given);
  if (paths.size() == 1) return "when " + first + " changes";
  if (paths.size() == 2) return fmt::format("when {} and {} change", first, path_from_here(paths[1].given));
  return fmt::format("when {} and {} other files change", first, paths.size() - 1);
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

// What is asked, of which images, and the answer.
class Question {
 public:
  Question(const Options& options, bool& failed) : options_(options), failed_(failed) {}

  // False, with a word on standard error, if there is none.
  bool answer() {
    if (!options_.git.empty()) return answer_git();
    selection_ = select_images(options_.build, failed_);
    if (selection_.meant.empty() || !is_one_if_needed() || !import_caches()) return false;
    return options_.since.empty() ? answer_changed() : answer_since();
  }

  bool is_about_several() const { return selection_.meant.size() > 1 || !is_of_one_file(); }

  // One for each image that is meant.
  std::vector<const project::ImageEffect*> effects() const {
    std::vector<const project::ImageEffect*> effects;
    for (const size_t index : selection_.meant)
      effects.push_back(&affected_.images[index]);
    return effects;
  }
  const std::vector<text::Failure>& failures() const { return affected_.failures; }
  const std::vector<std::string>& outside() const { return affected_.outside; }

  // "when main.go changes, on a worker that starts empty"
  std::string occasion(const project::ImageEffect& effect) const {
    if (options_.cache_from.empty()) return question(effect);
    const bool is_alone = options_.git.empty() && options_.since.empty() && options_.changed.empty();
    return (is_alone ? "" : question(effect) + ", ") + "on a worker that starts empty";
  }

 private:
  std::string question(const project::ImageEffect& effect) const {
    if (!options_.git.empty()) return git_occasion(options_.git);
    if (!options_.since.empty()) return "since " + text::list_words(options_.since);
    return effect.all_steps == nullptr ? "when these files change" : occasion_of(effect.all_steps->paths);
  }

  // A folder or a project may hold any number of images: what programs read must not depend on how many there
  // are today.
  bool is_of_one_file() const {
    const std::vector<std::string>& files = options_.build.files;
    if (files.empty()) return true;
    return files.size() == 1 && selection_.project.images[selection_.meant.front()].build.dockerfile ==
                                    text::clean_path(files.front());
  }

  bool is_one_if_needed() const {
    const bool needs_one = (!options_.since.empty() && !names_folder(options_.since)) || options_.why != 0;
    if (!is_about_several() || !needs_one) return true;
    complain("--since FILE and --why are about one image: name one with -f or --image");
    return false;
  }

  bool import_caches() { return cli::import_caches(options_.build, options_.cache_from, selection_); }

  bool answer_git() {
    const auto revisions =
        cache::Revisions::open(folder_of_git(options_.build), options_.git, disk_of(options_.build));
    if (!revisions) {
      complain(text::words_of(revisions.error()));
      return false;
    }
    const std::vector<std::string> changed = revisions->changed_paths();
    selection_ = select_images(options_.build, failed_, revisions->after(), changed);
    if (selection_.meant.empty() || !is_one_if_needed() || !import_caches()) return false;
    const auto read = [&](const std::shared_ptr<const context::FileSystem>& files) {
      return select_images(options_.build, failed_, files, changed, false).project;
    };
    affected_ = project::affected_since(selection_.project, *revisions, read, judging());
    return true;
  }

  bool answer_since() {
    const auto states = read_states(options_.since, selection_);
    if (!states) return false;
    affected_ = project::affected_since(selection_.project, *states, judging());
    return true;
  }

  bool answer_changed() {
    const auto changed = read_names(options_.changed);
    if (!changed) return false;
    const std::vector<std::string> names = add_names_of_root(*changed, selection_.project);
    affected_ = project::affected_by(selection_.project, names, current_folder(), judging());
    return true;
  }

  project::AffectedOptions judging() {
    return {.only = selection_.meant,
            .keep_steps = true,
            .platform_is_given = !options_.build.platform.empty(),
            .progress = std::ref(line_)};
  }

  const Options& options_;
  bool& failed_;
  Selection selection_;
  project::Affected affected_;
  HashingLine line_;
};

// Names of stages that the Dockerfile does not have. Builders say nothing of them.
void warn_of_stages(const std::vector<std::string>& names, const cache::Build& build) {
  for (const std::string& name : names) {
    const plan::Stage* stage = build.graph().find_stage(name);
    if (stage != nullptr && !stage->name.empty() && text::equals_ignoring_case(stage->name, name)) continue;
    complain(fmt::format("warning: --no-cache-filter {}: {} has no stage of that name", name,
                         build.options().dockerfile));
  }
}

report::Explanation explanation_of(const project::ImageEffect& effect, const observe::Durations& durations) {
  report::Explanation explanation = report::explanation_of(effect);
  explanation.rebuild_time = report::rebuild_time(explanation.build, explanation.report, durations);
  return explanation;
}

bool print_text(const Options& options, const project::ImageEffect& effect, const std::string& occasion,
                bool several, const observe::Durations& durations) {
  std::string out;
  const report::Style style(use_colour());
  const project::ImageSteps& steps = *effect.all_steps;
  if (options.why != 0) {
    if (!report::append_why(steps.build, steps.report, options.why, style, out)) {
      complain(fmt::format("--why {}: no step starts in this line of {}", options.why,
                           steps.build.options().dockerfile));
      return false;
    }
  } else {
    report::ExplainOptions what{.occasion = occasion, .several = several, .files = options.files};
    if (!options.only.empty()) what.only = kVerdicts.at(options.only);
    report::append_explanation(explanation_of(effect, durations), what, style, out);
  }
  print_and_clear(out);
  return true;
}

void print_unknown(const project::ImageEffect& effect, const std::string& occasion) {
  std::string out;
  report::append_unknown_image(effect, occasion, report::Style(use_colour()), out);
  print_and_clear(out);
}

void print_json(const std::vector<const project::ImageEffect*>& effects, bool several,
                const observe::Durations& durations) {
  std::vector<report::Explanation> explanations;
  std::vector<const project::ImageEffect*> without_steps;
  for (const project::ImageEffect* effect : effects) {
    if (effect->all_steps == nullptr) {
      without_steps.push_back(effect);
    } else {
      explanations.push_back(explanation_of(*effect, durations));
    }
  }
  std::string out;
  if (several) {
    report::append_explanations_json(explanations, without_steps, out);
  } else if (!explanations.empty()) {
    report::append_explanation_json(explanations.front(), out);
  }
  print_and_clear(out);
}

// The question that was not asked in full: what rebuilds since the last commit?
bool complete(Options& options) {
  if (!is_one_question(options.changed, options.since, options.git)) return false;
  if (!options.changed.empty() || !options.since.empty() || !options.git.empty()) return true;
  if (!options.cache_from.empty()) return true;
  if (context::repository_root(current_folder()).empty()) {
    complain(
        "there is no git repository here to compare with; name what changed: --changed FILE, or --since "
        "SNAPSHOT "
        "with what dcache snapshot recorded");
    return false;
  }
  options.git = {"HEAD"};
  return true;
}

// Whether only a search found the Dockerfile of an image: nobody need build it.
bool is_only_found(const BuildFlags& flags, const project::Image& image) {
  const auto is_file = [&](const std::string& path) {
    return text::clean_path(path) == image.build.dockerfile;
  };
  return image.origin().kind == project::DefinitionKind::kDockerfile && flags.images.empty() &&
         std::ranges::none_of(flags.files, is_file);
}

// Says what is wrong with an image that has no steps to show. True if nothing is: of several images one may
// be unknown.
bool is_well(const BuildFlags& flags, const project::ImageEffect& effect, bool several) {
  const bool may_fail = several && is_only_found(flags, *effect.image);
  if (!effect.failures.empty() && !may_fail) {
    complain_of(effect.failures);
    return false;
  }
  if (!several) complain_of_unknown(*effect.image, effect.reason);
  return several;
}

int run(Options options) {
  if (!complete(options)) return kError;
  options.build.prefers_importing =
      std::ranges::find(options.cache_from, project::kDefinedImports) != options.cache_from.end();
  bool failed = false;
  Question question(options, failed);
  if (!question.answer()) return kError;
  const bool several = question.is_about_several();
  complain_of(question.failures());
  failed = failed || !question.failures().empty();
  const std::vector<const project::ImageEffect*> effects = question.effects();
  const observe::Durations durations = known_durations(options.build);
  for (const project::ImageEffect* effect : effects) {
    if (effect->all_steps == nullptr) {
      failed = !is_well(options.build, *effect, several) || failed;
      if (several && options.format == "text") print_unknown(*effect, question.occasion(*effect));
      continue;
    }
    const cache::Build& build = effect->all_steps->build;
    warn_of(build);
    warn_of_stages(options.build.no_cache_filter, build);
    if (!has_imported_stages(build)) return kError;
    if (options.format == "text" &&
        !print_text(options, *effect, question.occasion(*effect), several, durations))
      failed = true;
  }
  if (options.format == "json") print_json(effects, several, durations);
  warn_of_outside(question.outside(), several);
  return failed ? kError : kOk;
}

}  // namespace

Command explain_command() {
  auto options = std::make_shared<Options>();
  Command command("explain", "Show which steps rebuild, and why");
  Option& changed = command.texts("--changed", "FILE...", options->changed,
                                  "Files that change, relative to the current folder or the context: a "
                                  "folder for everything in it, a pattern for "
                                  "what it matches in the context, - for a list on standard input");
  changed.takes_rest = true;
  command.texts("--since", "FILE", options->since,
                "Compare with a state that dcache snapshot recorded, or with a folder of them; several for a "
                "builder that has built several, the "
                "last build last");
  command.texts(
      "--git", "REVISION", options->git,
      "Compare the work tree with a revision, or two revisions: A..B, or A...B to start at their merge base; "
      "several for a builder that has built several");
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  command.texts(
      "--cache-from", "MODE[:STAGE]", options->cache_from,
      "Assume a worker that starts empty and imports what that build exported: none, inline, min or "
      "max, of its target or of a stage; type=TYPE,mode=MODE as for docker buildx build; or defined, "
      "for what the definition of the image imports");
  command.flag("--no-cache", options->build.no_cache, "Assume a build with --no-cache");
  command
      .texts("--no-cache-filter", "STAGE", options->build.no_cache_filter,
             "Assume a build that does not use the cache for these stages")
      .separator = ',';
  add_store_option(command, options->build);
  command.text("--only", "", options->only, "Show only the steps with this verdict").choices = {
      "hit", "miss", "depends", "unused", "unknown"};
  command.number("--why", "LINE", options->why, "Show only why the step in this line rebuilds");
  command.flag("--files", options->files, "List all files that changed, below the step that they rebuild");
  command.text("--format", "", options->format, "Output format").choices = {"text", "json"};
  add_builder_options(command, options->build);
  command.arguments("FILE", options->changed, "The same as --changed FILE");
  command.notes =
      "Marks: ✓ reused, ✗ rebuilt, ~ reused only if a rebuilt step gives the same output,\n"
      "       ? not known without asking the registry, - not needed for the target";
  command.examples =
      "  dcache explain                             # since the last commit\n"
      "  dcache explain --image api --changed cmd/app1/main.go\n"
      "  dcache explain -f build/Dockerfile --context . --changed go.mod pkg/\n"
      "  git diff --name-only HEAD~1 | dcache explain --only miss --changed -\n"
      "  dcache explain --git HEAD\n"
      "  dcache explain -f services/ --git origin/main...HEAD\n"
      "  dcache explain --why 12 --changed '*.go'\n"
      "  dcache snapshot -o before.json && vi Dockerfile && dcache explain --since before.json\n"
      "  dcache explain --git main --git feature    # on a builder that has built both\n"
      "  dcache explain --no-cache-filter test --git HEAD\n"
      "  dcache explain --cache-from max --git HEAD~1   # on a CI worker that starts empty\n"
      "  dcache explain --image api --cache-from defined --changed main.go";
  command.exit_status =
      "0, or 2 if the Dockerfile or its context can't be read, or the only image asked about is not known.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
