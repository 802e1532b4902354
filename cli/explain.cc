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
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
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

// The names given, with `-` replaced by the lines of standard input.
std::optional<std::vector<std::string>> read_names(const std::vector<std::string>& given) {
  std::vector<std::string> names;
  for (const std::string& name : given) {
    if (name != "-") {
      names.push_back(name);
      continue;
    }
    const auto list = text::read_file("-");
    if (!list) {
      complain(list.error());
      return std::nullopt;
    }
    std::istringstream lines(*list);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) names.push_back(line);
    }
  }
  return names;
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
struct Judged {
  cache::Build build;
  cache::Report report;
  std::vector<cache::ChangedPath> paths = {};
  std::string occasion = {};
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

std::optional<Judged> judge_git(const Options& options, const cache::BuildOptions& build) {
  HashingLine line;
  auto revisions = cache::compare_revisions(build, options.git, std::ref(line));
  if (!revisions) {
    complain_of(revisions.error());
    return std::nullopt;
  }
  return Judged{.build = std::move(revisions->after),
                .report = std::move(revisions->report),
                .occasion = git_occasion(options.git)};
}

std::optional<Judged> judge_since(const Options& options, cache::Build build) {
  std::vector<cache::Build> before;
  for (const std::string& file : options.since) {
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
  return Judged{.build = std::move(build),
                .report = std::move(report),
                .occasion = "since " + text::list_words(options.since)};
}

std::optional<Judged> judge(const Options& options, const std::vector<std::string>& changed,
                            const std::string& file) {
  auto build_options = build_options_of(options.build, file);
  if (!build_options) return std::nullopt;
  if (!options.git.empty()) return judge_git(options, *build_options);
  build_options->names_only = options.since.empty();
  auto build = cache::Build::load(*build_options);
  if (!build) {
    complain_of(build.error());
    return std::nullopt;
  }
  warn_of(*build);
  if (!options.since.empty()) return judge_since(options, std::move(*build));
  const std::vector<std::string> names = expand_patterns(changed, *build);
  cache::WhatIf what_if = cache::what_if_changed(*build, cache::locate(*build, names, current_folder()));
  return Judged{.build = std::move(*build),
                .report = std::move(what_if.report),
                .paths = std::move(what_if.paths),
                .occasion = occasion_of(names)};
}

// Names of stages that the Dockerfile does not have. Builders say nothing of them.
void warn_of_stages(const std::vector<std::string>& names, const cache::Build& build) {
  for (const std::string& name : names) {
    const plan::Stage* stage = build.graph().find_stage(name);
    if (stage != nullptr && !stage->name.empty() && text::equals_ignoring_case(stage->name, name)) continue;
    complain(fmt::format("warning: --no-cache-filter {}: {} has no stage of that name", name,
                         build.options().dockerfile));
  }
}

bool print_text(const Options& options, const Judged& judged, bool several) {
  std::string out;
  const report::Style style(use_colour());
  if (options.why != 0) {
    if (!report::append_why(judged.build, judged.report, options.why, style, out)) {
      complain(fmt::format("--why {}: no step starts in this line of {}", options.why,
                           judged.build.options().dockerfile));
      return false;
    }
  } else {
    report::ExplainOptions what{.occasion = judged.occasion, .several = several};
    if (!options.only.empty()) what.only = kVerdicts.at(options.only);
    report::append_explanation({judged.build, judged.report, judged.paths}, what, style, out);
    if (several) out += '\n';
  }
  print_and_clear(out);
  return true;
}

void print_json(const std::vector<Judged>& images, bool several) {
  std::vector<report::Explanation> explanations;
  for (const Judged& judged : images)
    explanations.push_back({judged.build, judged.report, judged.paths});
  std::string out;
  if (several) {
    report::append_explanations_json(explanations, out);
  } else if (!explanations.empty()) {
    report::append_explanation_json(explanations.front(), out);
  }
  print_and_clear(out);
}

// Names that lie in the context of none of the images.
void warn_of_outside(const std::vector<Judged>& images) {
  if (images.empty()) return;
  for (size_t i = 0; i < images.front().paths.size(); ++i) {
    const std::string& given = images.front().paths[i].given;
    const bool outside = std::all_of(images.begin(), images.end(), [&](const Judged& judged) {
      return std::any_of(judged.paths.begin(), judged.paths.end(), [&](const cache::ChangedPath& path) {
        return path.given == given && path.fate == cache::ChangedPath::Fate::kOutside;
      });
    });
    if (outside) complain(fmt::format("warning: {} is in the build context of no image", given));
  }
}

int run(const Options& options) {
  const int ways = int{!options.changed.empty()} + int{!options.since.empty()} + int{!options.git.empty()};
  if (ways != 1) {
    complain(ways == 0 ? "say what changed: --changed FILE…, --since SNAPSHOT or --git REVISION"
                       : "--changed, --since and --git can't be combined: give one of them");
    return kError;
  }
  const auto changed = read_names(options.changed);
  if (!changed) return kError;
  const std::vector<std::string> files =
      options.build.files.empty() ? std::vector<std::string>{""} : find_files(options.build.files);
  if (files.empty()) return kError;
  // A folder may hold any number: what programs read must not depend on how many there are today.
  const bool several =
      options.build.files.size() > 1 || (!options.build.files.empty() && files != options.build.files);
  if (several && (!options.since.empty() || options.why != 0)) {
    complain("--since and --why are about one image: name one Dockerfile with -f");
    return kError;
  }
  int status = kOk;
  std::vector<Judged> images;
  for (const std::string& file : files) {
    auto judged = judge(options, *changed, file);
    if (!judged) {
      status = kError;
      continue;
    }
    warn_of_stages(options.build.no_cache_filter, judged->build);
    if (options.format == "text" && !print_text(options, *judged, several)) status = kError;
    images.push_back(std::move(*judged));
  }
  if (options.format == "json") print_json(images, several);
  if (several) warn_of_outside(images);
  return status;
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
  command.text("--format", "", options->format, "Output format").choices = {"text", "json"};
  add_builder_options(command, options->build);
  command.arguments("FILE", options->changed, "The same as --changed FILE");
  command.notes =
      "Marks: ✓ reused, ✗ rebuilt, ~ reused only if a rebuilt step gives the same output,\n"
      "       ? not known without asking the registry, - not needed for the target";
  command.examples =
      "  dcache explain --changed cmd/app1/main.go\n"
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
