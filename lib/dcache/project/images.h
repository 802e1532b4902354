// The images of a repository as builds that can be looked into: what definitions say, and the Dockerfiles
// that no definition names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"
#include "dcache/project/context_choice.h"
#include "dcache/project/discover.h"
#include "dcache/project/target.h"

namespace dcache::project {

struct Image {
  Target target;
  // How to build it. Its paths are from the current folder; `plan.platform` is the first of the target's, and
  // `plan.builder` the one that is asked for, set, or used by CI, in this order.
  cache::BuildOptions build;
  // How its context was chosen, where no definition says it.
  std::optional<ContextChoice> choice = {};
  // Why nothing can be said of its files: "its context is https://…"; empty for most.
  std::string remote = {};
  // Names that other definitions have for the same build.
  std::vector<std::string> aliases = {};
  // The definitions that mean this build, each by the places that make it up: all of `target.defined`.
  std::vector<std::vector<Origin>> definitions = {};

  const Origin& origin() const { return target.defined.front(); }
  // The platforms that it is built for, but those that only CI knows; none for the builder's own.
  std::vector<std::string> platforms() const;
  // Those that answers are about, none for the builder's own: of an image whose platforms only CI knows, the
  // two that nearly all images are built for stand for them.
  std::vector<std::string> judged_platforms() const;
  // Whether only CI knows some of its platforms.
  bool has_open_platforms() const;
};

// Whether two definitions mean the same build, under whatever name.
bool is_same_build(const Image& a, const Image& b);

struct ProjectOptions {
  ReadOptions read = {};
  // What all builds have in common. Its context, target, arguments and named contexts are for Dockerfiles
  // that no definition names.
  cache::BuildOptions build = {};
  // The builder of all images, whatever definitions and settings say: one that the user asks for.
  std::optional<plan::Builder> builder = {};
  // The builder that the user's settings name for a Dockerfile, if they do. It counts for less than one that
  // they name for an image, and for more than the program that CI runs. Called from many threads.
  using ConfiguredBuilder =
      std::function<tl::expected<std::optional<plan::Builder>, text::Failure>(const std::string& dockerfile)>;
  ConfiguredBuilder configured_builder = {};
  // Definitions to read in place of those that are found.
  std::vector<std::string> definitions = {};
  // Paths that `read.files` may have though the disk has not.
  std::vector<std::string> changed = {};
  // What there is in the repository, in place of a search of the disk; paths from the current folder.
  std::optional<DiscoveredFiles> found = {};
  // Of the Dockerfiles that no definition names, which are images too; all of them if nobody says it.
  std::optional<std::vector<std::string>> lone_dockerfiles = {};
  // Also the Dockerfiles that a sparse checkout leaves out, which can't be read.
  bool with_left_out = false;
  // The context of a Dockerfile that no definition names, in place of an inferred one; empty for that.
  std::string fallback_context = {};
};

struct Project {
  std::string root;  // of the repository, or the folder that was given
  std::vector<Image> images;
  std::vector<Group> groups;
  std::vector<SkippedBuild> skipped;
  std::vector<text::Failure> failures;
  size_t dockerfiles = 0;  // that were found

  // The images that a name means: an image's own, one that a definition spells in another way ("a.b" for
  // "a_b"), or all of a group's. Empty for an unknown name.
  std::vector<const Image*> find(std::string_view name) const;
};

// All images of the repository that a folder is in, or those below the folder outside of one. Walks it all.
Project read_project(const std::string& folder, const ProjectOptions& options);

// Finds the images that are built from Dockerfiles. Each definition is read once. Safe to use from many
// threads.
class ImageFinder {
 public:
  explicit ImageFinder(ProjectOptions options) : options_(std::move(options)) {}

  // Reads definitions of one repository, wherever they are. Others are looked for in the Dockerfile's folder
  // and above it.
  void add(const std::vector<std::string>& definitions);
  // The images of a Dockerfile, of which there is at least one: without a definition its context is inferred.
  std::vector<Image> of(const std::string& dockerfile);
  // Those that definitions build from it.
  std::vector<Image> defined(const std::string& dockerfile);
  // What an image that definitions build is built from; empty where that is not a file.
  struct Source {
    std::string dockerfile;
    std::string target;  // stage; empty for the last
  };
  // How builds refer to the images that are built by the definitions which may be about a Dockerfile: their
  // tags and `target:NAME`, as plan::normal_reference() spells them.
  using References = std::map<std::string, Source, std::less<>>;
  References references(const std::string& dockerfile);
  // The name of an image that the same definitions build on one of a Dockerfile: its build starts or copies
  // from that. Empty for none. Plans all images of the definitions, once.
  std::string built_on(const std::string& dockerfile);
  // The images of the whole repository that a folder is in; null outside of one. Walks it.
  std::shared_ptr<const Project> project(const std::string& folder);
  // The builder that the user asks for, or that settings name for a Dockerfile.
  std::optional<plan::Builder> builder_of(const std::string& dockerfile) const;
  // The context of a Dockerfile that no definition names.
  std::string context_of(const std::string& dockerfile, const plan::Graph& graph) const;
  // All that is defined by what was read so far.
  Project defined_so_far() const;
  // What can't be read of the definitions so far.
  std::vector<text::Failure> failures() const;

 private:
  using Images = std::shared_ptr<const std::vector<Image>>;
  // Of the definitions in the folder of a Dockerfile and above it.
  std::vector<Images> read_above(const std::string& dockerfile);
  // All that the definitions build which may be about a Dockerfile.
  std::vector<Images> images_around(const std::string& dockerfile);
  Images read(const std::string& folder, const std::vector<std::string>& definitions,
              const std::string& root);
  // Of images that no definition names.
  void choose_builders(std::vector<Image>& images);
  // The root of the repository that a Dockerfile is in, or else its folder.
  std::string root_above(const std::string& dockerfile) const;

  ProjectOptions options_;
  mutable std::mutex roots_mutex_;
  mutable std::map<std::string, std::string, std::less<>> roots_;  // by the folder of a Dockerfile
  mutable std::mutex mutex_;                                       // of what follows
  std::map<std::string, Images, std::less<>> by_folder_;           // of the definitions in it
  std::map<std::string, std::vector<Images>, std::less<>> above_;  // by the folder of a Dockerfile
  std::map<std::string, std::shared_ptr<const Project>, std::less<>> projects_;  // by the real root
  std::map<std::vector<Images>, Images> with_needs_;  // the same images in one list, with all that they need
  std::vector<Images> added_;
  std::vector<Group> groups_;
  LackedProfiles lacked_profiles_;
  std::vector<text::Failure> failures_;
};

// How a context was chosen, in words: "compose.yaml:4", "the nearest folder with go.mod".
std::string context_words(const Image& image);

}  // namespace dcache::project
