#include "dcache/report/explain.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/question.h"
#include "cli/states.h"
#include "cli/terminal.h"
#include "dcache/project/cache_option.h"
#include "dcache/report/rebuild_time.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  QuestionFlags question;
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

// Names of stages that the Dockerfile does not have. Builders say nothing of them.
void warn_of_stages(const std::vector<std::string>& names, const cache::Build& build) {
  for (const std::string& name : names) {
    const plan::Stage* stage = build.graph().find_stage(name);
    if (stage != nullptr && !stage->name.empty() && text::equals_ignoring_case(stage->name, name)) continue;
    complain(fmt::format("warning: --no-cache-filter {}: {} has no stage of that name", name,
                         build.options().dockerfile));
  }
}

report::Explanation explanation_of(const project::ImageEffect& effect, const Question& question,
                                   const observe::Durations& durations) {
  report::Explanation explanation = report::explanation_of(effect);
  explanation.unknown = question.unknown();
  explanation.rebuild_time = report::rebuild_time(explanation.build, explanation.report, durations);
  return explanation;
}

bool print_text(const Options& options, const project::ImageEffect& effect, const Question& question,
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
    report::ExplainOptions what{
        .occasion = question.occasion(effect), .several = several, .files = options.files};
    if (!options.only.empty()) what.only = kVerdicts.at(options.only);
    report::append_explanation(explanation_of(effect, question, durations), what, style, out);
  }
  print_and_clear(out);
  return true;
}

void print_unknown(const project::ImageEffect& effect, const std::string& occasion) {
  std::string out;
  report::append_unknown_image(effect, occasion, report::Style(use_colour()), out);
  print_and_clear(out);
}

void print_json(const std::vector<const project::ImageEffect*>& effects, const Question& question,
                bool several, const observe::Durations& durations) {
  std::vector<report::Explanation> explanations;
  std::vector<const project::ImageEffect*> without_steps;
  for (const project::ImageEffect* effect : effects) {
    if (effect->all_steps == nullptr) {
      without_steps.push_back(effect);
    } else {
      explanations.push_back(explanation_of(*effect, question, durations));
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
  if (!complete(options.question)) return kError;
  options.build.prefers_importing =
      std::ranges::find(options.question.cache_from, project::kDefinedImports) !=
      options.question.cache_from.end();
  bool failed = false;
  Question question(options.question, options.build, failed);
  if (options.why != 0) question.needs_one("--why");
  if (!question.answer()) return kError;
  const bool several = question.is_about_several();
  complain_of(question.failures());
  for (const std::string& warning : question.warnings())
    complain("warning: " + warning);
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
    complain_of_problems(build);
    warn_of_stages(options.build.no_cache_filter, build);
    if (!has_imported_stages(build)) return kError;
    if (options.format == "text" && !print_text(options, *effect, question, several, durations))
      failed = true;
  }
  if (options.format == "json") print_json(effects, question, several, durations);
  warn_of_outside(question.outside(), several, question.unknown());
  return failed ? kError : kOk;
}

}  // namespace

Command explain_command() {
  auto options = std::make_shared<Options>();
  Command command("explain", "Show which steps rebuild, and why");
  add_question_options(command, options->question);
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
  command.arguments("FILE", options->question.changed, "The same as --changed FILE");
  command.notes =
      "Marks: ✓ reused, ✗ rebuilt, ~ reused only if something that dcache can't know stays the same\n"
      "       (the output of a rebuilt step, an argument, a file that git ignores),\n"
      "       ? only the registry knows, - not needed for the target";
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
  command.exit_status = "0, or 2 if the Dockerfile or its context can't be found or read.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
