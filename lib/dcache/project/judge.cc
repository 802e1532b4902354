#include "dcache/project/judge.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/project/effects.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/triggers.h"
#include "dcache/project/unknown.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

// Whether a build takes nothing of images for another platform than its own.
bool takes_one_platform(const Image& image) {
  const auto text = dockerfile_of(image);
  return text && text->find("--platform") == std::string::npos;
}

// The states of an image that another one needs.
constexpr std::string_view kAsBefore = "as before";
constexpr std::string_view kAnother = "another";

// Whether the image that a build makes notes the value of a build argument in its history, under this name or
// that of an argument above the first FROM with a default that mentions it: a stage that the target is or
// starts from declares it. Steps need not use it.
bool notes_argument(const cache::Build& build, const std::string& argument) {
  std::set<std::string, std::less<>> names{argument};
  for (const dockerfile::Instruction& instruction : build.file().instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) break;
    for (const dockerfile::Word& word : instruction.arguments) {
      const size_t equals = std::min(word.text.find('='), word.text.size());
      const std::string_view value = std::string_view(word.text).substr(equals);
      const auto is_mentioned = [&](const std::string& name) {
        return value.find(name) != std::string_view::npos;
      };
      if (std::ranges::any_of(names, is_mentioned)) names.emplace(word.text.substr(0, equals));
    }
  }
  const plan::Graph& graph = build.graph();
  if (!graph.target) return false;
  return std::ranges::any_of(graph.stages, [&](const plan::Stage& stage) {
    const auto declares_it = [&](const std::string& name) { return stage.declared.contains(name); };
    return graph.starts_from(*graph.target, stage.index) && std::ranges::any_of(names, declares_it);
  });
}

// A build argument with the reference of another image is a part of what the image says.
void tell_noted_images(const cache::Build& build, ImageEffect& effect) {
  if (effect.effect != Effect::kUnaffected) return;
  for (const auto& [reference, needed] : build.options().plan.built_images) {
    if (needed.possible_state == kAsBefore) continue;
    for (const std::string& argument : needed.arguments) {
      if (!notes_argument(build, argument)) continue;
      effect.effect = Effect::kConfiguration;
      effect.reason = fmt::format(
          "no step rebuilds, but the build argument {} is the reference of {}, which {}", argument,
          needed.name, needed.state == kAsBefore ? "may be another image" : "is rebuilt");
      return;
    }
  }
}

}  // namespace

Judge::Judge(const Project& project, const AffectedOptions& options)
    : project_(project),
      options_(options),
      needs_(project.images),
      wanted_(project.images.size()),
      by_platform_(project.images.size()) {
  result_.images.resize(project.images.size());
  result_.failures = needs_.failures();
  for (size_t i = 0; i < project.images.size(); ++i)
    result_.images[i].image = &project.images[i];
}

AffectedImages Judge::run() {
  judge_all();
  warn_of_left_out();
  result_.outside = outside();
  return std::move(result_);
}

void Judge::keep(ImageSteps steps, ImageEffect& effect, std::vector<OpenArgument> more) const {
  if (auto failures = steps.build.read_failures(); !failures.empty()) {
    tell_failures(*effect.image, std::move(failures), effect);
    if (effect.effect == Effect::kUnaffected) effect.effect = Effect::kUnknown;
    return;
  }
  tell_noted_images(steps.build, effect);
  if (!options_.keep_steps) return;
  std::ranges::move(open_arguments(*effect.image, steps.build), std::back_inserter(more));
  open_steps(steps.build, more, steps.report);
  effect.all_steps = std::make_shared<const ImageSteps>(std::move(steps));
}

void Judge::judge_all() {
  if (options_.only.empty()) wanted_.assign(wanted_.size(), true);
  for (const size_t index : options_.only)
    want(index);
  for (const size_t index : needs_.order()) {
    if (wanted_[index]) judge(index);
  }
}

void Judge::want(size_t asked) {
  wanted_[asked] = true;
  for (std::vector<size_t> left{asked}; !left.empty();) {
    const size_t index = left.back();
    left.pop_back();
    for (const auto& [reference, needed] : needs_.of(index)) {
      for (const auto& [other, may_be_other] : needed) {
        if (wanted_[other] || !can_compare(project_.images[other])) continue;
        wanted_[other] = true;
        left.push_back(other);
      }
    }
  }
}

void Judge::add_needed(size_t index, const std::string& platform, plan::Options& before,
                       plan::Options& after) const {
  for (const auto& [reference, needed] : needs_.of(index)) {
    plan::BuiltImage was{{}, std::string(kAsBefore), std::string(kAsBefore)};
    plan::BuiltImage is = was;
    for (const auto& [other, may_be_other] : needed) {
      if (!wanted_[other]) continue;
      const Effect state = effect_for(other, platform);
      // What an image says in addition to its files need not matter to the steps of another one.
      const bool surely = state == Effect::kRebuilt || state == Effect::kNew;
      // Of several images of one name nobody knows which one is taken.
      if (is.name.empty() || state != Effect::kUnaffected) is.name = project_.images[other].target.name;
      if (surely && needed.size() == 1 && !may_be_other) is.state = kAnother;
      if (state != Effect::kUnaffected) is.possible_state = kAnother;
    }
    if (is.name.empty()) continue;
    was.name = is.name;
    was.arguments = is.arguments = arguments_with(project_.images[index], reference);
    if (const auto known = after.built_images.find(reference); known != after.built_images.end())
      was.triggers = is.triggers = known->second.triggers;
    before.built_images[reference] = std::move(was);
    after.built_images[reference] = std::move(is);
  }
}

void Judge::judge(size_t index) {
  const Image& image = project_.images[index];
  ImageEffect& effect = result_.images[index];
  if (!image.remote.empty()) {
    effect.effect = Effect::kUnknown;
    effect.reason = image.remote;
    return;
  }
  plan::Options before = image.build.plan, after = image.build.plan;
  const std::vector<std::string> platforms = image.judged_platforms();
  const bool is_of_one = takes_one_platform(image);
  if (platforms.size() < 2) {
    const std::string platform = platforms.empty() ? std::string() : platforms.front();
    add_needed(index, is_of_one ? platform : std::string(), before, after);
    compare(image, before, after, effect);
    tell_left_out(image, effect);
    tell_unread(image, effect);
    tell_triggers(index, effect);
    by_platform_[index][platform] = effect.effect;
    return;
  }
  // What holds for one of the platforms holds for the image.
  bool is_first = true;
  for (const std::string& platform : platforms) {
    if (!can_compare(image, platform)) continue;
    ImageEffect one{.image = &image, .platform = platform};
    before.platform = after.platform = platform;
    add_needed(index, is_of_one ? platform : std::string(), before, after);
    compare(image, before, after, one);
    tell_unread(image, one);
    by_platform_[index][platform] = one.effect;
    if (is_first || weight_of(one.effect) > weight_of(effect.effect)) effect = std::move(one);
    is_first = false;
  }
  tell_left_out(image, effect);
  tell_triggers(index, effect);
}

void Judge::tell_left_out(const Image& image, ImageEffect& effect) {
  if (effect.failures.empty() && effect.effect != Effect::kUnknown) return;
  const auto tell = [&](std::string reason) {
    effect.failures.clear();
    effect.effect = Effect::kUnknown;
    effect.reason = std::move(reason);
  };
  if (!effect.failures.empty() && effect.reason.find(context::kFetchContent) != std::string::npos)
    return tell(unread_words({{}, 0, 0, effect.reason, {}}));
  const std::string path = left_out_of(image);
  if (path.empty()) return;
  ++left_out_;
  lacks_context_ = lacks_context_ || path != image.build.dockerfile;
  tell(fmt::format("the sparse checkout leaves out {}", path));
}

std::string Judge::left_out_of(const Image& image) {
  const cache::BuildOptions& build = image.build;
  std::vector<std::string> paths;
  if (!build.dockerfile_text) paths.push_back(build.dockerfile);
  paths.push_back(build.context);
  for (const auto& [name, source] : build.plan.named_contexts) {
    if (source.find("://") == std::string::npos && !source.starts_with(kTargetScheme))
      paths.push_back(source);
  }
  for (std::string& path : paths) {
    if (build.files->exists(path)) continue;
    if (!checkout_) checkout_.emplace(".");
    if (checkout_->leaves_out(path)) return std::move(path);
  }
  return {};
}

void Judge::warn_of_left_out() {
  if (left_out_ == 0) return;
  const bool is_one = left_out_ == 1;
  std::string_view what = is_one ? "the Dockerfile" : "the Dockerfiles";
  if (lacks_context_) what = is_one ? "a context" : "Dockerfiles or contexts";
  result_.warnings.push_back(
      fmt::format("the sparse checkout leaves out {} of {}, which {} listed as unknown: add {} with git "
                  "sparse-checkout add, or ask about other images (--only)",
                  what, text::counted(left_out_, "image"), is_one ? "is" : "are",
                  is_one ? "its folder" : "their folders"));
}

void Judge::tell_unread(const Image& image, ImageEffect& effect) const {
  const bool is_told =
      effect.effect == Effect::kRebuilt || effect.effect == Effect::kNew || effect.effect == Effect::kUnknown;
  if (is_told) return;
  const text::Failure* const failure = unread_definition(image, &image, project_, *image.build.files);
  if (failure == nullptr) return tell_open_build(image, effect);
  effect.effect = Effect::kUnknown;
  effect.failures.clear();
  if (image.origin().kind != DefinitionKind::kDockerfile) {
    effect.reason = fmt::format("its definition can't be read: {}", unread_words(*failure));
  } else if (definition_kind(failure->path) || text::base_name(failure->path) == kSettingsName) {
    effect.reason = fmt::format("{} may define it, but can't be read", failure->path);
  } else {
    effect.reason = fmt::format("what defines it may depend on {}, which can't be read", failure->path);
  }
}

void Judge::tell_open_build(const Image& image, ImageEffect& effect) const {
  if (image.origin().kind != DefinitionKind::kDockerfile || !changes_anything()) return;
  const auto open = std::ranges::find_if(project_.skipped, &SkippedBuild::is_open);
  if (open == project_.skipped.end()) return tell_assumed_context(image, effect);
  effect.effect = Effect::kUnknown;
  effect.failures.clear();
  const Origin& at = open->defined;
  effect.reason = fmt::format("{}{} may build it in another way: {}", at.path,
                              at.line == 0 ? "" : fmt::format(":{}", at.line), open->reason);
}

void Judge::tell_assumed_context(const Image& image, ImageEffect& effect) const {
  if (!image.choice || image.choice->may_be_above.empty()) return;
  const auto& files = *image.build.files;
  const std::string above = files.real_path(image.choice->may_be_above);
  const std::string below = files.real_path(image.build.context);
  const std::vector<std::string> changed = changed_files();
  const auto found = std::ranges::find_if(changed, [&](const std::string& path) {
    return text::is_within(path, above) && !text::is_within(path, below);
  });
  if (found == changed.end()) return;
  effect.effect = Effect::kUnknown;
  effect.failures.clear();
  effect.reason = fmt::format(
      "nothing tells its context: {} is not in {}, which is assumed, but may be in a folder above; "
      "set the context in [[images]] of .dcache.toml",
      text::relative_path(*found, above), image.build.context);
}

void Judge::tell_triggers(size_t index, ImageEffect& effect) const {
  const bool is_told = effect.effect != Effect::kUnaffected && effect.effect != Effect::kConfiguration;
  if (is_told || !may_change_context(project_.images[index])) return;
  const Image* const base = base_with_open_triggers(needs_.of(index), project_.images);
  if (base == nullptr) return;
  effect.effect = Effect::kUnknown;
  effect.reason =
      fmt::format("{} has ONBUILD instructions, which read the context of this build", base->target.name);
}

Effect Judge::effect_for(size_t index, const std::string& platform) const {
  const auto found = by_platform_[index].find(platform);
  return platform.empty() || found == by_platform_[index].end() ? result_.images[index].effect
                                                                : found->second;
}

}  // namespace dcache::project
