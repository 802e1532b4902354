#include "dcache/project/images.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/context/submodules.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/project/definitions.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/needs.h"
#include "dcache/project/once.h"
#include "dcache/project/readers.h"
#include "dcache/project/settings_needs.h"
#include "dcache/project/sources.h"
#include "dcache/project/triggers.h"
#include "dcache/project/unknown.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using cache::BuildOptions;

// Whether a context or a named one is fetched by the builder.
// Source: https://docs.docker.com/build/concepts/context/#remote-context
bool is_remote_context(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.starts_with("git@") ||
         text.starts_with("github.com/");
}

std::string resolve(const std::string& folder, const std::string& path) {
  return text::is_absolute(path) ? text::clean_path(path) : text::join_path(folder, path);
}

// What a named context is for the plan: a folder from the current one, or an image.
std::string named_context(const Target& target, const std::string& value) {
  if (value.starts_with(plan::kImageScheme)) return value;
  if (value.starts_with(kTargetScheme) || is_remote_context(value))
    return std::string(plan::kImageScheme) + value;
  return resolve(target.folder, value);
}

// The path of a Dockerfile from the current folder.
std::string dockerfile_path(const Target& target) {
  const bool is_known = std::ranges::none_of(
      target.unknown, [](const UnknownAttribute& one) { return one.varies && one.attribute == "context"; });
  const bool is_folder =
      is_known && !is_remote_context(target.context) && target.context != cache::kNoContext;
  const std::string context = is_folder ? target.context : ".";
  return resolve(resolve(target.folder, context), target.dockerfile);
}

bool is_known_platform(const std::string& platform) {
  return platform.find('$') == std::string::npos;
}

// The platforms of a target that are known; none for the builder's own.
std::vector<std::string> platforms_of(const Target& target) {
  std::vector<std::string> known;
  std::ranges::copy_if(target.platforms, std::back_inserter(known), is_known_platform);
  if (target.platforms.empty() && !target.platform.empty()) known.push_back(target.platform);
  return known;
}

// "linux/amd64,linux/arm64" in one text is two, as docker buildx takes it.
std::vector<std::string> split_platforms(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  for (const std::string& text : texts) {
    if (!is_known_platform(text)) {
      add_once(all, {text});
      continue;
    }
    for (std::string_view left = text; !left.empty();) {
      const size_t comma = std::min(left.find(','), left.size());
      add_once(all, {std::string(text::trim(left.substr(0, comma)))});
      left.remove_prefix(std::min(comma + 1, left.size()));
    }
  }
  return all;
}

class ImageMaker {
 public:
  // `root` is the root of the repository, from the current folder.
  ImageMaker(const ProjectOptions& options, std::string root) : options_(options), root_(std::move(root)) {}

  Image of_target(Target target) const {
    Image image;
    target.platforms = split_platforms(target.platforms);
    BuildOptions& build = image.build = options_.build;
    build.files = options_.read.files;
    build.plan.target.clear();
    build.plan.build_args.clear();
    build.plan.named_contexts.clear();
    if (is_remote_context(target.context)) {
      image.remote = fmt::format("its context is {}", target.context);
    } else if (target.context == cache::kNoContext) {
      build.context = target.context;
    } else {
      build.context = from_here(resolve(target.folder, target.context));
    }
    for (const UnknownAttribute& unknown : target.unknown) {
      const std::string& attribute = unknown.attribute;
      if (unknown.varies && (attribute == "context" || attribute == "dockerfile" || attribute == "target"))
        image.remote =
            fmt::format("its {} {}", attribute == "dockerfile" ? "Dockerfile" : attribute, unknown.reason);
    }
    build.dockerfile = from_here(dockerfile_path(target));
    take_other_case(target, build);
    if (image.remote.empty()) image.remote = missing_files(target, build);
    if (target.dockerfile_inline) {
      build.dockerfile = fmt::format("{} ({})", target.defined.front().path, target.name);
      build.dockerfile_text = target.dockerfile_inline;
    }
    add_plan(target, build.plan);
    for (auto& [name, folder] : build.plan.named_contexts)
      folder = from_here(std::move(folder));
    for (Origin& origin : target.defined) {
      if (origin.name.empty()) origin.name = target.name;
    }
    image.definitions = {target.defined};
    image.target = std::move(target);
    return image;
  }

  // Of a Dockerfile that no definition names, with the context that is given or inferred.
  Image of_lone_dockerfile(const std::string& path, const std::string& root) const {
    Image image;
    BuildOptions& build = image.build = options_.build;
    build.files = options_.read.files;
    build.dockerfile = path;
    image.target.name = path;
    image.target.defined = {{DefinitionKind::kDockerfile, path, 1}};
    image.definitions = {image.target.defined};
    if (build.context.empty()) build.context = options_.fallback_context;
    if (build.context.empty()) {
      image.choice = choose(path, root, build.plan);
      build.context = image.choice->folder;
    }
    image.target.context = build.context;
    image.target.dockerfile = relative_to(path, build.context);
    image.target.target = build.plan.target;
    image.target.args = build.plan.build_args;
    return image;
  }

 private:
  // A path as one writes it in the current folder: "api", and not "../services/api".
  std::string from_here(std::string path) const {
    if (!path.starts_with("../")) return path;
    const std::string here = options_.read.files->real_path(".");
    return text::relative_path(text::join_path(here, path), here);
  }

  // Without a file of the default name BuildKit reads one in lower case.
  // Source: DefaultDockerfileName in https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go
  void take_other_case(Target& target, BuildOptions& build) const {
    const context::FileSystem& files = *options_.read.files;
    if (text::base_name(target.dockerfile) != kDefaultName || files.exists(build.dockerfile)) return;
    const std::string other =
        text::join_path(std::string(text::parent_path(build.dockerfile)), kLowerCaseName);
    if (!files.exists(other)) return;
    build.dockerfile = other;
    target.dockerfile = text::join_path(std::string(text::parent_path(target.dockerfile)), kLowerCaseName);
  }

  static constexpr std::string_view kDefaultName = "Dockerfile", kLowerCaseName = "dockerfile";

  // Why nothing can be said of a build whose files are in a submodule.
  std::string missing_files(const Target& target, const BuildOptions& build) const {
    const auto in = [&](const std::string& path) {
      return context::missing_submodule(root_, text::clean_path(path), *options_.read.files);
    };
    constexpr std::string_view kWhy =
        "its {} is in the git submodule {}, which is not checked out (git submodule update --init)";
    if (const std::string submodule = in(build.context); !submodule.empty())
      return fmt::format(kWhy, "context", submodule);
    const std::string submodule = target.dockerfile_inline ? "" : in(build.dockerfile);
    return submodule.empty() ? "" : fmt::format(kWhy, "Dockerfile", submodule);
  }

  static void add_plan(const Target& target, plan::Options& plan) {
    if (!target.target.empty()) plan.target = target.target;
    for (const auto& [name, value] : target.args)
      plan.build_args[name] = value;
    for (const auto& [name, image] : target.image_args)
      plan.build_args[name] = image;
    for (const auto& [name, value] : target.contexts)
      plan.named_contexts[name] = named_context(target, value);
    if (const auto platforms = platforms_of(target); !platforms.empty()) plan.platform = platforms.front();
    // Without a value that is known the default of the Dockerfile is as good as any.
    for (const UnknownAttribute& unknown : target.unknown) {
      constexpr std::string_view kArgs = "args.";
      const bool has_expression = unknown.reason.find('$') != std::string::npos;
      if ((unknown.varies || has_expression) && unknown.attribute.starts_with(kArgs))
        plan.build_args.erase(unknown.attribute.substr(kArgs.size()));
    }
    plan.no_cache = plan.no_cache || target.no_cache;
    std::ranges::copy(target.no_cache_filter, std::back_inserter(plan.no_cache_filter));
    const plan::RunOptions& run = target.run;
    if (!run.network.empty()) plan.run.network = run.network;
    if (!run.shm_size.empty()) plan.run.shm_size = run.shm_size;
    std::ranges::copy(run.add_hosts, std::back_inserter(plan.run.add_hosts));
    std::ranges::copy(run.ulimits, std::back_inserter(plan.run.ulimits));
  }

  ContextChoice choose(const std::string& path, const std::string& root, const plan::Options& plan) const {
    const auto text = options_.read.files->read(path);
    const std::string own(text::parent_path(path));
    if (!text) return {own, ContextChoice::Reason::kOwnFolder, {}, {}};
    const dockerfile::File file = dockerfile::parse(*text);
    return choose_context(plan::build_graph(file, plan), path, root, *options_.read.files);
  }

  std::string relative_to(const std::string& path, const std::string& folder) const {
    const std::string real = options_.read.files->real_path(std::string(text::parent_path(path)));
    const std::string root = options_.read.files->real_path(folder);
    const std::string name(text::base_name(path));
    if (!text::is_within(real, root)) return text::join_path(real, name);
    return text::join_path(real.substr(std::min(root.size() + (text::is_root(root) ? 0 : 1), real.size())),
                           name);
  }

  const ProjectOptions& options_;
  std::string root_;
};

bool is_job(const Origin& origin) {
  return is_built_by_ci(origin.kind);
}

bool is_of_ci(const Image& image) {
  return std::ranges::any_of(image.target.defined, is_job);
}

bool is_unknown(const Image& image, std::string_view attribute) {
  return std::ranges::any_of(image.target.unknown,
                             [&](const UnknownAttribute& unknown) { return unknown.attribute == attribute; });
}

// Whether build arguments are the same. What a CI definition does not say, or what only its service knows,
// is not a difference from a definition that does.
bool are_same_arguments(const Image& a, const Image& b) {
  const bool loose = is_of_ci(a) || is_of_ci(b);
  const auto covers = [&](const Image& one, const Image& other) {
    return std::ranges::all_of(one.build.plan.build_args, [&](const auto& arg) {
      const auto found = other.build.plan.build_args.find(arg.first);
      if (found != other.build.plan.build_args.end() && found->second == arg.second) return true;
      const std::string attribute = "args." + arg.first;
      return loose && (is_unknown(one, attribute) || is_unknown(other, attribute));
    });
  };
  return covers(a, b) && covers(b, a);
}

// A definition without platforms does not contradict one that has some.
bool are_same_platforms(const Image& a, const Image& b) {
  const std::vector<std::string> x = a.platforms(), y = b.platforms();
  const bool is_open = x.size() < a.target.platforms.size() || y.size() < b.target.platforms.size();
  return x.empty() || y.empty() || is_open || std::ranges::is_permutation(x, y);
}

// Whether both builds give the builder the same options, which count in the keys of steps.
bool are_same_options(const plan::Options& a, const plan::Options& b) {
  const auto all_of = [](const plan::Options& plan) {
    const plan::RunOptions& run = plan.run;
    return std::tie(run.network, run.hostname, run.add_hosts, run.ulimits, run.shm_size, run.cgroup_parent,
                    plan.no_cache, plan.no_cache_filter);
  };
  return all_of(a) == all_of(b);
}

// Whether one command reads the definitions of both: they are in one file, or in files that override, include
// or require each other.
bool are_defined_together(const Image& known, const Image& image) {
  const Origin& a = known.origin();
  const Origin& b = image.origin();
  if (a.path == b.path) return true;
  const bool is_for_people = b.kind == DefinitionKind::kCompose || b.kind == DefinitionKind::kBake ||
                             b.kind == DefinitionKind::kSkaffold;
  return is_for_people && a.kind == b.kind && !image.target.sources.empty() &&
         known.target.sources.includes(image.target.sources);
}

// The values of build arguments that one definition leaves open and the other has. What only CI knows stays
// open.
void take_known_arguments(Image& other, Image& image) {
  const auto take = [](Image& from, Image& to) {
    if (is_of_ci(to)) return;
    for (const auto& [name, value] : from.target.args) {
      const std::string attribute = "args." + name;
      if (is_unknown(from, attribute) || !is_unknown(to, attribute)) continue;
      to.target.args[name] = value;
      to.build.plan.build_args[name] = value;
      std::erase_if(to.target.unknown,
                    [&](const UnknownAttribute& unknown) { return unknown.attribute == attribute; });
    }
  };
  take(other, image);
  take(image, other);
}

// What the builder is given in addition to the files: what one definition has and another does not say, the
// build needs all the same.
void add_inputs(Target& from, Target& to) {
  add_once(to.secrets, std::move(from.secrets));
  add_once(to.ssh, std::move(from.ssh));
  add_once(to.other_inputs, std::move(from.other_inputs));
  add_once(to.cache_to, std::move(from.cache_to));
  to.pull = to.pull || from.pull;
  if (to.builder && (to.builder_is_set || !from.builder_is_set)) return;
  to.builder = from.builder;
  to.builder_is_set = from.builder_is_set;
}

// A build imports what one definition says, not what all of them do: what CI says before what people build
// with.
void take_imports(Image& other, Image& image) {
  Target& from = other.target;
  Target& to = image.target;
  std::ranges::move(from.other_imports, std::back_inserter(to.other_imports));
  if (from.cache_from.empty() || from.cache_from == to.cache_from) return;
  const bool counts_more = is_of_ci(other) && !is_of_ci(image);
  if (to.cache_from.empty() || counts_more) std::swap(from.cache_from, to.cache_from);
  if (!from.cache_from.empty()) to.other_imports.push_back(counts_more ? image.origin() : other.origin());
}

// One that is built for no platform in particular is built for that of the builder.
void take_platforms(Image& other, Image& image) {
  if (other.target.platforms.empty() && image.target.platforms.empty() &&
      other.target.platform == image.target.platform)
    return;
  for (Image* one : {&other, &image}) {
    if (one->target.platforms.empty()) one->target.platforms = {one->build.plan.platform};
  }
  add_once(image.target.platforms, std::move(other.target.platforms));
  const std::vector<std::string> platforms = image.platforms();
  if (!platforms.empty()) image.build.plan.platform = platforms.front();
}

// Adds what a definition says to an image that it means as well.
void merge(Image image, Image& known) {
  take_imports(image, known);
  for (Origin& origin : image.target.defined) {
    if (std::ranges::find(known.target.defined, origin) == known.target.defined.end())
      known.target.defined.push_back(std::move(origin));
  }
  std::ranges::move(image.definitions, std::back_inserter(known.definitions));
  take_known_arguments(image, known);
  for (UnknownAttribute& unknown : image.target.unknown) {
    std::vector<UnknownAttribute>& all = known.target.unknown;
    if (may_change_steps(unknown) && std::ranges::find(all, unknown) == all.end())
      all.push_back(std::move(unknown));
  }
  take_platforms(image, known);
  add_once(known.target.tags, std::move(image.target.tags));
  add_once(known.target.repositories, std::move(image.target.repositories));
  add_once(known.target.references, std::move(image.target.references));
  add_once(known.target.annotations, std::move(image.target.annotations));
  add_inputs(image.target, known.target);
  known.target.labels.merge(image.target.labels);
  known.target.sources.add(image.target.sources);
}

// Adds images to a project, each once: a definition that means one which is there is another place of it.
class ImageAdder {
 public:
  explicit ImageAdder(Project& project) : images_(project.images) {
    for (size_t i = 0; i < images_.size(); ++i)
      note(i);
  }

  void add(Image image) {
    const std::string name = image.target.name;
    if (const std::optional<size_t> found = find_same(image)) {
      Image& known = images_[*found];
      merge(std::move(image), known);
      if (known.target.name == name) return;
      known.aliases.push_back(name);
      by_build_[key_of(known)].by_name[name].insert(*found);
      return;
    }
    const auto job = std::ranges::find_if(image.target.defined, is_job);
    const std::string& path = job == image.target.defined.end() ? image.origin().path : job->path;
    if (names_.contains(name)) image.target.name = fmt::format("{}@{}", name, path);
    for (size_t i = 2; names_.contains(image.target.name); ++i)
      image.target.name = fmt::format("{}@{}#{}", name, path, i);
    if (image.target.name != name) image.aliases.push_back(name);
    images_.push_back(std::move(image));
    note(images_.size() - 1);
  }

 private:
  // What two definitions of one build surely have in common: Dockerfile, context, stage.
  using Key = std::tuple<std::string, std::string, std::string>;
  static Key key_of(const Image& image) {
    const BuildOptions& build = image.build;
    return {build.dockerfile, build.context, build.plan.target};
  }

  // Images by their place in the project.
  struct ImageIndex {
    std::map<std::string, std::set<size_t>, std::less<>> by_name;     // aliases too
    std::map<std::string, std::vector<size_t>, std::less<>> by_file;  // of the first definition
  };

  void note(size_t index) {
    const Image& image = images_[index];
    names_.insert(image.target.name);
    ImageIndex& alike = by_build_[key_of(image)];
    alike.by_name[image.target.name].insert(index);
    for (const std::string& alias : image.aliases)
      alike.by_name[alias].insert(index);
    alike.by_file[image.origin().path].push_back(index);
  }

  // The image that a definition means as well: one of the same build, of the same name if there is one.
  // Images that are defined together are several.
  std::optional<size_t> find_same(const Image& image) const {
    const auto found = by_build_.find(key_of(image));
    if (found == by_build_.end()) return std::nullopt;
    const ImageIndex& alike = found->second;
    const auto is_same = [&](size_t index) { return is_same_build(images_[index], image); };
    if (const auto named = alike.by_name.find(image.target.name); named != alike.by_name.end()) {
      const auto same = std::ranges::find_if(named->second, is_same);
      if (same != named->second.end()) return *same;
    }
    std::optional<size_t> first;
    for (const auto& [path, indexes] : alike.by_file) {
      if (path == image.origin().path) continue;
      const auto same = std::ranges::find_if(indexes, [&](size_t index) {
        return (!first || index < *first) && is_same(index) && !are_defined_together(images_[index], image);
      });
      if (same != indexes.end()) first = *same;
    }
    return first;
  }

  std::vector<Image>& images_;
  std::set<std::string, std::less<>> names_;
  std::map<Key, ImageIndex> by_build_;
};

std::string root_of(const std::string& folder, const context::FileSystem& files) {
  const std::string real = files.real_path(folder);
  const std::string root = context::repository_root(real);
  return root.empty() ? real : root;
}

// The root as paths are written that start in the current folder: "..", ".", "services".
std::string spelled_root(const std::string& folder, const std::string& root,
                         const context::FileSystem& files) {
  std::string place = folder;
  for (std::string real = files.real_path(folder); real != root && !text::is_root(real);
       real = text::parent_path(real))
    place = folder_above(place);
  return place;
}

// Paths below the root as one writes them in the current folder: "compose.yaml", and not
// "../app/compose.yaml".
void spell_from_here(std::vector<std::string>& paths, const std::string& spelled, const std::string& root,
                     const context::FileSystem& files) {
  if (spelled == "." || text::is_absolute(spelled)) return;
  const std::string here = files.real_path(".");
  for (std::string& path : paths) {
    if (!path.starts_with(spelled + '/')) continue;
    path = text::relative_path(root + path.substr(spelled.size()), here);
  }
  std::ranges::sort(paths);
}

// Files may have a group of the same name, such as "default": it means the images of all of them.
void add_group(Group group, Project& project) {
  const auto known = std::ranges::find(project.groups, group.name, &Group::name);
  if (known == project.groups.end()) {
    project.groups.push_back(std::move(group));
  } else {
    add_once(known->members, std::move(group.members));
  }
}

// What a sparse checkout leaves out: of a definition nobody knows what it says.
void add_left_out(const ProjectOptions& options, const std::string& root, DiscoveredFiles& found,
                  Project& project) {
  const std::string marker = text::join_path(root, ".git");
  std::error_code failure;
  const bool may_be_sparse =
      std::filesystem::is_regular_file(text::system_path(marker), failure) ||
      std::filesystem::exists(text::system_path(marker + "/info/sparse-checkout"), failure);
  if (!may_be_sparse) return;
  const auto repository = context::GitRepository::open(root);
  if (!repository) return;
  for (const std::string& path : repository->left_out_paths()) {
    const std::string spelled = text::join_path(project.root, path);
    if (options.read.files->exists(spelled)) continue;
    if (const auto kind = definition_kind(path))
      project.skipped.push_back(
          {std::string(text::base_name(path)), "the sparse checkout leaves it out", {*kind, spelled}, true});
    if (options.with_left_out && is_dockerfile_name(path)) found.files.push_back(spelled);
  }
}

// Gives each image the builder that is meant, once all of its definitions are known. What is wrong with
// settings is added to the failures, each once.
void choose_builders(const ProjectOptions& options, std::vector<Image>& images,
                     std::vector<text::Failure>& failures) {
  for (Image& image : images) {
    const Target& target = image.target;
    plan::Builder& chosen = image.build.plan.builder;
    chosen = options.builder.value_or(target.builder.value_or(options.build.plan.builder));
    if (options.builder || target.builder_is_set || !options.configured_builder) continue;
    const auto configured = options.configured_builder(image.build.dockerfile);
    if (configured) {
      chosen = configured->value_or(chosen);
      continue;
    }
    const text::Failure& failure = configured.error();
    const auto is_same = [&](const text::Failure& known) {
      return known.path == failure.path && known.message == failure.message;
    };
    if (std::ranges::none_of(failures, is_same)) failures.push_back(failure);
  }
}

// Whether a target of bake is only there for others to inherit from: no group builds it, and its Dockerfile
// does not exist, though that of another one does.
bool is_only_inherited(const Image& image, const context::FileSystem& files) {
  return image.target.purpose == Purpose::kInherited && image.remote.empty() &&
         !image.target.dockerfile_inline && !files.exists(image.build.dockerfile);
}

void add_definitions(Definitions definitions, const ImageMaker& maker, const context::FileSystem& files,
                     Project& project) {
  std::vector<Image> images;
  for (Target& target : definitions.targets)
    images.push_back(maker.of_target(std::move(target)));
  const bool has_files = std::ranges::any_of(images, [&](const Image& image) {
    return image.target.purpose == Purpose::kBuild &&
           (image.target.dockerfile_inline || files.exists(image.build.dockerfile));
  });
  ImageAdder adder(project);
  for (Image& image : images) {
    if (has_files && is_only_inherited(image, files)) {
      project.skipped.push_back({image.target.name, "other targets inherit from it", image.origin()});
    } else {
      adder.add(std::move(image));
    }
  }
  for (Group& group : definitions.groups)
    add_group(std::move(group), project);
  std::ranges::move(definitions.skipped, std::back_inserter(project.skipped));
  std::ranges::move(definitions.failures, std::back_inserter(project.failures));
}

// Keeps those of the paths that are named. All links are only looked at where a name is spelled in another
// way.
void keep_named(const std::vector<std::string>& names, const context::FileSystem& files,
                std::vector<std::string>& paths) {
  std::set<std::string> wanted, real;
  for (const std::string& name : names)
    wanted.insert(text::clean_path(name));
  const auto is_found = [&](const std::string& name) {
    return std::ranges::find(paths, name) != paths.end();
  };
  if (!std::ranges::all_of(wanted, is_found)) {
    for (const std::string& name : names)
      real.insert(files.real_path(name));
  }
  std::erase_if(paths, [&](const std::string& path) {
    return !wanted.contains(path) && (real.empty() || !real.contains(files.real_path(path)));
  });
}

// Adds the images of the Dockerfiles that no definition names.
void add_lone_dockerfiles(const ProjectOptions& options, const ImageMaker& maker, const std::string& root,
                          std::vector<std::string> paths, Project& project) {
  const context::FileSystem& files = *options.read.files;
  project.dockerfiles = paths.size();
  if (options.lone_dockerfiles) keep_named(*options.lone_dockerfiles, files, paths);
  std::set<std::string> built;  // after all links
  for (const Image& image : project.images) {
    // Of a folder that is not known it may be any.
    const bool is_known = std::ranges::none_of(image.target.unknown, [](const UnknownAttribute& unknown) {
      return unknown.attribute == "context" || unknown.attribute == "dockerfile";
    });
    if (!image.target.dockerfile_inline && is_known) built.insert(files.real_path(image.build.dockerfile));
  }
  ImageAdder adder(project);
  for (const std::string& path : paths) {
    if (built.insert(files.real_path(path)).second) adder.add(maker.of_lone_dockerfile(path, root));
  }
}

}  // namespace

bool is_same_build(const Image& a, const Image& b) {
  return a.build.dockerfile == b.build.dockerfile && a.build.context == b.build.context &&
         a.remote == b.remote && a.build.plan.target == b.build.plan.target && are_same_arguments(a, b) &&
         a.build.plan.named_contexts == b.build.plan.named_contexts &&
         are_same_options(a.build.plan, b.build.plan) && are_same_platforms(a, b);
}

std::vector<std::string> Image::platforms() const {
  return platforms_of(target);
}

std::vector<std::string> Image::judged_platforms() const {
  std::vector<std::string> judged = platforms();
  if (has_open_platforms()) add_once(judged, {build.plan.platform, "linux/amd64", "linux/arm64"});
  return judged;
}

bool Image::has_open_platforms() const {
  const auto is_of_platforms = [](const UnknownAttribute& unknown) {
    return unknown.varies && unknown.attribute.starts_with("platform");
  };
  return std::ranges::any_of(target.unknown, is_of_platforms) &&
         (target.platforms.empty() || !std::ranges::all_of(target.platforms, is_known_platform));
}

std::vector<const Image*> Project::find(std::string_view name) const {
  std::vector<const Image*> found;
  const std::string other = bake_name(name);
  const auto add = [&](const auto& is_meant) {
    for (const Image& image : images) {
      if (found.empty() && is_meant(image)) found.push_back(&image);
    }
  };
  add([&](const Image& image) { return image.target.name == name; });
  add([&](const Image& image) {
    return std::ranges::find(image.aliases, name) != image.aliases.end() || image.target.name == other;
  });
  if (!found.empty()) return found;
  std::set<std::string_view> seen;
  std::vector<std::string_view> todo{name};
  while (!todo.empty()) {
    const std::string_view next = todo.back();
    todo.pop_back();
    if (!seen.insert(next).second) continue;
    for (const Image& image : images) {
      if (image.target.name == next) found.push_back(&image);
    }
    for (const Group& group : groups) {
      if (group.name == next) todo.insert(todo.end(), group.members.begin(), group.members.end());
    }
  }
  return found;
}

Project read_project(const std::string& folder, const ProjectOptions& options) {
  const context::FileSystem& files = *options.read.files;
  Project project;
  const std::string root = root_of(folder, files);
  project.root = spelled_root(folder, root, files);
  const ImageMaker maker(options, project.root);
  DiscoveredFiles found =
      options.found ? *options.found : find_dockerfiles({project.root}, {.definitions = true});
  if (!options.found) {
    spell_from_here(found.files, project.root, root, files);
    spell_from_here(found.definitions, project.root, root, files);
  }
  for (std::string& problem : found.problems)
    project.failures.push_back({{}, 0, 0, std::move(problem), {}});
  const auto is_gone = [&](const std::string& path) { return !files.exists(path); };
  std::erase_if(found.files, is_gone);
  std::erase_if(found.definitions, is_gone);
  if (!options.found) add_left_out(options, root, found, project);
  const auto add_once = [&](std::vector<std::string>& paths, const std::string& path) {
    if (std::ranges::find(paths, path) == paths.end() && files.exists(path)) paths.push_back(path);
  };
  for (const std::string& path : options.changed) {
    if (definition_kind(path)) add_once(found.definitions, path);
    const bool is_hidden = text::base_name(path) == "dockerfile" &&
                           files.exists(text::join_path(std::string(text::parent_path(path)), "Dockerfile"));
    if (is_dockerfile_name(path) && !is_hidden) add_once(found.files, path);
  }
  // A file that builds nothing has nothing to say here, right or wrong.
  std::erase_if(found.definitions, [&](const std::string& path) { return !may_define(path, files); });
  std::vector<std::string> definitions = options.definitions;
  std::vector<text::Failure> unread;
  if (definitions.empty()) {
    definitions = found.definitions;
    for (std::string& path : definitions_above(folder, root, files)) {
      if (may_define(path, files) && std::ranges::find(definitions, path) == definitions.end())
        definitions.push_back(std::move(path));
    }
    // Such files may be called anything. The others are read with the first.
    const auto noting = std::make_shared<const SourceFiles>(options.read.files);
    ReadOptions read = options.read;
    read.files = noting;
    for (const std::string& place : {folder, project.root}) {
      const std::vector<std::string> named = files_of_compose_variable(place, read);
      if (!named.empty() && text::parent_path(named.front()) == place) add_once(definitions, named.front());
    }
    unread = noting->failures();
  }
  Definitions defined = read_definitions(definitions, project.root, options.read);
  std::ranges::move(profile_failures(defined.lacked_profiles), std::back_inserter(project.failures));
  check_needs_of_settings(options.definitions.empty() ? &found.files : nullptr, defined);
  add_definitions(std::move(defined), maker, files, project);
  std::ranges::copy_if(unread, std::back_inserter(project.failures), [&](const text::Failure& failure) {
    return std::ranges::find(project.failures, failure.path, &text::Failure::path) == project.failures.end();
  });
  if (options.definitions.empty()) add_lone_dockerfiles(options, maker, root, found.files, project);
  choose_builders(options, project.images, project.failures);
  add_triggers(project.images);
  return project;
}

void ImageFinder::add(const std::vector<std::string>& definitions) {
  if (definitions.empty()) return;
  const std::string folder(text::parent_path(definitions.front()));
  const std::string root = spelled_root(folder, root_of(folder, *options_.read.files), *options_.read.files);
  Project project;
  Definitions defined = read_definitions(definitions, root, options_.read);
  const std::scoped_lock lock(mutex_);
  lacked_profiles_.merge(defined.lacked_profiles);
  add_definitions(std::move(defined), ImageMaker(options_, root), *options_.read.files, project);
  project::choose_builders(options_, project.images, project.failures);
  added_.push_back(std::make_shared<const std::vector<Image>>(std::move(project.images)));
  std::ranges::move(project.groups, std::back_inserter(groups_));
  std::ranges::move(project.failures, std::back_inserter(failures_));
}

ImageFinder::Images ImageFinder::read(const std::string& folder, const std::vector<std::string>& definitions,
                                      const std::string& root) {
  const auto known = by_folder_.find(folder);
  if (known != by_folder_.end()) return known->second;
  Project project;
  Definitions defined = read_definitions(definitions, root, options_.read);
  lacked_profiles_.merge(defined.lacked_profiles);
  add_definitions(std::move(defined), ImageMaker(options_, root), *options_.read.files, project);
  project::choose_builders(options_, project.images, project.failures);
  std::ranges::move(project.groups, std::back_inserter(groups_));
  std::ranges::move(project.failures, std::back_inserter(failures_));
  auto images = std::make_shared<const std::vector<Image>>(std::move(project.images));
  by_folder_.emplace(folder, images);
  return images;
}

std::vector<ImageFinder::Images> ImageFinder::read_above(const std::string& dockerfile) {
  const std::string folder(text::parent_path(dockerfile));
  const auto [known, fresh] = above_.try_emplace(folder);
  if (!fresh) return known->second;
  const context::FileSystem& files = *options_.read.files;
  const std::string root = root_above(dockerfile);
  const std::string top = spelled_root(folder, root, files);
  std::map<std::string, std::vector<std::string>> by_folder;
  const auto definitions =
      options_.definitions.empty() ? definitions_above(folder, root, files) : options_.definitions;
  for (const std::string& definition : definitions) {
    if (options_.definitions.empty() && !may_define(definition, files)) continue;
    by_folder[std::string(text::parent_path(definition))].push_back(definition);
  }
  for (const auto& [place, paths] : by_folder)
    known->second.push_back(read(place, paths, top));
  return known->second;
}

std::vector<ImageFinder::Images> ImageFinder::images_around(const std::string& dockerfile) {
  std::vector<Images> all = added_;
  std::ranges::move(read_above(dockerfile), std::back_inserter(all));
  return all;
}

ImageFinder::References ImageFinder::references(const std::string& dockerfile) {
  const std::scoped_lock lock(mutex_);
  References references;
  for (const Images& images : images_around(dockerfile)) {
    for (const Image& image : *images) {
      Source source;
      if (!image.target.dockerfile_inline && image.remote.empty())
        source = {image.build.dockerfile, image.build.plan.target};
      for (std::string& reference : references_to(image))
        references.emplace(std::move(reference), source);
    }
  }
  return references;
}

std::string ImageFinder::built_on(const std::string& dockerfile) {
  const context::FileSystem& files = *options_.read.files;
  const std::scoped_lock lock(mutex_);
  std::vector<Images> around = images_around(dockerfile);
  Images& all = with_needs_[around];
  if (all == nullptr) {
    std::vector<Image> images;
    for (const Images& some : around)
      std::ranges::copy(*some, std::back_inserter(images));
    add_needs(images);
    all = std::make_shared<const std::vector<Image>>(std::move(images));
  }
  std::set<std::string, std::less<>> own;
  const std::string real = files.real_path(text::clean_path(dockerfile));
  for (const Image& image : *all) {
    if (!image.target.dockerfile_inline && image.remote.empty() &&
        files.real_path(image.build.dockerfile) == real)
      own.insert(image.target.name);
  }
  const auto found = std::ranges::find_if(*all, [&](const Image& image) {
    return !own.contains(image.target.name) &&
           std::ranges::any_of(image.target.needs,
                               [&](const std::string& needed) { return own.contains(needed); });
  });
  return found == all->end() ? std::string() : found->target.name;
}

std::vector<Image> ImageFinder::defined(const std::string& dockerfile) {
  const context::FileSystem& files = *options_.read.files;
  const std::string path = text::clean_path(dockerfile);
  std::vector<Image> found;
  if (options_.build.context.empty()) {
    std::optional<std::string> real;  // most repositories define no image
    const auto take = [&](const Images& images) {
      std::ranges::copy_if(*images, std::back_inserter(found), [&](const Image& image) {
        if (image.target.dockerfile_inline || !image.remote.empty()) return false;
        if (!real) real = files.real_path(path);
        return files.real_path(image.build.dockerfile) == *real;
      });
    };
    const std::scoped_lock lock(mutex_);
    for (const Images& images : added_)
      take(images);
    if (found.empty()) {
      for (const Images& images : read_above(dockerfile))
        take(images);
    }
  }
  for (Image& image : found)
    image.build.dockerfile = path;
  return found;
}

std::shared_ptr<const Project> ImageFinder::project(const std::string& folder) {
  const context::FileSystem& files = *options_.read.files;
  const std::string root = context::repository_root(files.real_path(folder));
  if (root.empty()) return nullptr;
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const Project>& known = projects_[root];
  if (known == nullptr)
    known = std::make_shared<const Project>(read_project(spelled_root(folder, root, files), options_));
  return known;
}

std::vector<Image> ImageFinder::of(const std::string& dockerfile) {
  std::vector<Image> found = defined(dockerfile);
  if (!found.empty()) return found;
  const std::string root = root_above(dockerfile);
  found.push_back(ImageMaker(options_, root).of_lone_dockerfile(text::clean_path(dockerfile), root));
  choose_builders(found);
  return found;
}

std::optional<plan::Builder> ImageFinder::builder_of(const std::string& dockerfile) const {
  if (options_.builder || !options_.configured_builder) return options_.builder;
  return options_.configured_builder(dockerfile).value_or(std::nullopt);
}

void ImageFinder::choose_builders(std::vector<Image>& images) {
  std::vector<text::Failure> failures;
  project::choose_builders(options_, images, failures);
  const std::scoped_lock lock(mutex_);
  for (text::Failure& failure : failures) {
    if (std::ranges::find(failures_, failure.path, &text::Failure::path) == failures_.end())
      failures_.push_back(std::move(failure));
  }
}

std::string ImageFinder::context_of(const std::string& dockerfile, const plan::Graph& graph) const {
  if (!options_.build.context.empty()) return options_.build.context;
  if (!options_.fallback_context.empty()) return options_.fallback_context;
  return choose_context(graph, dockerfile, root_above(dockerfile), *options_.read.files).folder;
}

std::string ImageFinder::root_above(const std::string& dockerfile) const {
  const std::string folder(text::parent_path(dockerfile));
  const std::scoped_lock lock(roots_mutex_);
  std::string& root = roots_[folder];
  if (root.empty()) root = root_of(folder, *options_.read.files);
  return root;
}

std::vector<text::Failure> ImageFinder::failures() const {
  const std::scoped_lock lock(mutex_);
  std::vector<text::Failure> failures = failures_;
  std::ranges::move(profile_failures(lacked_profiles_), std::back_inserter(failures));
  return failures;
}

Project ImageFinder::defined_so_far() const {
  const std::scoped_lock lock(mutex_);
  Project project;
  ImageAdder adder(project);
  const auto add = [&](const Images& images) {
    for (const Image& image : *images)
      adder.add(image);
  };
  std::ranges::for_each(added_, add);
  for (const auto& [folder, images] : by_folder_)
    add(images);
  project.groups = groups_;
  project.failures = failures_;
  project::choose_builders(options_, project.images, project.failures);
  return project;
}

std::string context_words(const Image& image) {
  if (!image.choice) {
    const Origin& origin = image.origin();
    if (origin.kind == DefinitionKind::kDockerfile) return "given";
    return origin.line == 0 ? origin.path : fmt::format("{}:{}", origin.path, origin.line);
  }
  switch (image.choice->reason) {
    case ContextChoice::Reason::kOwnFolder:
      return image.choice->may_be_above.empty() ? "the folder of the Dockerfile"
                                                : "the folder of the Dockerfile, assumed";
    case ContextChoice::Reason::kTop:
      return fmt::format("the root of the repository, since there is nothing to copy in {}",
                         text::parent_path(image.build.dockerfile));
    case ContextChoice::Reason::kParent:
      return fmt::format("the nearest folder that contains {}", image.choice->decided_by);
    case ContextChoice::Reason::kNone:
      break;
  }
  const bool is_own = image.choice->folder == text::parent_path(image.build.dockerfile);
  return fmt::format("the folder {}, though it lacks {}",
                     is_own ? "of the Dockerfile" : "above that contains most of what the Dockerfile names",
                     image.choice->missing.front());
}

}  // namespace dcache::project
