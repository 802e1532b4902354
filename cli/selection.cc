#include "cli/selection.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "dcache/context/disk.h"
#include "dcache/context/git.h"
#include "dcache/project/definitions.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/needs.h"
#include "dcache/project/triggers.h"
#include "dcache/text/failure.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/system_path.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

// What a definition leaves open of an image is known where the command line says it.
void take_for_known(const BuildFlags& flags, project::Image& image) {
  const auto is_given = [&](const project::UnknownAttribute& unknown) {
    constexpr std::string_view kArgs = "args.";
    if (unknown.attribute == "context") return !flags.context.empty();
    if (unknown.attribute == "dockerfile") return !flags.images.empty() && flags.files.size() == 1;
    if (unknown.attribute == "target") return !flags.target.empty();
    return unknown.attribute.starts_with(kArgs) &&
           std::ranges::any_of(flags.build_args, [&](const std::string& pair) {
             return pair.substr(0, pair.find('=')) == unknown.attribute.substr(kArgs.size());
           });
  };
  std::vector<project::UnknownAttribute>& open = image.target.unknown;
  const bool was_open = std::erase_if(open, is_given) > 0 || !flags.context.empty();
  const bool is_open = std::ranges::any_of(open, [](const project::UnknownAttribute& unknown) {
    const std::string& attribute = unknown.attribute;
    return unknown.varies && (attribute == "context" || attribute == "dockerfile" || attribute == "target");
  });
  if (was_open && !is_open && !image.build.context.empty()) image.remote.clear();
}

// The Dockerfile that -f names, or that of a context that is only known now.
void apply_file(const BuildFlags& flags, project::Image& image) {
  cache::BuildOptions& build = image.build;
  if (flags.files.size() == 1) {
    build.dockerfile = text::clean_path(flags.files.front());
    build.dockerfile_text.reset();
    return;
  }
  const std::string inside = text::join_path(build.context, image.target.dockerfile);
  const bool is_open =
      !image.remote.empty() && !build.dockerfile_text && !build.files->exists(build.dockerfile);
  if (is_open && build.files->exists(inside)) build.dockerfile = inside;
}

// What the command line says counts for more than a definition.
void apply_flags(const BuildFlags& flags, const plan::Options& given, project::Image& image) {
  cache::BuildOptions& build = image.build;
  if (!flags.context.empty()) build.context = flags.context;
  if (!flags.images.empty()) apply_file(flags, image);
  if (!flags.target.empty()) build.plan.target = flags.target;
  for (const auto& [name, value] : given.build_args) {
    // Only docker buildx passes it on from the environment.
    constexpr std::string_view kEpoch = "SOURCE_DATE_EPOCH";
    const auto names = [&wanted = name](const std::string& pair) {
      return pair.substr(0, pair.find('=')) == wanted;
    };
    const bool is_named = std::ranges::any_of(flags.build_args, names);
    if (name == kEpoch && !is_named && build.plan.builder != plan::Builder::kBuildkit) {
      const bool is_defined = image.origin().kind != project::DefinitionKind::kDockerfile;
      if (!is_defined || !image.target.args.contains(name)) build.plan.build_args.erase(name);
      continue;
    }
    const auto [known, is_new] = build.plan.build_args.try_emplace(name, value);
    if (is_named && !is_new) known->second = value;
  }
  for (const auto& [name, value] : given.named_contexts)
    build.plan.named_contexts[name] = value;
  take_for_known(flags, image);
}

// All images are built for the platform that the command line names.
void apply_platform(const BuildFlags& flags, project::Project& project) {
  if (flags.platform.empty()) return;
  for (project::Image& image : project.images) {
    image.build.plan.platform = flags.platform;
    image.target.platforms = {flags.platform};
  }
}

std::string closest_image(const project::Project& project, const std::string& name) {
  std::vector<std::string_view> names;
  names.reserve(project.images.size());
  for (const project::Image& image : project.images)
    names.push_back(image.target.name);
  return text::did_you_mean(name, names, "see dcache images");
}

// The files that --changed names may be new or gone where the options read them.
void add_changed(const std::vector<std::string>& changed, project::ProjectOptions& options) {
  const std::string here = current_folder();
  for (const std::string& path : changed)
    options.changed.push_back(text::relative_path(path, here));
}

// The images of the Dockerfiles that were named or found.
class ImagesOfFiles {
 public:
  ImagesOfFiles(const project::ProjectOptions& options, const std::vector<std::string>& definitions)
      : files_(*options.read.files), finder_(options) {
    finder_.add(definitions);
  }

  // `definitions` are those whose images are meant, whatever their Dockerfiles are called.
  Selection of(const std::vector<std::string>& dockerfiles, const std::vector<std::string>& definitions) {
    std::vector<project::Image> lone;
    for (const std::string& path : dockerfiles) {
      std::vector<project::Image> found = finder_.of(path);
      if (found.front().origin().kind == project::DefinitionKind::kDockerfile)
        lone.push_back(std::move(found.front()));
    }
    Selection selection{finder_.defined_so_far(), {}};
    for (const std::string& path : dockerfiles)
      add_defined(path, selection);
    for (size_t i = 0; i < selection.project.images.size(); ++i) {
      const auto is_in = [&](const project::Origin& origin) {
        return std::ranges::find(definitions, origin.path) != definitions.end();
      };
      const bool is_meant = std::ranges::find(selection.meant, i) != selection.meant.end();
      if (!is_meant && std::ranges::any_of(selection.project.images[i].target.defined, is_in))
        selection.meant.push_back(i);
    }
    for (project::Image& image : lone) {
      selection.meant.push_back(selection.project.images.size());
      selection.project.images.push_back(std::move(image));
    }
    return selection;
  }

 private:
  void add_defined(const std::string& path, Selection& selection) const {
    const std::string real = files_.real_path(path);
    for (size_t i = 0; i < selection.project.images.size(); ++i) {
      project::Image& image = selection.project.images[i];
      if (image.target.dockerfile_inline || !image.remote.empty()) continue;
      if (files_.real_path(image.build.dockerfile) != real) continue;
      image.build.dockerfile = text::clean_path(path);
      selection.meant.push_back(i);
    }
  }

  const context::FileSystem& files_;
  project::ImageFinder finder_;
};

// Of the images of one Dockerfile that is meant: what `docker buildx bake` builds without a name, or the
// first.
size_t default_image(const Selection& selection) {
  const std::vector<project::Image>& images = selection.project.images;
  for (const project::Image* image : selection.project.find("default")) {
    const auto index = static_cast<size_t>(image - images.data());
    if (std::ranges::find(selection.meant, index) != selection.meant.end()) return index;
  }
  return selection.meant.front();
}

// "api, two, three and 2 others": of the images that are meant, those that are not in `kept`.
std::string other_images(const Selection& selection, const std::vector<size_t>& kept) {
  constexpr size_t kShown = 4;
  std::vector<std::string> others;
  for (const size_t index : selection.meant) {
    if (std::ranges::find(kept, index) == kept.end())
      others.push_back(selection.project.images[index].target.name);
  }
  if (others.size() > kShown) {
    const size_t more = others.size() - kShown + 1;
    others.resize(kShown - 1);
    others.push_back(fmt::format("{} others", more));
  }
  return text::list_words(others);
}

// Of the images of one Dockerfile that are meant: those that import a cache, if these are asked about, or the
// default.
std::vector<size_t> images_to_keep(const BuildFlags& flags, const Selection& selection) {
  std::vector<size_t> kept;
  for (const size_t index : selection.meant) {
    if (flags.prefers_importing && !selection.project.images[index].target.cache_from.empty())
      kept.push_back(index);
  }
  return kept.empty() ? std::vector<size_t>{default_image(selection)} : kept;
}

void keep_default(const BuildFlags& flags, const std::string& dockerfile, Selection& selection) {
  if (flags.means_all_of_file) return;
  if (selection.meant.size() < 2) {
    if (selection.project.images.size() > 1 || selection.project.dockerfiles > 1)
      complain(fmt::format("note: this shows the image {} only; dcache affected lists all images",
                           selection.project.images[selection.meant.front()].target.name));
    return;
  }
  std::vector<size_t> kept = images_to_keep(flags, selection);
  if (kept.size() < selection.meant.size()) {
    std::vector<std::string> names;
    names.reserve(kept.size());
    for (const size_t index : kept)
      names.push_back(selection.project.images[index].target.name);
    complain(fmt::format("note: this shows the {} {}; {} is also built as {} (choose one with --image)",
                         names.size() == 1 ? "image" : "images", text::list_words(names), dockerfile,
                         other_images(selection, kept)));
  }
  selection.meant = std::move(kept);
}

// Whether one of the files is a folder, or not of the repository that the current folder is in.
bool is_of_no_repository(const std::vector<std::string>& files) {
  const std::string root = context::repository_root(current_folder());
  return root.empty() || std::ranges::any_of(files, [&](const std::string& path) {
           return !std::filesystem::is_regular_file(text::system_path(path)) ||
                  !text::is_within(context::disk()->real_path(path), root);
         });
}

// The images of a project that are built from a Dockerfile.
std::vector<size_t> images_built_from(const std::string& path, const project::Project& project,
                                      const context::FileSystem& files) {
  const std::string real = files.real_path(path);
  std::vector<size_t> found;
  for (size_t i = 0; i < project.images.size(); ++i) {
    const project::Image& image = project.images[i];
    if (!image.target.dockerfile_inline && files.real_path(image.build.dockerfile) == real)
      found.push_back(i);
  }
  return found;
}

// The images of Dockerfiles, as all definitions of the repository have them, like dcache affected. Nothing if
// one of the files is not an image there.
std::optional<Selection> select_in_repository(const std::vector<std::string>& dockerfiles,
                                              project::ProjectOptions options) {
  if (!options.build.context.empty() || is_of_no_repository(dockerfiles)) return std::nullopt;
  options.lone_dockerfiles = dockerfiles;
  Selection selection{project::read_project(".", options), {}};
  for (const std::string& path : dockerfiles) {
    bool is_found = false;
    for (const size_t i : images_built_from(path, selection.project, *options.read.files)) {
      project::Image& image = selection.project.images[i];
      if (!image.remote.empty()) continue;
      image.build.dockerfile = text::clean_path(path);
      selection.meant.push_back(i);
      is_found = true;
    }
    if (!is_found) return std::nullopt;
  }
  return selection;
}

Selection select_of_files(const BuildFlags& flags, const project::ProjectOptions& options, bool complains,
                          bool& failed) {
  if (auto selection = select_in_repository(flags.files, options)) {
    if (!complains) return std::move(*selection);
    for (const text::Failure& failure : selection->project.failures)
      complain("warning: " + text::words_of(failure));
    if (flags.files.size() == 1) keep_default(flags, flags.files.front(), *selection);
    return std::move(*selection);
  }
  project::DiscoveredFiles found = complains ? find_files(flags.files, {.definitions = true}, failed)
                                             : project::find_dockerfiles(flags.files, {.definitions = true});
  const std::vector<std::string>& dockerfiles = found.files;
  for (const std::string& path : options.changed) {
    const bool is_known = std::ranges::find(found.definitions, path) != found.definitions.end();
    if (!is_known && project::definition_kind(path) && project::may_define(path, *options.read.files))
      found.definitions.push_back(path);
  }
  Selection selection = ImagesOfFiles(options, found.definitions).of(dockerfiles, found.definitions);
  if (!complains) return selection;
  for (const text::Failure& failure : selection.project.failures)
    complain("warning: " + text::words_of(failure));
  const bool is_named = flags.files.size() == 1 && dockerfiles == flags.files;
  if (is_named) keep_default(flags, dockerfiles.front(), selection);
  return selection;
}

}  // namespace

namespace {

bool lacks_content(const text::Failure& failure) {
  return failure.message.find(context::kFetchContent) != std::string::npos;
}

}  // namespace

std::optional<project::Project> read_images(const BuildFlags& flags, bool& failed,
                                            const std::shared_ptr<const context::FileSystem>& files,
                                            const std::vector<std::string>& changed, bool complains) {
  auto options = project_options_of(flags);
  if (!options) {
    failed = true;
    return std::nullopt;
  }
  options->with_left_out = flags.with_left_out;
  if (files != nullptr) options->read.files = files;
  add_changed(changed, *options);
  project::Project project = project::read_project(".", *options);
  apply_platform(flags, project);
  if (complains) {
    std::vector<text::Failure> told = project.failures;
    // One warning is enough for all that a partial clone lacks.
    if (files != nullptr) std::erase_if(told, lacks_content);
    complain_of(told);
    failed = failed || !told.empty();
  }
  return project;
}

namespace {

// Adds those that a name means to the indexes. False for an unknown name.
bool add_named(const project::Project& project, const std::string& name, std::vector<size_t>& indexes) {
  const auto found = project.find(name);
  for (const project::Image* image : found) {
    const auto index = static_cast<size_t>(image - project.images.data());
    if (std::ranges::find(indexes, index) == indexes.end()) indexes.push_back(index);
  }
  return !found.empty();
}

}  // namespace

std::optional<std::vector<size_t>> images_named(const project::Project& project,
                                                const std::vector<std::string>& names,
                                                std::string_view option) {
  std::vector<size_t> indexes;
  for (const std::string& name : names) {
    if (add_named(project, name, indexes)) continue;
    complain(fmt::format("{} {}: there is no such image; {}", option, name, closest_image(project, name)));
    return std::nullopt;
  }
  return indexes;
}

bool keep_images(project::Project& project, const std::vector<std::string>& names, std::string_view option) {
  const auto indexes = images_named(project, names, option);
  if (!indexes) return false;
  std::vector<project::Image> kept;
  for (size_t i = 0; i < project.images.size(); ++i) {
    if (std::ranges::find(*indexes, i) != indexes->end()) kept.push_back(std::move(project.images[i]));
  }
  project.images = std::move(kept);
  return true;
}

namespace {

// What docker build reads in a folder without -f.
std::string default_dockerfile(const std::string& folder, const context::FileSystem& files) {
  std::string path = text::join_path(folder, "Dockerfile");
  std::string other = text::join_path(folder, "dockerfile");
  return !files.exists(path) && files.exists(other) ? other : path;
}

// Whether -f says what a definition leaves open. An image with a Dockerfile of its own has no other one.
bool can_take_file(const BuildFlags& flags, const project::Project& project,
                   const std::vector<size_t>& named) {
  if (flags.files.empty() || !flags.context.empty()) return true;
  const auto is_open = [](const project::UnknownAttribute& unknown) {
    return unknown.varies && (unknown.attribute == "dockerfile" || unknown.attribute == "context");
  };
  for (const size_t index : named) {
    const project::Image& image = project.images[index];
    if (std::ranges::any_of(image.target.unknown, is_open) && flags.files.size() == 1) continue;
    if (flags.files == std::vector{image.build.dockerfile}) continue;
    complain(fmt::format("--image {} is built from {}: leave out -f, or --image", image.target.name,
                         image.build.dockerfile));
    return false;
  }
  return true;
}

Selection select_of_repository(const BuildFlags& flags, bool& failed, project::Project project,
                               bool complains) {
  Selection selection{std::move(project), {}};
  if (!flags.images.empty() && !complains) {
    for (const std::string& name : flags.images)
      add_named(selection.project, name, selection.meant);
    return selection;
  }
  if (!flags.images.empty()) {
    auto named = images_named(selection.project, flags.images, "--image");
    if (named && !can_take_file(flags, selection.project, *named)) named.reset();
    failed = failed || !named;
    if (named) selection.meant = std::move(*named);
    return selection;
  }
  for (size_t i = 0; i < selection.project.images.size(); ++i)
    selection.meant.push_back(i);
  if (!selection.meant.empty() || !complains) return selection;
  complain("there is no Dockerfile here and no image is defined; name a Dockerfile with -f");
  failed = true;
  return selection;
}

}  // namespace

Selection select_images(const BuildFlags& flags, bool& failed,
                        const std::shared_ptr<const context::FileSystem>& files,
                        const std::vector<std::string>& changed, bool complains) {
  Selection selection;
  auto options = project_options_of(flags);
  if (!options) {
    failed = true;
    return selection;
  }
  const std::string own = default_dockerfile(flags.context, *context::disk());
  const bool has_own = context::disk()->exists(own);
  if (flags.images.empty() && (!flags.files.empty() || !flags.context.empty() || has_own)) {
    if (files != nullptr) options->read.files = files;
    add_changed(changed, *options);
    BuildFlags named = flags;
    if (named.files.empty()) named.files = {own};
    selection = select_of_files(named, *options, complains, failed);
    apply_platform(flags, selection.project);
    failed = failed || selection.meant.empty();
  } else if (auto project = read_images(flags, failed, files, changed, complains)) {
    selection = select_of_repository(flags, failed, std::move(*project), complains);
  }
  for (const size_t index : selection.meant)
    apply_flags(flags, options->build.plan, selection.project.images[index]);
  return selection;
}

namespace {

// The images of Dockerfiles, which are added to the project if it has none of them.
std::vector<size_t> images_of_files(const std::vector<std::string>& paths,
                                    const project::ProjectOptions& options, project::Project& project) {
  const context::FileSystem& files = *options.read.files;
  std::vector<size_t> meant;
  for (const std::string& path : paths) {
    const std::vector<size_t> found = images_built_from(path, project, files);
    meant.insert(meant.end(), found.begin(), found.end());
    if (!found.empty() || !files.exists(path)) continue;
    for (project::Image& image : project::ImageFinder(options).of(path)) {
      meant.push_back(project.images.size());
      project.images.push_back(std::move(image));
    }
  }
  return meant;
}

}  // namespace

Selection select_images_at(const BuildFlags& flags, const std::shared_ptr<const context::FileSystem>& files,
                           project::DiscoveredFiles found, bool complains, bool& failed) {
  auto options = project_options_of(flags);
  if (!options) {
    failed = true;
    return {};
  }
  options->read.files = files;
  options->found = std::move(found);
  project::Project project = project::read_project(".", *options);
  apply_platform(flags, project);
  if (complains) complain_of(project.failures);
  const std::string own = default_dockerfile(flags.context, *files);
  Selection selection;
  if (flags.images.empty() && (!flags.files.empty() || !flags.context.empty() || files->exists(own))) {
    const std::vector<std::string> named = flags.files.empty() ? std::vector{own} : flags.files;
    selection.meant = images_of_files(named, *options, project);
    selection.project = std::move(project);
    for (const std::string& path : named) {
      if (complains && !files->exists(path))
        complain(fmt::format("there is no {} at the newest commit", path));
    }
    failed = failed || selection.meant.empty();
  } else {
    selection = select_of_repository(flags, failed, std::move(project), complains);
  }
  for (const size_t index : selection.meant)
    apply_flags(flags, options->build.plan, selection.project.images[index]);
  return selection;
}

void complain_of_unknown(const project::Image& image, const std::string& reason) {
  if (image.remote.empty()) return complain(fmt::format("{}: {}", image.target.name, reason));
  complain(
      fmt::format("{}: can't read its files: {}; name the folder with --context, or the Dockerfile with -f",
                  image.target.name, reason));
}

namespace {

// Whether a name that the current folder does not have is one of the repository, as git lists it: the file is
// there, or was.
bool is_of_root(const std::string& name, const std::string& root, const std::string& here) {
  const context::FileSystem& files = *context::disk();
  if (files.exists(name)) return false;
  if (files.exists(root + '/' + name)) return true;
  const std::string folder(text::parent_path(name));
  if (folder != ".") return !files.exists(folder) && files.exists(root + '/' + folder);
  const auto repository = context::GitRepository::open(root);
  return repository && repository->tracks(name) &&
         !repository->tracks(here.substr(root.size() + 1) + '/' + name);
}

}  // namespace

std::vector<std::string> add_names_of_root(const std::vector<std::string>& names,
                                           const project::Project& project) {
  const std::string here = current_folder(), root = context::repository_root(here);
  if (root.empty() || root == here) return names;
  std::vector<std::string> all;
  for (const std::string& name : names) {
    const bool is_path = !text::is_absolute(name) && !name.starts_with("..") && !text::has_wildcard(name);
    if (!is_path || !is_of_root(text::clean_path(name), root, here)) {
      all.push_back(name);
      continue;
    }
    // It may be one of a context, too.
    const auto has_it = [&](const project::Image& image) {
      return context::disk()->exists(text::join_path(image.build.context, name));
    };
    if (std::ranges::any_of(project.images, has_it)) all.push_back(name);
    all.push_back(text::relative_path(text::join_path(root, name), here));
  }
  return all;
}

namespace {

// The one image that the flags name.
std::optional<project::Image> image_of(const BuildFlags& flags) {
  bool failed = false;
  const Selection selection = select_images(flags, failed);
  if (failed && selection.meant.empty()) return std::nullopt;
  if (selection.meant.size() != 1) {
    complain(fmt::format("this command shows one image, and there are {}: choose one with --image or -f",
                         selection.meant.size()));
    return std::nullopt;
  }
  const project::Image& image = selection.project.images[selection.meant.front()];
  if (!image.remote.empty()) {
    complain_of_unknown(image, image.remote);
    return std::nullopt;
  }
  const project::ImageNeeds needs(selection.project.images);
  const auto& needed = needs.of(selection.meant.front());
  if (const auto* const base = project::base_with_open_triggers(needed, selection.project.images))
    complain(fmt::format(
        "note: {} has ONBUILD instructions, which read files of this build's context; they are not "
        "shown among its steps",
        base->target.name));
  return image;
}

std::optional<cache::Build> load(cache::BuildOptions options, IgnoredSizes ignored) {
  options.measure_ignored = ignored == IgnoredSizes::kMeasured;
  auto build = cache::Build::load(options);
  if (!build) {
    complain_of(build.error());
    return std::nullopt;
  }
  return std::move(*build);
}

}  // namespace

std::optional<cache::Build> load_build(const BuildFlags& flags, IgnoredSizes ignored) {
  const auto image = image_of(flags);
  return image ? load(image->build, ignored) : std::nullopt;
}

std::vector<cache::Build> load_platforms(const project::Image& image, IgnoredSizes ignored) {
  std::vector<cache::Build> builds;
  std::vector<std::string> platforms = image.judged_platforms();
  if (platforms.empty()) platforms.push_back(image.build.plan.platform);
  // What several read is read once.
  const std::shared_ptr<const context::FileSystem> files =
      platforms.size() == 1 ? image.build.files
                            : std::make_shared<const context::CachedFiles>(image.build.files);
  for (const std::string& platform : platforms) {
    cache::BuildOptions options = image.build;
    options.files = files;
    options.plan.platform = platform;
    auto build = load(std::move(options), ignored);
    if (!build) return {};
    builds.push_back(std::move(*build));
  }
  return builds;
}

std::vector<cache::Build> load_platforms(const BuildFlags& flags, IgnoredSizes ignored) {
  const auto image = image_of(flags);
  return image ? load_platforms(*image, ignored) : std::vector<cache::Build>();
}

}  // namespace dcache::cli
