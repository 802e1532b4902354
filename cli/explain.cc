#include "dcache/report/explain.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/cache/revision.h"
#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "dcache/context/git.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
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

// "when a.go and b.go change"
std::string occasion_of(const std::vector<std::string>& changed) {
  if (changed.empty()) return "when nothing changes";
  if (changed.size() == 1) return "when " + changed[0] + " changes";
  if (changed.size() == 2) return "when " + changed[0] + " and " + changed[1] + " change";
  return fmt::format("when {} and {} other files change", changed[0], changed.size() - 1);
}

// The names, with patterns replaced by what they match in the context.
std::vector<std::string> expand_patterns(const std::vector<std::string>& given, const cache::Build& build) {
  std::vector<std::string> names;
  for (const std::string& name : given) {
    const size_t before = names.size();
    if (text::has_wildcard(name) && build.context().find(name) == nullptr) {
      for (const context::Record& record : build.context().records()) {
        if (text::glob_match(name, record.path)) names.push_back(record.path);
      }
    }
    if (names.size() > before) continue;
    if (text::has_wildcard(name))
      complain(fmt::format("warning: {} matches no file in the build context", name));
    names.push_back(name);
  }
  return names;
}

// One image with its verdicts.
struct JudgedImage {
  project::Image image;
  cache::Build build;
  cache::Report report;
  std::vector<cache::ChangedPath> paths = {};
  std::string occasion = {};
  std::vector<cache::Failure> notes = {};  // what it was not compared with, and why
};

std::string git_occasion(const std::vector<std::string>& ranges) {
  const std::string& range = ranges.front();
  const size_t dots = range.find("..");
  if (dots == std::string::npos) return "since " + text::list_words(ranges);
  const std::string to = range.substr(range.find_first_not_of('.', dots) == std::string::npos
                                          ? range.size()
                                          : range.find_first_not_of('.', dots));
  return fmt::format("between {} and {}", range.substr(0, dots), to.empty() ? "HEAD" : to);
}

class Judge {
 public:
  Judge(const Options& options, std::vector<std::string> changed)
      : options_(options), changed_(std::move(changed)) {}

  std::optional<JudgedImage> judge(project::Image image) {
    if (!image.remote.empty()) {
      complain(fmt::format("{}: {}, so its files are not known", image.target.name, image.remote));
      return std::nullopt;
    }
    if (!options_.git.empty()) return judge_git(std::move(image));
    image.build.names_only = options_.since.empty();
    auto build = cache::Build::load(image.build);
    if (!build) {
      complain_of(build.error());
      return std::nullopt;
    }
    warn_of(*build);
    return options_.since.empty() ? judge_changed(std::move(image), std::move(*build))
                                  : judge_since(std::move(image), std::move(*build));
  }

 private:
  std::optional<JudgedImage> judge_git(project::Image image) {
    const cache::Revisions* revisions = revisions_of(image.build);
    if (revisions == nullptr) return std::nullopt;
    HashingLine line;
    auto comparison = revisions->compare(image.build, std::ref(line));
    if (!comparison) {
      complain_of(comparison.error());
      return std::nullopt;
    }
    return JudgedImage{.image = std::move(image),
                       .build = std::move(comparison->after),
                       .report = std::move(comparison->report),
                       .occasion = git_occasion(options_.git),
                       .notes = std::move(comparison->left_out)};
  }

  // Read once for all images of a repository; null, with a word on standard error, if they can't be.
  const cache::Revisions* revisions_of(const cache::BuildOptions& build) {
    const std::string folder = build.files->real_path(build.context);
    const std::string root = context::repository_root(folder);
    auto known = revisions_.find(root);
    if (known == revisions_.end()) {
      auto opened = cache::Revisions::open(root.empty() ? folder : root, options_.git, build.files);
      if (!opened) complain(text::words_of(opened.error()));
      known = revisions_.emplace(root, opened ? std::optional(std::move(*opened)) : std::nullopt).first;
    }
    return known->second ? &*known->second : nullptr;
  }

  std::optional<JudgedImage> judge_since(project::Image image, cache::Build build) const {
    std::vector<cache::Build> before;
    for (const std::string& file : options_.since) {
      const auto text = text::read_file(file);
      if (!text) {
        complain(text.error());
        return std::nullopt;
      }
      auto state = cache::read_state(*text);
      if (!state) {
        complain(fmt::format("{}: {}", file, state.error()));
        return std::nullopt;
      }
      before.push_back(std::move(*state));
    }
    std::vector<const cache::Build*> earlier;
    for (const cache::Build& state : before)
      earlier.push_back(&state);
    hash_files(build);
    cache::Report report = build.compare_with(earlier);
    return JudgedImage{.image = std::move(image),
                       .build = std::move(build),
                       .report = std::move(report),
                       .occasion = "since " + text::list_words(options_.since)};
  }

  std::optional<JudgedImage> judge_changed(project::Image image, cache::Build build) const {
    const std::vector<std::string> names = expand_patterns(changed_, build);
    cache::WhatIf what_if = cache::what_if_changed(build, cache::locate(build, names, current_folder()));
    return JudgedImage{.image = std::move(image),
                       .build = std::move(build),
                       .report = std::move(what_if.report),
                       .paths = std::move(what_if.paths),
                       .occasion = occasion_of(names)};
  }

  const Options& options_;
  std::vector<std::string> changed_;
  std::map<std::string, std::optional<cache::Revisions>> revisions_;  // by the root of the repository
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

report::Explanation explanation_of(const JudgedImage& judged) {
  return {judged.build, judged.report, judged.paths, &judged.image, judged.notes};
}

bool print_text(const Options& options, const JudgedImage& judged, bool several) {
  std::string out;
  const report::Style style(use_colour());
  if (options.why != 0) {
    if (!report::append_why(judged.build, judged.report, options.why, style, out)) {
      complain(fmt::format("--why {}: no step starts in this line of {}", options.why,
                           judged.build.options().dockerfile));
      return false;
    }
  } else {
    report::ExplainOptions what{.occasion = judged.occasion, .several = several, .files = options.files};
    if (!options.only.empty()) what.only = kVerdicts.at(options.only);
    report::append_explanation(explanation_of(judged), what, style, out);
    if (several) out += '\n';
  }
  print_and_clear(out);
  return true;
}

void print_json(const std::vector<JudgedImage>& images, bool several) {
  std::vector<report::Explanation> explanations;
  for (const JudgedImage& judged : images)
    explanations.push_back(explanation_of(judged));
  std::string out;
  if (several) {
    report::append_explanations_json(explanations, out);
  } else if (!explanations.empty()) {
    report::append_explanation_json(explanations.front(), out);
  }
  print_and_clear(out);
}

// Names that lie in the context of none of the images.
void warn_of_outside(const std::vector<JudgedImage>& images) {
  if (images.empty()) return;
  for (size_t i = 0; i < images.front().paths.size(); ++i) {
    const std::string& given = images.front().paths[i].given;
    const bool outside = std::all_of(images.begin(), images.end(), [&](const JudgedImage& judged) {
      return std::any_of(judged.paths.begin(), judged.paths.end(), [&](const cache::ChangedPath& path) {
        return path.given == given && path.fate == cache::ChangedPath::Fate::kOutside;
      });
    });
    if (outside) complain(fmt::format("warning: {} is in the build context of no image", given));
  }
}

// The question that was not asked in full: what rebuilds since the last commit?
bool complete(Options& options) {
  const int ways = int{!options.changed.empty()} + int{!options.since.empty()} + int{!options.git.empty()};
  if (ways > 1) {
    complain("--changed, --since and --git can't be combined: give one of them");
    return false;
  }
  if (ways == 1) return true;
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

int run(Options options) {
  if (!complete(options)) return kError;
  auto changed = read_names(options.changed);
  if (!changed) return kError;
  bool failed = false;
  std::vector<project::Image> images = images_of(options.build, failed);
  if (images.empty()) return kError;
  // A folder or a project may hold any number: what programs read must not depend on how many there are
  // today.
  const bool one_file = options.build.files.size() == 1 && images.size() == 1 &&
                        images.front().build.dockerfile == text::clean_path(options.build.files.front());
  const bool several = images.size() > 1 || (!options.build.files.empty() && !one_file);
  if (several && (!options.since.empty() || options.why != 0)) {
    complain("--since and --why are about one image: name one with -f or --image");
    return kError;
  }
  std::vector<JudgedImage> judged;
  Judge judge(options, std::move(*changed));
  for (project::Image& image : images) {
    auto one = judge.judge(std::move(image));
    if (!one) {
      failed = true;
      continue;
    }
    warn_of_stages(options.build.no_cache_filter, one->build);
    if (options.format == "text" && !print_text(options, *one, several)) failed = true;
    judged.push_back(std::move(*one));
  }
  if (options.format == "json") print_json(judged, several);
  if (several) warn_of_outside(judged);
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
  command.texts(
      "--since", "FILE", options->since,
      "Compare with a state that dcache snapshot recorded; several for a builder that has built several, the "
      "last build last");
  command.texts(
      "--git", "REVISION", options->git,
      "Compare the work tree with a revision, or two revisions: A..B, or A...B to start at their merge base; "
      "several for a builder that has built several");
  add_build_options(command, options->build, Dockerfiles::kSeveral);
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
      "  dcache explain --no-cache-filter test --git HEAD";
  command.exit_status = "0, or 2 if the Dockerfile or its context can't be read.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
