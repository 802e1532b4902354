#include "dcache/project/effects.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/missing.h"
#include "dcache/plan/image.h"
#include "dcache/project/definitions.h"
#include "dcache/project/unknown.h"
#include "dcache/text/path.h"

namespace dcache::project {

bool declares(const cache::Build& build, const std::string& name) {
  for (const dockerfile::Instruction& instruction : build.file().instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) break;
    for (const dockerfile::Word& word : instruction.arguments) {
      if (word.text.substr(0, word.text.find('=')) == name) return true;
    }
  }
  return std::ranges::any_of(build.graph().stages, [&](const plan::Stage& stage) {
    return stage.needed && stage.declared.contains(name);
  });
}

namespace {

using cache::Build;
using cache::StepReport;
using cache::Verdict;
using plan::Step;

// What the image says in addition to its files: the instructions that make no step, of the stages that it is
// made of.
std::vector<std::string> configuration_of(const Build& build) {
  std::vector<std::string> lines;
  const plan::Graph& graph = build.graph();
  std::set<const dockerfile::Instruction*> steps;
  for (const Step& step : graph.steps) {
    if (step.kind != Step::Kind::kImage) steps.insert(step.instruction);
  }
  std::set<size_t> stages;
  for (std::optional<size_t> at = graph.target; at && stages.insert(*at).second;)
    at = graph.stages[*at].base_stage;
  std::optional<size_t> stage;
  for (const dockerfile::Instruction& instruction : build.file().instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) stage = stage ? *stage + 1 : 0;
    if (!stage || !stages.contains(*stage) || steps.contains(&instruction)) continue;
    const bool is_argument = instruction.keyword == dockerfile::Keyword::kArg;
    if (!is_argument && instruction.keyword != dockerfile::Keyword::kFrom)
      lines.push_back(fmt::format("{}", instruction.one_line()));
  }
  return lines;
}

// What the image is made of in the end: the key of its last step. Nothing for an empty one.
std::optional<context::Hash> result_of(const Build& build) {
  const plan::Graph& graph = build.graph();
  std::set<size_t> seen;
  for (std::optional<size_t> at = graph.target; at && seen.insert(*at).second;
       at = graph.stages[*at].base_stage) {
    const std::optional<size_t> last = graph.stages[*at].last_step;
    if (last) return build.keys()[*last].key.if_changed;
  }
  return std::nullopt;
}

// The frontend that reads the Dockerfile, if it is not Docker's own: nobody else knows what it makes of it.
// Source: https://docs.docker.com/build/buildkit/frontend/
std::string other_frontend(const Build& build) {
  const auto& arguments = build.options().plan.build_args;
  const auto given = arguments.find("BUILDKIT_SYNTAX");
  std::string frontend =
      given != arguments.end() ? given->second : std::string(build.file().directive("syntax").value_or(""));
  frontend.resize(std::min(frontend.find_first_of(" \t"), frontend.size()));
  const std::string reference = frontend.empty() ? "" : plan::normal_reference(frontend);
  const bool is_own =
      reference.empty() || plan::read_reference(reference).name ==
                               plan::read_reference(plan::normal_reference("docker/dockerfile")).name;
  return is_own ? "" : frontend;
}

// Whether an argument is for the builder: no Dockerfile declares it.
// Source: https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args
bool is_of_builder(std::string_view name) {
  return name == "SOURCE_DATE_EPOCH" || (name.starts_with("BUILDKIT_") && name != "BUILDKIT_SYNTAX");
}

// The build arguments that the stages which the target needs declare, and those of the builder, with the
// values they are given.
std::map<std::string, std::string> used_arguments(const Build& build) {
  std::map<std::string, std::string> used;
  for (const auto& argument : build.options().plan.build_args) {
    const bool counts = is_of_builder(argument.first) ||
                        std::ranges::any_of(build.graph().stages, [&](const plan::Stage& stage) {
                          return stage.needed && stage.declared.contains(argument.first);
                        });
    if (counts) used.insert(argument);
  }
  return used;
}

// Why a file that a step names may be missing.
std::string missing_words(const Build& build, const cache::Cause& cause) {
  cache::MissingFile missing = cache::missing_file(build, cause);
  return std::move(missing.words) + (missing.may_be_made ? "; a step before the build may make it" : "");
}

// Whether a named context that is neither a folder nor an image of a registry says which content it has: a
// layout by its digest, a repository by its commit.
bool is_pinned(std::string_view context) {
  constexpr size_t kDigits = 40;
  const size_t hash = context.rfind('#');
  if (hash == std::string_view::npos) return context.find("@sha256:") != std::string_view::npos;
  const std::string_view commit = context.substr(hash + 1, context.find(':', hash) - hash - 1);
  return commit.size() == kDigits && commit.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A named context that may have other content in each build, and that the Dockerfile uses: the reason, or
// nothing.
std::string open_context(const Image& image, const Build& build) {
  for (const auto& [name, value] : image.target.contexts) {
    const bool is_fetched = value.find("://") != std::string::npos || value.starts_with("git@");
    if (!is_fetched || value.starts_with(plan::kImageScheme) || is_pinned(value)) continue;
    if (build.file().source().find(name) != std::string_view::npos)
      return fmt::format("the named context {} is {}", name, value);
  }
  return {};
}

constexpr std::string_view kArgumentPrefix = "args.";

// What an image's definition leaves open and its build may see: the reason, or nothing.
std::string unknown_of(const Image& image, const Build& build) {
  for (const UnknownAttribute& unknown : image.target.unknown) {
    const std::string& attribute = unknown.attribute;
    if (!unknown.varies || attribute.starts_with("platform") || !may_change_steps(unknown)) continue;
    if (attribute.starts_with(kArgumentPrefix) && !declares(build, attribute.substr(kArgumentPrefix.size())))
      continue;
    return words_of(unknown);
  }
  return open_context(image, build);
}

}  // namespace

int weight_of(Effect effect) {
  switch (effect) {
    case Effect::kUnaffected:
      return 0;
    case Effect::kConfiguration:
      return 1;
    case Effect::kMayRebuild:
      return 2;
    case Effect::kUnknown:
      return 3;
    case Effect::kNew:
      return 4;
    case Effect::kRebuilt:
      return 5;
  }
  return 0;
}

void tell_steps(const Build& build, const cache::Report& report, ImageEffect& effect) {
  const plan::Graph& graph = build.graph();
  const StepReport* first = nullptr;
  const StepReport* first_open = nullptr;
  for (const StepReport& step : report.steps) {
    const Step& planned = graph.steps[step.step];
    if (step.verdict == Verdict::kUnused) continue;
    const bool image = planned.kind == Step::Kind::kImage;
    effect.steps += image ? 0 : 1;
    // What runs in every build is not an effect of a change.
    if (planned.runs_always && step.cause.kind == cache::Cause::Kind::kAlways && !step.follows) continue;
    const bool rebuilds = step.verdict == Verdict::kMiss;
    const bool may = step.verdict == Verdict::kDepends || (step.verdict == Verdict::kUnknown && !image);
    if (!rebuilds && !may) continue;
    (rebuilds ? effect.rebuilt : effect.may_rebuild) += image ? 0 : 1;
    if (rebuilds && first == nullptr) first = &step;
    if (may && first_open == nullptr) first_open = &step;
  }
  const StepReport* shown = first != nullptr ? first : first_open;
  if (shown == nullptr) return;
  if (shown->cause.kind == cache::Cause::Kind::kMissing) {
    effect.effect = Effect::kUnknown;
    effect.reason = missing_words(build, shown->cause);
    return;
  }
  effect.effect = first != nullptr ? Effect::kRebuilt : Effect::kMayRebuild;
  const Step& planned = graph.steps[shown->step];
  effect.step = *shown;
  effect.line = planned.instruction->start_line;
  effect.stage = graph.stages[planned.stage].label();
  if (shown->follows) effect.follows_line = graph.steps[*shown->follows].instruction->start_line;
  effect.instruction = planned.one_line();
  effect.trigger = planned.trigger;
  if (shown->cause.kind == cache::Cause::Kind::kImage && shown->cause.change == "rebuilt")
    effect.through = shown->cause.name;
}

void tell_failures(const Image& image, std::vector<text::Failure> failures, ImageEffect& effect) {
  if (std::string reason = made_before(image); !reason.empty()) {
    effect.effect = Effect::kUnknown;
    effect.reason = std::move(reason);
    return;
  }
  effect.reason = "it can't be built: " + text::words_of(failures.front());
  const Origin& origin = image.origin();
  for (text::Failure& failure : failures) {
    // What an option names in place of the definition's target is not the definition's fault.
    const bool is_of_option = image.build.plan.target != image.target.target;
    const bool is_of_file = origin.kind != DefinitionKind::kDockerfile && failure.line == 0 && !is_of_option;
    if (is_of_file)
      failure = {origin.path, origin.line, 1, fmt::format("{}: {}", image.target.name, failure.message),
                 "correct the context or the Dockerfile of this image"};
  }
  if (origin.kind == DefinitionKind::kDockerfile) {
    effect.failures = std::move(failures);
    return;
  }
  // What only CI knows may be what is missing.
  const auto open = std::ranges::find_if(image.target.unknown, [](const UnknownAttribute& unknown) {
    return unknown.varies && may_change_steps(unknown);
  });
  effect.effect = Effect::kUnknown;
  if (open != image.target.unknown.end()) {
    effect.reason = words_of(*open);
  } else {
    effect.failures = std::move(failures);
  }
}

void tell_lone_failure(const Image& image, const std::vector<std::string>& changed, ImageEffect& effect) {
  if (image.origin().kind != DefinitionKind::kDockerfile || effect.failures.empty()) return;
  const context::FileSystem& files = *image.build.files;
  const std::string context = files.real_path(image.build.context);
  const std::string dockerfile = files.real_path(image.build.dockerfile);
  const bool is_changed = std::ranges::any_of(
      changed, [&](const std::string& path) { return path == dockerfile || text::is_within(path, context); });
  if (is_changed) effect.effect = Effect::kUnknown;
}

std::vector<OpenArgument> open_arguments(const Image& image, const Build& build) {
  std::vector<OpenArgument> open;
  for (const UnknownAttribute& unknown : image.target.unknown) {
    if (!unknown.varies || !unknown.attribute.starts_with(kArgumentPrefix)) continue;
    std::string name = unknown.attribute.substr(kArgumentPrefix.size());
    if (declares(build, name)) open.push_back({std::move(name), words_of(unknown)});
  }
  return open;
}

void tell_unknown(const Image& image, const Build& build, ImageEffect& effect) {
  if (effect.effect == Effect::kRebuilt || !effect.reason.empty()) return;
  std::string unknown = unknown_of(image, build);
  if (unknown.empty()) return;
  effect.effect = Effect::kUnknown;
  effect.reason = std::move(unknown);
}

void tell_configuration(const Build& build, std::span<const Build> before, ImageEffect& effect) {
  const std::string frontend = other_frontend(build);
  const auto has_same_frontend = [&](const Build& then) { return other_frontend(then) == frontend; };
  if (std::ranges::none_of(before, has_same_frontend)) {
    effect.effect = Effect::kUnknown;
    effect.reason = fmt::format(
        "another frontend reads its Dockerfile: {}, and {} before", frontend.empty() ? "Docker's" : frontend,
        other_frontend(before.back()).empty() ? "Docker's" : other_frontend(before.back()));
    return;
  }
  const auto now = configuration_of(build);
  const auto arguments = used_arguments(build);
  for (const Build& then : before) {
    if (configuration_of(then) == now && used_arguments(then) == arguments && has_same_frontend(then)) return;
  }
  effect.effect = Effect::kConfiguration;
  const auto then = configuration_of(before.back());
  const auto changed = std::ranges::find_if(
      now, [&](const std::string& line) { return std::ranges::find(then, line) == then.end(); });
  effect.reason = "no step rebuilds, but the configuration of the image changes";
  if (changed != now.end()) effect.reason += ": " + *changed;
}

void tell_result(const Build& build, std::span<const Build> before, ImageEffect& effect) {
  if (effect.effect != Effect::kUnaffected) return;
  const auto now = result_of(build);
  if (std::ranges::any_of(before, [&](const Build& then) { return result_of(then) == now; })) return;
  effect.effect = Effect::kRebuilt;
  effect.reason = "no step rebuilds, but the image consists of other steps than before";
}

std::string made_before(const Image& image) {
  const cache::BuildOptions& build = image.build;
  const context::FileSystem& files = *build.files;
  constexpr std::string_view kWords = "{} does not exist; a step before the build may make it";
  for (const auto& [name, folder] : build.plan.named_contexts) {
    if (!folder.starts_with(plan::kImageScheme) && !files.exists(folder)) return fmt::format(kWords, folder);
  }
  const bool has_context = build.context == cache::kNoContext || files.exists(build.context);
  const bool is_there = has_context && (build.dockerfile_text || files.exists(build.dockerfile));
  for (const UnknownAttribute& unknown : image.target.unknown) {
    if (!is_there && (unknown.attribute == "context" || unknown.attribute == "dockerfile"))
      return words_of(unknown);
  }
  const bool is_of_ci = std::ranges::all_of(image.target.defined,
                                            [](const Origin& origin) { return is_built_by_ci(origin.kind); });
  if (!is_of_ci) return {};
  if (!has_context) return fmt::format(kWords, build.context);
  return build.dockerfile_text || files.exists(build.dockerfile) ? "" : fmt::format(kWords, build.dockerfile);
}

std::string lost_platform(const std::string& platform) {
  return fmt::format("the image is not built for {} any more", platform);
}

}  // namespace dcache::project
