#include "dcache/project/affected.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/what_if.h"
#include "dcache/context/file_system.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/plan/image.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using cache::Build;
using cache::BuildOptions;
using cache::StepReport;
using cache::Verdict;
using plan::Read;
using plan::Step;

constexpr std::array<std::string_view, 6> kNames = {"unaffected",    "rebuilt", "may-rebuild",
                                                    "configuration", "new",     "unknown"};

// The images that a build starts or copies from, as the plan spells them.
std::set<std::string> references_of(const Image& image) {
  const auto text = image.build.dockerfile_text
                        ? tl::expected<std::string, std::string>(*image.build.dockerfile_text)
                        : image.build.files->read(image.build.dockerfile);
  std::set<std::string> references;
  if (!text) return references;
  const dockerfile::File file = dockerfile::parse(*text);
  const plan::Graph graph = plan::build_graph(file, image.build.plan);
  for (const Step& step : graph.steps) {
    if (!step.needed) continue;
    if (step.kind == Step::Kind::kImage) references.insert(plan::normal_reference(step.image));
    for (const Read& read : step.reads) {
      if (read.origin == Read::Origin::kImage) references.insert(plan::normal_reference(read.name));
    }
  }
  return references;
}

// How builds refer to an image.
std::vector<std::string> references_to(const Image& image) {
  std::vector<std::string> references{fmt::format("{}{}", kTargetScheme, image.target.name)};
  // The artifacts of Skaffold are called by their references.
  if (image.origin().kind == DefinitionKind::kSkaffold)
    references.push_back(plan::normal_reference(image.target.name));
  for (const std::string& tag : image.target.tags)
    references.push_back(plan::normal_reference(tag));
  for (const std::string& alias : image.aliases)
    references.push_back(fmt::format("{}{}", kTargetScheme, alias));
  return references;
}

// Which image needs which, in an order in which each comes after all that it needs.
class Order {
 public:
  explicit Order(const std::vector<Image>& images) : images_(images), needs_(images.size()) {
    std::map<std::string, size_t, std::less<>> by_reference;
    for (size_t i = 0; i < images.size(); ++i) {
      for (const std::string& reference : references_to(images[i]))
        by_reference.try_emplace(reference, i);
    }
    for (size_t i = 0; i < images.size(); ++i) {
      for (const std::string& reference : references_of(images[i])) {
        const auto found = by_reference.find(reference);
        if (found != by_reference.end() && found->second != i) needs_[i].emplace(reference, found->second);
      }
    }
    state_.resize(images.size());
    for (size_t i = 0; i < images.size(); ++i)
      visit(i);
  }

  const std::vector<size_t>& all() const { return order_; }
  // By reference, the images that one needs.
  const std::map<std::string, size_t>& needs(size_t image) const { return needs_[image]; }
  const std::vector<text::Failure>& failures() const { return failures_; }

 private:
  enum class State : uint8_t { kNew, kOpen, kDone };

  // Depth first, without recursion: a project may be a long row of images.
  void visit(size_t start) {
    if (state_[start] != State::kNew) return;
    std::vector<std::pair<size_t, std::map<std::string, size_t>::const_iterator>> path;
    const auto open = [&](size_t image) {
      state_[image] = State::kOpen;
      path.emplace_back(image, needs_[image].cbegin());
    };
    open(start);
    while (!path.empty()) {
      auto& [image, next] = path.back();
      if (next == needs_[image].cend()) {
        state_[image] = State::kDone;
        order_.push_back(image);
        path.pop_back();
        continue;
      }
      const size_t needed = (next++)->second;
      if (state_[needed] == State::kNew) {
        open(needed);
      } else if (state_[needed] == State::kOpen) {
        const Origin& origin = images_[image].origin();
        failures_.push_back({origin.path, origin.line, 0,
                             fmt::format("the images {} and {} need each other", images_[image].target.name,
                                         images_[needed].target.name),
                             "let one of them start from another image"});
      }
    }
  }

  const std::vector<Image>& images_;
  std::vector<std::map<std::string, size_t>> needs_;
  std::vector<State> state_;
  std::vector<size_t> order_;
  std::vector<text::Failure> failures_;
};

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

// Fills in what a comparison of the steps says.
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
    effect.rebuilt += image ? 0 : 1;
    if (rebuilds && first == nullptr) first = &step;
    if (may && first_open == nullptr) first_open = &step;
  }
  const StepReport* shown = first != nullptr ? first : first_open;
  if (shown == nullptr) return;
  if (shown->cause.kind == cache::Cause::Kind::kMissing) {
    effect.effect = Effect::kUnknown;
    effect.reason = fmt::format("{} (line {}) does not exist in the context; is it made before the build?",
                                shown->cause.path, shown->cause.line);
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

// A Dockerfile that can't be built is of interest where somebody builds it: tests of tools have many.
void tell_failures(const Image& image, std::vector<text::Failure> failures, ImageEffect& effect) {
  effect.reason = "it can't be built: " + text::words_of(failures.front());
  if (image.origin().kind == DefinitionKind::kDockerfile) return;
  effect.effect = Effect::kUnknown;
  effect.failures = std::move(failures);
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

// What an image's definition leaves open and its build may see: the reason, or nothing.
std::string unknown_of(const Image& image, const Build& build) {
  constexpr std::string_view kArgs = "args.";
  for (const Unknown& unknown : image.target.unknown) {
    const std::string& attribute = unknown.attribute;
    if (!unknown.varies || attribute == "tags" || attribute == "labels" || attribute.starts_with("cache"))
      continue;
    if (attribute == "platforms") continue;
    if (attribute.starts_with(kArgs) && !declares(build, attribute.substr(kArgs.size()))) continue;
    return fmt::format("{} {}", attribute, unknown.reason);
  }
  return {};
}

// Judges one image after the other, those that others need first.
class Judge {
 public:
  explicit Judge(const Project& project) : project_(project), order_(project.images) {
    result_.images.resize(project.images.size());
    result_.failures = order_.failures();
    for (size_t i = 0; i < project.images.size(); ++i)
      result_.images[i].image = &project.images[i];
  }
  virtual ~Judge() = default;

  Affected run() {
    for (const size_t index : order_.all())
      judge(index);
    return std::move(result_);
  }

 protected:
  // Compares the build with what it was; `after` has the images that changed in its options, `before` has
  // not.
  virtual void compare(const Image& image, const plan::Options& before, const plan::Options& after,
                       ImageEffect& effect) = 0;

 private:
  void judge(size_t index) {
    const Image& image = project_.images[index];
    ImageEffect& effect = result_.images[index];
    if (!image.remote.empty()) {
      effect.effect = Effect::kUnknown;
      effect.reason = image.remote;
      return;
    }
    plan::Options before = image.build.plan, after = image.build.plan;
    for (const auto& [reference, needed] : order_.needs(index)) {
      const std::string& name = project_.images[needed].target.name;
      const Effect state = result_.images[needed].effect;
      const bool surely =
          state == Effect::kRebuilt || state == Effect::kConfiguration || state == Effect::kNew;
      const bool maybe = surely || state != Effect::kUnaffected;
      before.built_images[reference] = {name, "as before", "as before"};
      after.built_images[reference] = {name, surely ? "another" : "as before",
                                       maybe ? "another" : "as before"};
    }
    std::vector<std::string> platforms;
    for (const std::string& platform : image.target.platforms) {
      if (platform.find('$') == std::string::npos) platforms.push_back(platform);
    }
    if (platforms.size() < 2) return compare(image, before, after, effect);
    // What holds for one of the platforms holds for the image.
    for (const std::string& platform : platforms) {
      ImageEffect one{.image = &image};
      before.platform = after.platform = platform;
      compare(image, before, after, one);
      if (weight_of(one.effect) > weight_of(effect.effect)) effect = std::move(one);
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
  Order order_;
  Affected result_;
};

class JudgeSince : public Judge {
 public:
  JudgeSince(const Project& project, const std::vector<Project>& before, const cache::Revisions& revisions,
             const Build::Progress& progress)
      : Judge(project), before_(before), revisions_(revisions), progress_(progress) {}

 private:
  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    BuildOptions now = image.build;
    now.plan = after;
    std::vector<std::optional<BuildOptions>> then;
    for (const Project& project : before_)
      then.push_back(options_of(project, image, before));
    auto comparison = revisions_.compare(then, now, progress_);
    if (!comparison) {
      tell_failures(image, std::move(comparison.error()), effect);
      return;
    }
    const Build& build = comparison->after;
    if (comparison->before.empty()) {
      effect.effect = Effect::kNew;
      effect.reason = comparison->left_out.empty() ? "no definition named it before"
                                                   : comparison->left_out.front().message;
      return;
    }
    tell_steps(build, comparison->report, effect);
    if (effect.effect != Effect::kRebuilt && effect.reason.empty()) {
      const std::string unknown = unknown_of(image, build);
      if (!unknown.empty()) {
        effect.effect = Effect::kUnknown;
        effect.reason = unknown;
      }
    }
    if (effect.effect == Effect::kUnaffected) tell_configuration(build, comparison->before, effect);
  }

  // The same image as a project had it, with its options then.
  static std::optional<BuildOptions> options_of(const Project& project, const Image& image,
                                                const plan::Options& plan) {
    const Image* other = same_image(project, image);
    if (other == nullptr || !other->remote.empty()) return std::nullopt;
    const auto& platforms = other->target.platforms;
    const bool builds_platform =
        platforms.empty() || std::ranges::find(platforms, plan.platform) != platforms.end();
    if (!builds_platform && !image.target.platforms.empty()) return std::nullopt;
    BuildOptions options = other->build;
    options.plan.platform = plan.platform;
    options.plan.built_images = plan.built_images;
    return options;
  }

  // By its name, or where that is another one by the place that defines it, or by its Dockerfile.
  static const Image* same_image(const Project& project, const Image& image) {
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
    return find([&](const Image& other) {
      return other.build.dockerfile == image.build.dockerfile && other.build.context == image.build.context;
    });
  }

  static void tell_configuration(const Build& build, const std::vector<Build>& before, ImageEffect& effect) {
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

  const std::vector<Project>& before_;
  const cache::Revisions& revisions_;
  const Build::Progress& progress_;
};

class JudgeChanged : public Judge {
 public:
  JudgeChanged(const Project& project, const std::vector<std::string>& changed, std::string current)
      : Judge(project), changed_(changed), current_(std::move(current)) {
    if (!project.images.empty())
      files_ = std::make_shared<const context::CachedFiles>(project.images.front().build.files);
    for (const std::string& path : changed)
      real_.insert(text::clean_path(path.starts_with('/') ? path : current_ + '/' + path));
  }

 private:
  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    BuildOptions options = image.build;
    options.files = files_;
    options.names_only = true;
    const auto load = [&](const plan::Options& plan) {
      options.plan = plan;
      auto full = Build::load(options);
      if (!full) return full;
      Build::Paths read;
      for (const cache::ChangedPath& path : located(*full)) {
        if (path.fate == cache::ChangedPath::Fate::kRead) read[path.context].push_back(path.path);
      }
      return full->reduced(read);
    };
    auto build = load(after);
    if (!build) return tell_failures(image, std::move(build.error()), effect);
    cache::WhatIf what_if;
    // An image that needs no other one has the same plan before.
    if (after.built_images.empty()) {
      what_if = cache::what_if_changed(*build, located(*build));
    } else {
      auto then = load(before);
      if (!then) return tell_failures(image, std::move(then.error()), effect);
      what_if = cache::what_if_changed(*then, *build, located(*build));
    }
    tell_steps(*build, what_if.report, effect);
    if (effect.effect == Effect::kRebuilt || !effect.reason.empty()) return;
    std::string unknown = unknown_of(image, *build);
    for (const Origin& origin : image.target.defined) {
      if (!unknown.empty() || origin.kind == DefinitionKind::kDockerfile) continue;
      for (const std::string& path : {origin.path, text::join_path(text::parent_path(origin.path), ".env")}) {
        if (is_changed(path)) unknown = fmt::format("its definition depends on {}, which changes", path);
      }
    }
    if (unknown.empty()) return;
    effect.effect = Effect::kUnknown;
    effect.reason = std::move(unknown);
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

  bool is_changed(const std::string& path) const {
    return real_.contains(text::clean_path(path.starts_with('/') ? path : current_ + '/' + path));
  }

  const std::vector<std::string>& changed_;
  std::map<std::string, std::vector<cache::ChangedPath>> located_;
  std::string current_;
  std::set<std::string> real_;
  std::shared_ptr<const context::FileSystem> files_;
};

}  // namespace

std::string_view name_of(Effect effect) {
  return kNames[static_cast<size_t>(effect)];
}

Affected affected_since(const Project& project, const std::vector<Project>& before,
                        const cache::Revisions& revisions, const Build::Progress& progress) {
  return JudgeSince(project, before, revisions, progress).run();
}

Affected affected_by(const Project& project, const std::vector<std::string>& changed,
                     const std::string& current) {
  return JudgeChanged(project, changed, current).run();
}

}  // namespace dcache::project
