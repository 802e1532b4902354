#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/forwarding_files.h"
#include "dcache/project/affected.h"
#include "dcache/project/earlier_images.h"
#include "dcache/project/effects.h"
#include "dcache/project/judge.h"
#include "dcache/project/lost_images.h"
#include "dcache/project/triggers.h"
#include "dcache/project/unknown.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using cache::Build;
using cache::BuildOptions;

// Files without some of them.
class HiddenFiles : public context::ForwardingFiles {
 public:
  HiddenFiles(std::shared_ptr<const context::FileSystem> files, std::set<std::string, std::less<>> hidden)
      : ForwardingFiles(std::move(files)), hidden_(std::move(hidden)) {}

  tl::expected<std::string, std::string> read(const std::string& path) const override {
    if (hidden_.contains(path)) return tl::unexpected("can't open " + path);
    return behind().read(path);
  }
  bool exists(const std::string& path) const override {
    return !hidden_.contains(path) && behind().exists(path);
  }

 private:
  std::set<std::string, std::less<>> hidden_;
};

// The files that definitions read and that git ignores, as they are spelled there.
std::set<std::string, std::less<>> ignored_sources(const Project& project,
                                                   const cache::Revisions& revisions) {
  const context::GitRepository& repository = revisions.repository();
  std::set<std::string, std::less<>> ignored, seen;
  for (const Image& image : project.images) {
    for (const std::string& source : image.target.sources) {
      if (!seen.insert(source).second || !revisions.after()->exists(source)) continue;
      const std::string real = revisions.after()->real_path(source);
      if (!text::is_within(real, repository.root()) || real.size() <= repository.root().size()) continue;
      const std::string path = real.substr(repository.root().size() + 1);
      if (repository.ignores(path, false) && !repository.tracks(path)) ignored.insert(source);
    }
  }
  return ignored;
}

// The images as definitions say without the files that git ignores.
struct TrackedProject {
  Project project;
  std::set<std::string, std::less<>> ignored;  // the files
};

class RevisionJudge : public Judge {
 public:
  RevisionJudge(const Project& project, const std::vector<Project>& before, const cache::Revisions& revisions,
                TrackedProject tracked, const AffectedOptions& options)
      : Judge(project, options),
        project_(project),
        before_(before),
        revisions_(revisions),
        tracked_(std::move(tracked)),
        tracked_images_(project, tracked_.project) {
    for (const Project& one : before)
      earlier_.emplace_back(project, one);
  }

 private:
  // What an image was at each of the revisions; null where there was none.
  using ImageVersions = std::vector<const Image*>;

  // Several definitions that mean one build now may have meant several: what holds for one of them holds for
  // the image.
  void compare(const Image& image, const plan::Options& before, const plan::Options& after,
               ImageEffect& effect) override {
    const std::vector<ImageVersions> all = earlier_of(image);
    if (all.size() == 1) return compare_with(all.front(), image, before, after, effect);
    for (const ImageVersions& was : all) {
      ImageEffect one{.image = &image, .platform = effect.platform};
      compare_with(was, image, before, after, one);
      const bool is_first = &was == &all.front();
      if (is_first || weight_of(one.effect) > weight_of(effect.effect)) effect = std::move(one);
    }
  }

  // At least one. A definition that was not there at a revision takes what others had: that was built too.
  std::vector<ImageVersions> earlier_of(const Image& image) const {
    std::vector<std::vector<const Image*>> by_revision;
    by_revision.reserve(earlier_.size());
    for (const EarlierImages& images : earlier_)
      by_revision.push_back(images.of(image));
    const size_t places = by_revision.empty() ? 0 : by_revision.front().size();
    std::vector<ImageVersions> all;
    for (size_t i = 0; i < places; ++i) {
      const auto is_there = [&](const std::vector<const Image*>& was) { return was[i] != nullptr; };
      if (std::ranges::none_of(by_revision, is_there)) continue;
      ImageVersions earlier;
      for (const std::vector<const Image*>& was : by_revision)
        earlier.push_back(was[i] != nullptr ? was[i] : first_of(was));
      if (std::ranges::find(all, earlier) == all.end()) all.push_back(std::move(earlier));
    }
    if (all.empty()) all.emplace_back(revisions_.size(), nullptr);
    return all;
  }

  static const Image* first_of(const std::vector<const Image*>& images) {
    const auto found = std::ranges::find_if(images, [](const Image* image) { return image != nullptr; });
    return found == images.end() ? nullptr : *found;
  }

  void compare_with(const ImageVersions& was, const Image& image, const plan::Options& before,
                    const plan::Options& after, ImageEffect& effect) {
    BuildOptions now = image.build;
    now.plan = after;
    std::vector<std::optional<BuildOptions>> then;
    for (size_t i = 0; i < before_.size(); ++i)
      then.push_back(is_unread(i, was[i], image) ? std::nullopt : options_of(was[i], before));
    auto comparison = revisions_.compare(then, now, progress());
    if (!comparison) {
      tell_failures(image, std::move(comparison.error()), effect);
      tell_lone_failure(image, revisions_.changed_paths(), effect);
      if (!effect.failures.empty() && has_ignored_files(image)) effect.effect = Effect::kUnknown;
      return;
    }
    if (comparison->before.empty() && comparison->left_out.empty())
      comparison->left_out.push_back({{}, 0, 0, why_nothing(was, image, after), {}});
    tell(was, image, *comparison, effect);
    tell_outside(was, image, effect);
    // Of steps that are compared with nothing there is nothing to show.
    if (comparison->before.empty() && effect.effect == Effect::kUnknown) return;
    std::vector<OpenArgument> assumed = assumed_arguments(image, comparison->after);
    keep({.build = std::move(comparison->after),
          .report = std::move(comparison->report),
          .left_out = std::move(comparison->left_out)},
         effect, std::move(assumed));
  }

  // The build arguments whose value comes from a file that git ignores: nobody knows what it was.
  std::vector<OpenArgument> assumed_arguments(const Image& image, const Build& build) const {
    std::vector<OpenArgument> open;
    const std::string* const source = ignored_source(image);
    const Image* const other = source == nullptr ? nullptr : first_of(tracked_images_.of(image));
    if (other == nullptr) return open;
    for (const auto& [name, value] : image.target.args) {
      const auto found = other->target.args.find(name);
      const bool is_same = found != other->target.args.end() && found->second == value;
      if (!is_same && declares(build, name))
        open.push_back({name, fmt::format("the build argument {} comes from {}, which git ignores: its "
                                          "earlier value is unknown",
                                          name, *source)});
    }
    return open;
  }

  // The first file of an image's definition that git ignores; null for none.
  const std::string* ignored_source(const Image& image) const {
    const auto found = std::ranges::find_if(
        image.target.sources, [&](const std::string& source) { return tracked_.ignored.contains(source); });
    return found == image.target.sources.end() ? nullptr : &*found;
  }

  // What the definition takes from such a file.
  void tell_assumed(const Image& image, const Build& build, ImageEffect& effect) const {
    if (effect.effect == Effect::kRebuilt || !effect.reason.empty()) return;
    const std::string* const source = ignored_source(image);
    if (source == nullptr) return;
    const Image* const other = first_of(tracked_images_.of(image));
    if (const auto open = assumed_arguments(image, build); !open.empty()) {
      effect.reason = open.front().reason;
    } else if (other == nullptr || is_built_otherwise(image, *other)) {
      effect.reason = fmt::format("its definition depends on {}, which git ignores", *source);
    } else {
      return;
    }
    effect.effect = Effect::kUnknown;
  }

  // Whether two definitions of an image differ in more than build arguments.
  static bool is_built_otherwise(const Image& a, const Image& b) {
    const Target& x = a.target;
    const Target& y = b.target;
    return x.context != y.context || x.dockerfile != y.dockerfile || x.target != y.target ||
           x.dockerfile_inline != y.dockerfile_inline || x.contexts != y.contexts ||
           x.platforms != y.platforms || x.platform != y.platform;
  }

  // What could not be read of the definition of an image at a revision; null for nothing. What can't be read
  // in the same way now makes no difference to the comparison.
  const text::Failure* unread_at(size_t revision, const Image* was, const Image& image) const {
    const Project& project = before_[revision];
    if (project.failures.empty()) return nullptr;
    const text::Failure* const failure = unread_definition(image, was, project, *revisions_.before(revision));
    return failure == nullptr || is_same_now(*failure) ? nullptr : failure;
  }
  bool is_unread(size_t revision, const Image* was, const Image& image) const {
    return unread_at(revision, was, image) != nullptr;
  }

  bool is_same_now(const text::Failure& failure) const {
    const auto is_same = [&](const text::Failure& now) {
      return now.path == failure.path && now.message == failure.message;
    };
    if (std::ranges::none_of(project_.failures, is_same)) return false;
    const std::vector<std::string> changed = revisions_.changed_paths();
    return !std::ranges::binary_search(changed, revisions_.after()->real_path(failure.path));
  }

  // Why the definition of an image at the revisions is not known; empty if one of them has it.
  std::string why_unread(const ImageVersions& was, const Image& image) const {
    std::string why;
    for (size_t i = 0; i < before_.size(); ++i) {
      const text::Failure* const failure = unread_at(i, was[i], image);
      if (failure == nullptr && options_of(was[i], image.build.plan)) return {};
      if (failure == nullptr || !why.empty()) continue;
      why = fmt::format("its definition at {} can't be read: {}", revisions_.name(i), unread_words(*failure));
    }
    return why;
  }

  // Why there is nothing to compare with.
  std::string why_nothing(const ImageVersions& was, const Image& image, const plan::Options& plan) const {
    std::string unread = why_unread(was, image);
    return unread.empty() ? why_new(was, image, plan) : unread;
  }

  void tell(const ImageVersions& was, const Image& image, const cache::Comparison& comparison,
            ImageEffect& effect) const {
    if (comparison.before.empty()) {
      const bool is_unknown = !why_unread(was, image).empty() ||
                              std::ranges::any_of(comparison.left_out, [](const text::Failure& failure) {
                                return failure.message.ends_with(context::kFetchContent);
                              });
      effect.effect = is_unknown ? Effect::kUnknown : Effect::kNew;
      effect.reason =
          comparison.left_out.empty() ? why_not_known(image) : unread_words(comparison.left_out.front());
      return;
    }
    tell_steps(comparison.after, comparison.report, effect);
    tell_unknown(image, comparison.after, effect);
    tell_assumed(image, comparison.after, effect);
    tell_result(comparison.after, comparison.before, effect);
    if (effect.effect == Effect::kUnaffected) tell_configuration(comparison.after, comparison.before, effect);
  }

  bool changes_anything() const override {
    return !revisions_.changed_paths().empty() || !revisions_.changed_git_folders().empty();
  }

  bool may_change_context(const Image& image) const override {
    const std::string context = revisions_.after()->real_path(image.build.context);
    const auto is_inside = [&](const std::string& path) { return text::is_within(path, context); };
    return std::ranges::any_of(revisions_.changed_paths(), is_inside) ||
           std::ranges::any_of(revisions_.changed_git_folders(), is_inside);
  }

  std::vector<std::string> changed_files() const override { return revisions_.changed_paths(); }

  // Whether the context has files that git ignores: they may have changed.
  bool has_ignored_files(const Image& image) const {
    const std::shared_ptr<const context::FileSystem> files = revisions_.after();
    const std::string& context = image.build.context;
    const auto ignore =
        cache::load_ignore_file(image.build.dockerfile, context, image.build.plan.builder, *files);
    if (!ignore) return true;
    const auto walk = cache::walk_context(context, ignore->matcher, {.names_only = true}, *files);
    return !walk || !revisions_.assumed_in(walk->snapshot, files->real_path(context)).empty();
  }

  // What a definition says of the image and not of its files: a build writes it all the same.
  void tell_outside(const ImageVersions& was, const Image& image, ImageEffect& effect) const {
    if (effect.effect != Effect::kUnaffected) return;
    std::string last;
    for (size_t i = 0; i < before_.size(); ++i) {
      if (was[i] == nullptr || is_unread(i, was[i], image)) continue;
      last = changed_outside(*was[i], image);
      if (last.empty()) return;
    }
    if (last.empty()) return;
    effect.effect = Effect::kConfiguration;
    effect.reason = fmt::format("no step rebuilds, but {}", last);
  }

  static std::string changed_outside(const Image& was, const Image& is) {
    if (was.target.labels != is.target.labels) return "the labels of the image change";
    if (was.target.annotations != is.target.annotations) return "the annotations of the image change";
    if (was.target.tags != is.target.tags) return "the tags of the image change";
    // That which Compose gives it. If the file moves, so does the project, and nothing need ask for the name.
    if (was.origin().path == is.origin().path && was.target.references != is.target.references)
      return "the name of the image changes";
    if (was.target.other_inputs != is.target.other_inputs)
      return "other inputs of the builder change (such as outputs and attestations)";
    for (const std::string& platform : was.platforms()) {
      if (!is.platforms().empty() && !is.has_open_platforms() && !builds(is, platform))
        return lost_platform(platform);
    }
    return {};
  }

  // The options that an earlier image had.
  static std::optional<BuildOptions> options_of(const Image* other, const plan::Options& plan) {
    if (other == nullptr || !other->remote.empty()) return std::nullopt;
    if (!builds(*other, plan.platform)) return std::nullopt;
    BuildOptions options = other->build;
    options.plan.platform = plan.platform;
    options.plan.built_images = plan.built_images;
    set_triggers(other->build.plan, options.plan);
    return options;
  }

  static bool builds(const Image& image, const std::string& platform) {
    const std::vector<std::string> platforms = image.platforms();
    if (image.has_open_platforms()) return true;
    if (platforms.empty()) return image.build.plan.platform == platform;
    return std::ranges::find(platforms, platform) != platforms.end();
  }

  // Why no earlier project has an image.
  std::string why_not_known(const Image& image) const {
    if (image.origin().kind != DefinitionKind::kDockerfile) return "no definition named it before";
    const std::string& path = image.build.dockerfile;
    const auto exists = [&](size_t revision) { return revisions_.before(revision)->exists(path); };
    for (size_t i = 0; i < revisions_.size(); ++i) {
      if (exists(i)) return "an earlier definition said how to build it, and none does now";
    }
    return fmt::format("there was no {} before", path);
  }

  // Why an image is new.
  std::string why_new(const ImageVersions& was, const Image& image, const plan::Options& plan) const {
    if (first_of(was) == nullptr) return why_not_known(image);
    const auto is_built = [&](const Image* other) {
      return other != nullptr && builds(*other, plan.platform);
    };
    if (std::ranges::none_of(was, is_built))
      return fmt::format("it was not built for {} before", plan.platform);
    return "can't tell what it was built from before";
  }

  const Project& project_;
  const std::vector<Project>& before_;
  const cache::Revisions& revisions_;
  TrackedProject tracked_;
  EarlierImages tracked_images_;
  std::vector<EarlierImages> earlier_;  // by revision
};

}  // namespace

AffectedImages affected_since(Project& project, const cache::Revisions& revisions, const ReadImages& read,
                              const AffectedOptions& options) {
  std::vector<Project> before;
  for (size_t i = 0; i < revisions.size(); ++i)
    before.push_back(read(revisions.before(i)));
  for (const Project& one : before)
    add_lost_images(one, *revisions.after(), project);
  const std::set<std::string, std::less<>> ignored = ignored_sources(project, revisions);
  Project without;
  if (!ignored.empty()) without = read(std::make_shared<const HiddenFiles>(revisions.after(), ignored));
  AffectedImages affected =
      RevisionJudge(project, before, revisions, {std::move(without), ignored}, options).run();
  if (revisions.repository().lacks_content())
    affected.warnings.emplace_back(
        "this is a partial clone, and some files that say how images are built have no content at the "
        "revision; get them with git fetch --refetch --no-filter");
  return affected;
}

}  // namespace dcache::project
