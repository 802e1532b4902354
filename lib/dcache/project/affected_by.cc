#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/what_if.h"
#include "dcache/project/affected.h"
#include "dcache/project/definitions.h"
#include "dcache/project/effects.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/judge.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::project {
namespace {

using cache::Build;
using cache::BuildOptions;

class ChangedFilesJudge : public Judge {
 public:
  ChangedFilesJudge(const Project& project, const std::vector<std::string>& changed, std::string current,
                    const AffectedOptions& options)
      : Judge(project, options), changed_(changed), current_(std::move(current)) {
    if (!project.images.empty())
      files_ = std::make_shared<const context::CachedFiles>(project.images.front().build.files);
    for (const std::string& path : changed) {
      real_.insert(absolute(path));
      if (files_ != nullptr) real_.insert(files_->real_path(absolute(path)));
    }
  }

 private:
  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    auto build = load(image, after);
    if (!build) {
      tell_failures(image, std::move(build.error()), effect);
      return tell_lone_failure(image, {real_.begin(), real_.end()}, effect);
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
    tell_steps(*build, what_if.report, effect);
    tell_definition(image, what_if.paths, effect);
    tell_dockerfile(what_if.paths, effect);
    tell_unknown(image, *build, effect);
    for (const cache::ChangedPath& path : what_if.paths) {
      if (text::base_name(path.given) == context::kAttributesName) definitions_.insert(path.given);
      if (path.fate == cache::ChangedPath::Fate::kDefinition) open_steps(*build, path.given, what_if.report);
    }
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

  bool changes_anything() const override { return !changed_.empty(); }

  bool may_change_context(const Image& image) const override {
    const std::string context = files_->real_path(image.build.context);
    return std::ranges::any_of(real_, [&](const std::string& path) {
      return text::is_within(path, context) || text::is_within(context, path);
    });
  }

  std::vector<std::string> changed_files() const override {
    std::vector<std::string> files;
    std::ranges::copy_if(real_, std::back_inserter(files),
                         [&](const std::string& path) { return files_->exists(path); });
    return files;
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
        if (!is_same_file(path.given, file)) continue;
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

  bool is_same_file(const std::string& a, const std::string& b) const {
    return absolute(a) == absolute(b) || behind(a) == behind(b);
  }

  // The file that a path leads to, or would lead to if it existed.
  std::string behind(const std::string& file) const {
    std::string place = absolute(file);
    std::error_code failure;
    if (files_->exists(place)) return files_->real_path(place);
    const std::string target =
        text::portable_path(std::filesystem::read_symlink(text::system_path(place), failure).string());
    if (failure) return place;
    return text::clean_path(text::is_absolute(target) ? target
                                                      : std::string(text::parent_path(place)) + '/' + target);
  }

  // Whether a file, or a folder that it is in, is said to change: where it is spelled, or where links lead.
  bool changes(const std::string& file) const {
    const std::string own = absolute(file), real = behind(file);
    if (real_.contains(own) || real_.contains(real)) return true;
    if (!files_->exists(file)) return false;
    const auto is_below_changed = [&](std::string place) {
      while (!text::is_root(place) && place.size() > 1) {
        place = text::parent_path(place);
        if (real_.contains(place)) return true;
      }
      return false;
    };
    return is_below_changed(own) || is_below_changed(real);
  }

  // Nobody knows what a file said that is gone: it may have defined what is built in its folder, and a
  // definition of CI anything.
  bool is_deleted_definition(const std::string& given, const Image& image) const {
    const auto kind = definition_kind(given);
    const std::string place = absolute(given);
    if ((!kind && text::base_name(given) != kSettingsName) || files_->exists(place)) return false;
    if (kind && is_built_by_ci(*kind)) return true;
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
    return text::clean_path(text::is_absolute(path) ? path : current_ + '/' + path);
  }

  const std::vector<std::string>& changed_;
  std::map<std::string, std::vector<cache::ChangedPath>> located_;
  std::string current_;
  std::set<std::string> real_;
  std::set<std::string> definitions_;  // those of the changed files that define an image
  std::shared_ptr<const context::FileSystem> files_;
};

}  // namespace

AffectedImages affected_by(const Project& project, const std::vector<std::string>& changed,
                           const std::string& current, const AffectedOptions& options) {
  return ChangedFilesJudge(project, changed, current, options).run();
}

}  // namespace dcache::project
