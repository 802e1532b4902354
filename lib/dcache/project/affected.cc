#include "dcache/project/affected.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/what_if.h"
#include "dcache/context/file_system.h"
#include "dcache/context/submodules.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/needs.h"
#include "dcache/project/unknown.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using cache::Build;
using cache::BuildOptions;
using cache::StepReport;
using cache::Verdict;
using plan::Step;

constexpr std::array<std::string_view, 6> kNames = {"unaffected",    "rebuilt", "may-rebuild",
                                                    "configuration", "new",     "unknown"};

// What the image says beside its files: the instructions that make no step, of the stages that it is made of.
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
    if (last) return build.keys()[*last].key.certain;
  }
  return std::nullopt;
}

// The build arguments that the stages which the target needs declare, with the values they are given.
std::map<std::string, std::string> used_arguments(const Build& build) {
  std::map<std::string, std::string> used;
  for (const auto& argument : build.options().plan.build_args) {
    const bool declared = std::ranges::any_of(build.graph().stages, [&](const plan::Stage& stage) {
      return stage.needed && stage.declared.contains(argument.first);
    });
    if (declared) used.insert(argument);
  }
  return used;
}

// Why a file that a step names may be missing. `root` is that of the repository.
std::string missing_words(const Build& build, const cache::Cause& cause, const std::string& root) {
  const std::string place = text::join_path(build.options().context, cause.path);
  const std::string submodule = context::missing_submodule(root, place, *build.options().files);
  const std::string missing =
      fmt::format("{} (line {}) does not exist in the context", cause.path, cause.line);
  if (submodule.empty()) return missing + "; is it made before the build?";
  return fmt::format("{}: the git submodule {} is not checked out (git submodule update --init)", missing,
                     submodule);
}

// Fills in what a comparison of the steps says.
void tell_steps(const Build& build, const cache::Report& report, const std::string& root,
                ImageEffect& effect) {
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
    effect.reason = missing_words(build, shown->cause, root);
    return;
  }
  effect.effect = first != nullptr ? Effect::kRebuilt : Effect::kMayRebuild;
  const Step& planned = graph.steps[shown->step];
  effect.step = *shown;
  effect.line = planned.instruction->start_line;
  effect.stage = graph.stages[planned.stage].label();
  if (shown->follows) effect.follows_line = graph.steps[*shown->follows].instruction->start_line;
  effect.instruction = planned.instruction->one_line();
  if (shown->cause.kind == cache::Cause::Kind::kImage && shown->cause.change == "rebuilt")
    effect.through = shown->cause.name;
}

// A folder or a Dockerfile that the build needs and that is not there, as it is if an earlier step of a CI
// job makes it: the reason, or nothing.
std::string made_before(const Image& image) {
  const cache::BuildOptions& build = image.build;
  const context::FileSystem& files = *build.files;
  constexpr std::string_view kWords = "{} does not exist; is it made before the build?";
  for (const auto& [name, folder] : build.plan.named_contexts) {
    if (!folder.starts_with(plan::kImageScheme) && !files.exists(folder)) return fmt::format(kWords, folder);
  }
  const bool is_of_ci = std::ranges::all_of(image.target.defined, [](const Origin& origin) {
    return origin.kind == DefinitionKind::kWorkflow || origin.kind == DefinitionKind::kGitlabCi;
  });
  if (!is_of_ci) return {};
  if (!files.exists(build.context)) return fmt::format(kWords, build.context);
  return build.dockerfile_text || files.exists(build.dockerfile) ? "" : fmt::format(kWords, build.dockerfile);
}

// A Dockerfile that can't be built is of interest where somebody builds it: tests of tools have many.
void tell_failures(const Image& image, std::vector<text::Failure> failures, ImageEffect& effect) {
  if (std::string reason = made_before(image); !reason.empty()) {
    effect.effect = Effect::kUnknown;
    effect.reason = std::move(reason);
    return;
  }
  effect.reason = "it can't be built: " + text::words_of(failures.front());
  const Origin& origin = image.origin();
  for (text::Failure& failure : failures) {
    const bool is_of_file = origin.kind != DefinitionKind::kDockerfile && failure.line == 0;
    if (is_of_file)
      failure = {origin.path, origin.line, 1, fmt::format("{}: {}", image.target.name, failure.message),
                 "correct the context or the Dockerfile of this image"};
  }
  if (origin.kind == DefinitionKind::kDockerfile) {
    effect.failures = std::move(failures);
    return;
  }
  // What only CI knows may be what is missing.
  const auto open = std::ranges::find_if(image.target.unknown, [](const Unknown& unknown) {
    return unknown.varies && may_change_steps(unknown);
  });
  effect.effect = Effect::kUnknown;
  if (open != image.target.unknown.end()) {
    effect.reason = words_of(*open);
  } else {
    effect.failures = std::move(failures);
  }
}

// A Dockerfile that can't be built and that nothing defines counts where something of it changes. `changed`
// are absolute paths.
template <typename Paths>
void tell_lone_failure(const Image& image, const Paths& changed, ImageEffect& effect) {
  if (image.origin().kind != DefinitionKind::kDockerfile || effect.failures.empty()) return;
  const context::FileSystem& files = *image.build.files;
  const std::string context = files.real_path(image.build.context);
  const std::string dockerfile = files.real_path(image.build.dockerfile);
  const bool is_changed = std::ranges::any_of(
      changed, [&](const std::string& path) { return path == dockerfile || text::is_within(path, context); });
  if (is_changed) effect.effect = Effect::kUnknown;
}

// Whether an ARG of the stages that the target needs, or one for FROM, has the name.
bool declares(const Build& build, const std::string& name) {
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

// Whether the build is another one for another platform.
bool uses_platform(const Build& build) {
  constexpr std::array<std::string_view, 4> kArguments = {"TARGETPLATFORM", "TARGETOS", "TARGETARCH",
                                                          "TARGETVARIANT"};
  return std::ranges::any_of(kArguments, [&](std::string_view name) {
    const auto is_in = [&](const plan::Stage& stage) {
      return stage.needed && stage.from->one_line().find(name) != std::string::npos;
    };
    return declares(build, std::string(name)) || std::ranges::any_of(build.graph().stages, is_in);
  });
}

// What an image's definition leaves open and its build may see: the reason, or nothing.
std::string unknown_of(const Image& image, const Build& build) {
  constexpr std::string_view kArgs = "args.";
  for (const Unknown& unknown : image.target.unknown) {
    const std::string& attribute = unknown.attribute;
    if (!unknown.varies || !may_change_steps(unknown)) continue;
    if (attribute.starts_with("platform") && !uses_platform(build)) continue;
    if (attribute.starts_with(kArgs) && !declares(build, attribute.substr(kArgs.size()))) continue;
    return words_of(unknown);
  }
  return {};
}

void tell_unknown(const Image& image, const Build& build, ImageEffect& effect) {
  if (effect.effect == Effect::kRebuilt || !effect.reason.empty()) return;
  std::string unknown = unknown_of(image, build);
  if (unknown.empty()) return;
  effect.effect = Effect::kUnknown;
  effect.reason = std::move(unknown);
}

// The change of an image whose steps are all reused.
void tell_configuration(const Build& build, std::span<const Build> before, ImageEffect& effect) {
  const auto now = configuration_of(build);
  const auto arguments = used_arguments(build);
  for (const Build& then : before) {
    if (configuration_of(then) == now && used_arguments(then) == arguments) return;
  }
  effect.effect = Effect::kConfiguration;
  const auto then = configuration_of(before.back());
  const auto changed = std::ranges::find_if(
      now, [&](const std::string& line) { return std::ranges::find(then, line) == then.end(); });
  effect.reason = changed != now.end() ? "no step rebuilds, but the image does: " + *changed
                                       : "no step rebuilds, but the configuration of the image changes";
}

// The change of an image whose steps are all reused, but which ends with another one of them.
void tell_result(const Build& build, std::span<const Build> before, ImageEffect& effect) {
  if (effect.effect != Effect::kUnaffected) return;
  const auto now = result_of(build);
  if (std::ranges::any_of(before, [&](const Build& then) { return result_of(then) == now; })) return;
  effect.effect = Effect::kRebuilt;
  effect.reason = "no step rebuilds, but the image consists of other steps than before";
}

// Whether the image puts off an instruction that reads the context of a build which starts from it.
bool has_triggers(const Image& image) {
  const auto text = image.build.dockerfile_text
                        ? tl::expected<std::string, std::string>(*image.build.dockerfile_text)
                        : image.build.files->read(image.build.dockerfile);
  if (!text || text->find("ONBUILD") == std::string::npos) return false;
  const dockerfile::File file = dockerfile::parse(*text);
  return std::ranges::any_of(file.instructions(), [](const dockerfile::Instruction& instruction) {
    using dockerfile::Keyword;
    const dockerfile::Instruction* trigger = instruction.onbuild;
    return trigger != nullptr && (trigger->keyword == Keyword::kCopy || trigger->keyword == Keyword::kAdd ||
                                  trigger->find_flag("mount") != nullptr);
  });
}

// Judges one image after the other, those that others need first.
class Judge {
 public:
  Judge(const Project& project, const AffectedOptions& options)
      : project_(project), options_(options), needs_(project.images), wanted_(project.images.size()) {
    result_.images.resize(project.images.size());
    result_.failures = needs_.failures();
    for (size_t i = 0; i < project.images.size(); ++i)
      result_.images[i].image = &project.images[i];
  }
  virtual ~Judge() = default;

  Affected run() {
    judge_all();
    result_.outside = outside();
    return std::move(result_);
  }

 protected:
  // Compares the build with what it was; `after` has the images that changed in its options, `before` has
  // not.
  virtual void compare(const Image& image, const plan::Options& before, const plan::Options& after,
                       ImageEffect& effect) = 0;
  // Whether there is anything to compare an image with.
  virtual bool can_compare(const Image& /*image*/) const { return true; }
  // The same for one of several platforms.
  virtual bool can_compare(const Image& /*image*/, const std::string& /*platform*/) const { return true; }
  // As of Affected, once all are compared.
  virtual std::vector<std::string> outside() const { return {}; }

  // Whether some file of its context may be another one.
  virtual bool may_change_context(const Image& /*image*/) const { return true; }

  const Build::Progress& progress() const { return options_.progress; }
  const std::string& root() const { return project_.root; }

  void keep(ImageSteps steps, ImageEffect& effect) const {
    if (options_.keep_steps) effect.all_steps = std::make_shared<const ImageSteps>(std::move(steps));
  }

 private:
  void judge_all() {
    if (options_.only.empty()) wanted_.assign(wanted_.size(), true);
    for (const size_t index : options_.only)
      want(index);
    for (const size_t index : needs_.order()) {
      if (wanted_[index]) judge(index);
    }
  }

  // An image that is asked about, with all that it needs.
  void want(size_t asked) {
    wanted_[asked] = true;
    for (std::vector<size_t> left{asked}; !left.empty();) {
      const size_t index = left.back();
      left.pop_back();
      for (const auto& [reference, needed] : needs_.of(index)) {
        for (const size_t other : needed) {
          if (wanted_[other] || !can_compare(project_.images[other])) continue;
          wanted_[other] = true;
          left.push_back(other);
        }
      }
    }
  }

  // What the images that one needs are to its build, before and after.
  void add_needed(size_t index, plan::Options& before, plan::Options& after) const {
    for (const auto& [reference, needed] : needs_.of(index)) {
      plan::BuiltImage was{{}, "as before", "as before"};
      plan::BuiltImage is = was;
      for (const size_t other : needed) {
        if (!wanted_[other]) continue;
        const Effect state = result_.images[other].effect;
        // What an image says beside its files need not matter to the steps of another one.
        const bool surely = state == Effect::kRebuilt || state == Effect::kNew;
        // Of several images of one name nobody knows which one is taken.
        if (is.name.empty() || state != Effect::kUnaffected) is.name = project_.images[other].target.name;
        if (surely && needed.size() == 1) is.state = "another";
        if (state != Effect::kUnaffected) is.possible_state = "another";
      }
      if (is.name.empty()) continue;
      was.name = is.name;
      before.built_images[reference] = std::move(was);
      after.built_images[reference] = std::move(is);
    }
  }

  void judge(size_t index) {
    const Image& image = project_.images[index];
    ImageEffect& effect = result_.images[index];
    if (!image.remote.empty()) {
      effect.effect = Effect::kUnknown;
      effect.reason = image.remote;
      return;
    }
    plan::Options before = image.build.plan, after = image.build.plan;
    add_needed(index, before, after);
    const std::vector<std::string> platforms = image.platforms();
    if (platforms.size() < 2) {
      compare(image, before, after, effect);
      return tell_triggers(index, effect);
    }
    // What holds for one of the platforms holds for the image.
    bool is_first = true;
    for (const std::string& platform : platforms) {
      if (!can_compare(image, platform)) continue;
      ImageEffect one{.image = &image, .platform = platform};
      before.platform = after.platform = platform;
      compare(image, before, after, one);
      if (is_first || weight_of(one.effect) > weight_of(effect.effect)) effect = std::move(one);
      is_first = false;
    }
    tell_triggers(index, effect);
  }

  // ONBUILD of an image of the project is run in the builds that start from it.
  void tell_triggers(size_t index, ImageEffect& effect) const {
    const bool is_told = effect.effect != Effect::kUnaffected && effect.effect != Effect::kConfiguration;
    if (is_told || !may_change_context(project_.images[index])) return;
    for (const auto& [reference, needed] : needs_.of(index)) {
      for (const size_t other : needed) {
        if (!has_triggers(project_.images[other])) continue;
        effect.effect = Effect::kUnknown;
        effect.reason = fmt::format("{} has ONBUILD instructions, which read the context of this build",
                                    project_.images[other].target.name);
        return;
      }
    }
  }

  static int weight_of(Effect effect) {
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

  const Project& project_;
  const AffectedOptions& options_;
  ImageNeeds needs_;
  std::vector<bool> wanted_;
  Affected result_;
};

class JudgeSince : public Judge {
 public:
  JudgeSince(const Project& project, const std::vector<Project>& before, const cache::Revisions& revisions,
             const AffectedOptions& options)
      : Judge(project, options), project_(project), before_(before), revisions_(revisions) {}

 private:
  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    BuildOptions now = image.build;
    now.plan = after;
    std::vector<std::optional<BuildOptions>> then;
    for (const Project& project : before_)
      then.push_back(options_of(project, image, before));
    auto comparison = revisions_.compare(then, now, progress());
    if (!comparison) {
      tell_failures(image, std::move(comparison.error()), effect);
      tell_lone_failure(image, revisions_.changed_paths(), effect);
      if (!effect.failures.empty() && has_ignored_files(image)) effect.effect = Effect::kUnknown;
      return;
    }
    if (comparison->before.empty() && comparison->left_out.empty())
      comparison->left_out.push_back({{}, 0, 0, why_new(image, after), {}});
    tell(image, *comparison, effect);
    tell_labels(image, effect);
    keep({.build = std::move(comparison->after),
          .report = std::move(comparison->report),
          .left_out = std::move(comparison->left_out)},
         effect);
  }

  void tell(const Image& image, const cache::Comparison& comparison, ImageEffect& effect) const {
    if (comparison.before.empty()) {
      effect.effect = Effect::kNew;
      effect.reason =
          comparison.left_out.empty() ? "no definition named it before" : comparison.left_out.front().message;
      return;
    }
    tell_steps(comparison.after, comparison.report, root(), effect);
    tell_unknown(image, comparison.after, effect);
    tell_result(comparison.after, comparison.before, effect);
    if (effect.effect == Effect::kUnaffected) tell_configuration(comparison.after, comparison.before, effect);
  }

  bool may_change_context(const Image& image) const override {
    const std::string context = revisions_.after()->real_path(image.build.context);
    return std::ranges::any_of(revisions_.changed_paths(),
                               [&](const std::string& path) { return text::is_within(path, context); });
  }

  // Whether the context has files that git ignores: they may have changed.
  bool has_ignored_files(const Image& image) const {
    const std::shared_ptr<const context::FileSystem> files = revisions_.after();
    const std::string& context = image.build.context;
    const auto ignore =
        cache::load_ignore_file(image.build.dockerfile, context, image.build.plan.builder, *files);
    if (!ignore) return true;
    const auto walk = files->walk(context, ignore->matcher, {.names_only = true});
    return !walk || !revisions_.assumed_in(walk->snapshot, files->real_path(context)).empty();
  }

  // What a definition writes on the image and not into its files.
  void tell_labels(const Image& image, ImageEffect& effect) const {
    if (effect.effect != Effect::kUnaffected) return;
    const Image* last = nullptr;
    for (const Project& project : before_) {
      const Image* other = same_image(project, image);
      if (other == nullptr) continue;
      if (other->target.labels == image.target.labels &&
          other->target.annotations == image.target.annotations)
        return;
      last = other;
    }
    if (last == nullptr) return;
    effect.effect = Effect::kConfiguration;
    const bool is_label = last->target.labels != image.target.labels;
    effect.reason =
        fmt::format("no step rebuilds, but the {} of the image change", is_label ? "labels" : "annotations");
  }

  static std::string_view changed_outside(const Image& was, const Image& is) {
    if (was.target.labels != is.target.labels) return "labels";
    if (was.target.annotations != is.target.annotations) return "annotations";
    return was.target.tags != is.target.tags ? "tags" : "";
  }

  // The same image as a project had it, with its options then.
  std::optional<BuildOptions> options_of(const Project& project, const Image& image,
                                         const plan::Options& plan) const {
    const Image* other = same_image(project, image);
    if (other == nullptr || !other->remote.empty()) return std::nullopt;
    if (!builds(*other, plan.platform)) return std::nullopt;
    BuildOptions options = other->build;
    options.plan.platform = plan.platform;
    options.plan.built_images = plan.built_images;
    return options;
  }

  static bool builds(const Image& image, const std::string& platform) {
    const std::vector<std::string> platforms = image.platforms();
    if (platforms.empty()) return image.build.plan.platform == platform;
    return std::ranges::find(platforms, platform) != platforms.end();
  }

  // Why there is nothing to compare with.
  std::string why_new(const Image& image, const plan::Options& plan) const {
    const auto is_known = [&](const Project& project) { return same_image(project, image) != nullptr; };
    if (std::ranges::none_of(before_, is_known)) return "no definition named it before";
    const auto is_built = [&](const Project& project) {
      const Image* other = same_image(project, image);
      return other != nullptr && builds(*other, plan.platform);
    };
    if (std::ranges::none_of(before_, is_built))
      return fmt::format("it was not built for {} before", plan.platform);
    return "what it was built from before is not known";
  }

  // By its name, or where that is another one by the place that defines it, or by its Dockerfile.
  const Image* same_image(const Project& project, const Image& image) const {
    const auto find = [&](const auto& is_same) -> const Image* {
      const auto found = std::ranges::find_if(project.images, is_same);
      return found == project.images.end() ? nullptr : &*found;
    };
    const Image* found = find([&](const Image& other) {
      return other.target.name == image.target.name ||
             std::ranges::find(other.aliases, image.target.name) != other.aliases.end();
    });
    if (found != nullptr) return found;
    found = find([&](const Image& other) {
      return std::ranges::any_of(other.target.defined, [&](const Origin& origin) {
        return origin.path == image.origin().path && origin.name == image.origin().name;
      });
    });
    if (found != nullptr) return found;
    // One that was renamed.
    return find([&](const Image& other) {
      return other.build.dockerfile == image.build.dockerfile && other.build.context == image.build.context &&
             project_.find(other.target.name).empty();
    });
  }

  const Project& project_;
  const std::vector<Project>& before_;
  const cache::Revisions& revisions_;
};

class JudgeChanged : public Judge {
 public:
  JudgeChanged(const Project& project, const std::vector<std::string>& changed, std::string current,
               const AffectedOptions& options)
      : Judge(project, options), changed_(changed), current_(std::move(current)) {
    if (!project.images.empty())
      files_ = std::make_shared<const context::CachedFiles>(project.images.front().build.files);
    for (const std::string& path : changed)
      real_.insert(absolute(path));
  }

 private:
  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    auto build = load(image, after);
    if (!build) {
      tell_failures(image, std::move(build.error()), effect);
      return tell_lone_failure(image, real_, effect);
    }
    cache::WhatIf what_if;
    // An image that needs no other one has the same plan before.
    if (after.built_images.empty()) {
      what_if = cache::what_if_changed(*build, located(*build));
    } else {
      const auto then = load(image, before);
      if (!then) return tell_failures(image, then.error(), effect);
      what_if = cache::what_if_changed(*then, *build, located(*build));
    }
    tell_steps(*build, what_if.report, root(), effect);
    tell_definition(image, what_if.paths, effect);
    tell_dockerfile(what_if.paths, effect);
    tell_unknown(image, *build, effect);
    keep({.build = std::move(*build), .report = std::move(what_if.report), .paths = std::move(what_if.paths)},
         effect);
  }

  // The build over those files that change: the others don't count.
  tl::expected<Build, std::vector<text::Failure>> load(const Image& image, const plan::Options& plan) {
    BuildOptions options = image.build;
    options.files = files_;
    options.names_only = true;
    options.plan = plan;
    auto full = Build::load(options);
    if (!full) return full;
    Build::Paths read;
    for (const cache::ChangedPath& path : located(*full)) {
      if (path.fate == cache::ChangedPath::Fate::kRead) read[path.context].push_back(path.path);
    }
    return full->reduced(read);
  }

  bool may_change_context(const Image& image) const override {
    const std::string context = files_->real_path(image.build.context);
    return std::ranges::any_of(real_, [&](const std::string& path) {
      return text::is_within(path, context) || text::is_within(context, path);
    });
  }

  void tell_definition(const Image& image, std::vector<cache::ChangedPath>& paths, ImageEffect& effect) {
    const auto depend_on = [&](const std::string& file, std::string_view reason) {
      if (effect.effect == Effect::kRebuilt || !effect.reason.empty()) return;
      effect.effect = Effect::kUnknown;
      effect.reason = fmt::format(fmt::runtime(reason), file);
    };
    for (const std::string& file : image.target.sources) {
      if (!changes(file)) continue;
      for (cache::ChangedPath& path : paths) {
        if (absolute(path.given) != absolute(file)) continue;
        definitions_.insert(path.given);
        path.fate = cache::ChangedPath::Fate::kDefinition;
      }
      depend_on(file, "its definition depends on {}, which changes");
    }
    for (cache::ChangedPath& path : paths) {
      if (!is_deleted_definition(path.given, image)) continue;
      definitions_.insert(path.given);
      path.fate = cache::ChangedPath::Fate::kDefinition;
      depend_on(path.given, "{}, which may have defined it, does not exist any more");
    }
  }

  // Whether a file, or a folder that it is in, is said to change.
  bool changes(const std::string& file) const {
    std::string place = absolute(file);
    if (real_.contains(place)) return true;
    if (!files_->exists(file)) return false;
    while (place.size() > 1) {
      place = text::parent_path(place);
      if (real_.contains(place)) return true;
    }
    return false;
  }

  // Nobody knows what a file said that is gone: it may have defined what is built in its folder, and a
  // definition of CI anything.
  bool is_deleted_definition(const std::string& given, const Image& image) const {
    const auto kind = definition_kind(given);
    const std::string place = absolute(given);
    if (!kind || files_->exists(place)) return false;
    if (*kind == DefinitionKind::kWorkflow || *kind == DefinitionKind::kGitlabCi) return true;
    return text::is_within(absolute(image.build.dockerfile), std::string(text::parent_path(place)));
  }

  // A Dockerfile without steps says what the image is all the same.
  static void tell_dockerfile(const std::vector<cache::ChangedPath>& paths, ImageEffect& effect) {
    const auto changed =
        std::ranges::find(paths, cache::ChangedPath::Fate::kDockerfile, &cache::ChangedPath::fate);
    if (effect.effect != Effect::kUnaffected || changed == paths.end()) return;
    effect.effect = Effect::kUnknown;
    effect.reason = fmt::format("it is built from {}, which changes", changed->given);
  }

  std::vector<std::string> outside() const override {
    std::vector<std::string> names;
    std::ranges::copy_if(changed_, std::back_inserter(names), [&](const std::string& name) {
      const auto is_outside = [&](const auto& located) {
        return std::ranges::any_of(located.second, [&](const cache::ChangedPath& path) {
          return path.given == name && path.fate == cache::ChangedPath::Fate::kOutside;
        });
      };
      return !definitions_.contains(name) && std::ranges::all_of(located_, is_outside);
    });
    return names;
  }

  // Where the changed files are in a build's contexts, looked up once for each set of contexts.
  const std::vector<cache::ChangedPath>& located(const Build& build) {
    std::string key = build.options().context;
    for (const auto& [name, folder] : build.options().plan.named_contexts)
      key += fmt::format("\n{}={}", name, folder);
    const auto [found, is_new] = located_.try_emplace(std::move(key));
    if (is_new) found->second = cache::locate(build, changed_, current_);
    return found->second;
  }

  std::string absolute(const std::string& path) const {
    return text::clean_path(path.starts_with('/') ? path : current_ + '/' + path);
  }

  const std::vector<std::string>& changed_;
  std::map<std::string, std::vector<cache::ChangedPath>> located_;
  std::string current_;
  std::set<std::string> real_;
  std::set<std::string> definitions_;  // those of the changed files that define an image
  std::shared_ptr<const context::FileSystem> files_;
};

class JudgeStates : public Judge {
 public:
  JudgeStates(const Project& project, const States& states, const AffectedOptions& options)
      : Judge(project, options), states_(states) {
    if (!project.images.empty())
      files_ = std::make_shared<const context::CachedFiles>(project.images.front().build.files);
  }

 private:
  bool can_compare(const Image& image) const override { return states_.contains(image.target.name); }

  // A state is one of a single platform. An image without any is judged for its first one.
  bool can_compare(const Image& image, const std::string& platform) const override {
    const auto states = states_.find(image.target.name);
    if (states == states_.end()) return platform == image.platforms().front();
    const auto has_platform = [&](const Build& state) { return state.options().plan.platform == platform; };
    const bool is_there = std::ranges::any_of(states->second, has_platform);
    const auto is_built = [&](const Build& state) {
      return std::ranges::find(image.target.platforms, state.options().plan.platform) !=
             image.target.platforms.end();
    };
    return is_there ||
           (std::ranges::none_of(states->second, is_built) && platform == image.platforms().front());
  }

  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    BuildOptions options = image.build;
    options.files = files_;
    options.plan = after;
    auto build = Build::load(options);
    if (!build) {
      tell_failures(image, std::move(build.error()), effect);
      // No snapshot has its files.
      effect.effect = Effect::kUnknown;
      return;
    }
    build->hash_files(progress());
    std::vector<Build> states;
    if (const auto found = states_.find(image.target.name); found != states_.end()) {
      for (const Build& state : found->second) {
        auto then = with_images(state, before.built_images);
        if (!then) return tell_failures(image, std::move(then.error()), effect);
        states.push_back(std::move(*then));
      }
    }
    std::vector<const Build*> earlier;
    std::vector<std::string> differences;
    for (const Build& state : states) {
      earlier.push_back(&state);
      add_differences(state, *build, differences);
    }
    cache::Report report = build->compare_with(earlier);
    if (states.empty()) {
      effect.effect = Effect::kNew;
      effect.reason = "no snapshot of it was recorded";
    } else {
      tell_steps(*build, report, root(), effect);
      tell_unknown(image, *build, effect);
      tell_result(*build, states, effect);
      if (effect.effect == Effect::kUnaffected) tell_configuration(*build, states, effect);
    }
    keep({.build = std::move(*build), .report = std::move(report), .differences = std::move(differences)},
         effect);
  }

  // A state as it was, of which it is known that it needs other images of the project.
  static tl::expected<Build, std::vector<text::Failure>> with_images(
      const Build& state, const std::map<std::string, plan::BuiltImage, std::less<>>& images) {
    BuildOptions options = state.options();
    options.plan.built_images = images;
    return Build::make(options, {.dockerfile = std::string(state.file().source()),
                                 .context = state.context(),
                                 .named_contexts = state.named_contexts()});
  }

  // In what a state is one of another build than the one that is asked about.
  static void add_differences(const Build& state, const Build& build, std::vector<std::string>& words) {
    const auto add = [&](std::string_view what, const std::string& was, const std::string& is) {
      if (was != is)
        words.push_back(fmt::format("the snapshot was recorded with the {} {}; this build has {}", what,
                                    was.empty() ? "(none)" : was, is.empty() ? "(none)" : is));
    };
    const auto target_of = [](const Build& of) { return of.graph().stages[*of.graph().target].label(); };
    add("Dockerfile", state.options().dockerfile, build.options().dockerfile);
    add("context", state.options().context, build.options().context);
    add("target", target_of(state), target_of(build));
    add("platform", state.options().plan.platform, build.options().plan.platform);
  }

  const States& states_;
  std::shared_ptr<const context::FileSystem> files_;
};

}  // namespace

std::string_view name_of(Effect effect) {
  return kNames[static_cast<size_t>(effect)];
}

Affected affected_since(const Project& project, const std::vector<Project>& before,
                        const cache::Revisions& revisions, const AffectedOptions& options) {
  return JudgeSince(project, before, revisions, options).run();
}

Affected affected_by(const Project& project, const std::vector<std::string>& changed,
                     const std::string& current, const AffectedOptions& options) {
  return JudgeChanged(project, changed, current, options).run();
}

Affected affected_since(const Project& project, const States& states, const AffectedOptions& options) {
  return JudgeStates(project, states, options).run();
}

}  // namespace dcache::project
