#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/affected.h"
#include "dcache/project/effects.h"
#include "dcache/project/judge.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using cache::Build;
using cache::BuildOptions;

class StatesJudge : public Judge {
 public:
  StatesJudge(const Project& project, const States& states, const AffectedOptions& options)
      : Judge(project, options), states_(states) {
    if (!project.images.empty())
      files_ = std::make_shared<const context::CachedFiles>(project.images.front().build.files);
  }

 private:
  bool can_compare(const Image& image) const override { return states_.contains(image.target.name); }

  // An image without any state for a platform of its own is judged for its first one.
  bool can_compare(const Image& image, const std::string& platform) const override {
    return platform == image.build.plan.platform || is_recorded(image);
  }

  // Whether there is a state for one of its platforms.
  bool is_recorded(const Image& image) const {
    const std::vector<std::string> platforms = image.judged_platforms();
    const auto found = states_.find(image.target.name);
    return found != states_.end() && std::ranges::any_of(found->second, [&](const Build& state) {
             return std::ranges::find(platforms, state.options().plan.platform) != platforms.end();
           });
  }

  // What a build for a platform is compared with: the states for it. Those for others count if none is for a
  // platform of the image.
  std::vector<const Build*> states_of(const Image& image, const std::string& platform) const {
    std::vector<const Build*> states;
    const auto found = states_.find(image.target.name);
    if (found == states_.end()) return states;
    for (const Build& state : found->second)
      if (state.options().plan.platform == platform) states.push_back(&state);
    if (!states.empty() || is_recorded(image)) return states;
    for (const Build& state : found->second)
      states.push_back(&state);
    return states;
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
    for (const Build* const state : states_of(image, after.platform)) {
      auto then = with_images(*state, images_then(before.built_images));
      if (!then) return tell_failures(image, std::move(then.error()), effect);
      states.push_back(std::move(*then));
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
      effect.reason = is_recorded(image)
                          ? fmt::format("no snapshot of it was recorded for {}", after.platform)
                          : "no snapshot of it was recorded";
    } else {
      tell_steps(*build, report, effect);
      tell_unknown(image, *build, effect);
      tell_result(*build, states, effect);
      if (effect.effect == Effect::kUnaffected) tell_configuration(*build, states, effect);
      tell_lost_platforms(image, effect);
    }
    keep({.build = std::move(*build), .report = std::move(report), .differences = std::move(differences)},
         effect);
  }

  // A platform of the snapshot that the image is not built for now.
  void tell_lost_platforms(const Image& image, ImageEffect& effect) const {
    const std::vector<std::string> platforms = image.platforms();
    if (effect.effect != Effect::kUnaffected || platforms.empty() || platform_is_given() ||
        image.has_open_platforms())
      return;
    for (const Build& state : states_.at(image.target.name)) {
      const std::string& platform = state.options().plan.platform;
      if (std::ranges::find(platforms, platform) != platforms.end()) continue;
      effect.effect = Effect::kConfiguration;
      effect.reason = fmt::format("no step rebuilds, but {}", lost_platform(platform));
      return;
    }
  }

  // What the images that a build needs put off when they were recorded.
  std::map<std::string, plan::BuiltImage, std::less<>> images_then(
      std::map<std::string, plan::BuiltImage, std::less<>> images) const {
    for (auto& [reference, built] : images) {
      const auto recorded = states_.find(built.name);
      if (recorded == states_.end() || recorded->second.empty()) continue;
      const Build& base = recorded->second.back();
      const std::shared_ptr<const dockerfile::File> file(std::shared_ptr<void>(), &base.file());  // not owned
      built.triggers = plan::triggers_of(base.graph(), base.options().dockerfile, file);
    }
    return images;
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

  // Whether a path that was relative to some folder may lead to this absolute one.
  static bool may_be_same_place(std::string_view recorded, const std::string& absolute) {
    if (text::is_absolute(recorded)) return recorded == absolute;
    while (recorded.starts_with("../"))
      recorded.remove_prefix(3);
    return absolute.ends_with(fmt::format("/{}", recorded));
  }

  // In what a state is one of another build than the one that is asked about.
  static void add_differences(const Build& state, const Build& build, std::vector<std::string>& words) {
    const auto add = [&](std::string_view what, const std::string& was, const std::string& is) {
      if (was != is)
        words.push_back(fmt::format("the snapshot was recorded with the {} {}; this build has {}", what,
                                    was.empty() ? "(none)" : was, is.empty() ? "(none)" : is));
    };
    const auto add_place = [&](std::string_view what, const std::string& was, const std::string& is) {
      // Most files are called Dockerfile: that name alone says too little.
      const bool is_name = what == "Dockerfile" && was.find('/') == std::string::npos;
      if (is_name || !may_be_same_place(was, build.options().files->real_path(is))) add(what, was, is);
    };
    const auto target_of = [](const Build& of) { return of.graph().stages[*of.graph().target].label(); };
    add_place("Dockerfile", state.options().dockerfile, build.options().dockerfile);
    add_place("context", state.options().context, build.options().context);
    add("target", target_of(state), target_of(build));
    add("platform", state.options().plan.platform, build.options().plan.platform);
  }

  const States& states_;
  std::shared_ptr<const context::FileSystem> files_;
};

}  // namespace

AffectedImages affected_since(const Project& project, const States& states, const AffectedOptions& options) {
  return StatesJudge(project, states, options).run();
}

}  // namespace dcache::project
