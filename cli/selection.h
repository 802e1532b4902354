// Which images a command is about.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/build_options.h"
#include "dcache/cache/build.h"
#include "dcache/project/images.h"

namespace dcache::cli {

// The images of the repository around the current folder. Says what can't be read of their definitions, and
// sets `failed` then. `files`, if given, may have other files than the disk: those are among `changed`,
// absolute paths.
std::optional<project::Project> read_images(const BuildFlags& flags, bool& failed,
                                            const std::shared_ptr<const context::FileSystem>& files = nullptr,
                                            const std::vector<std::string>& changed = {},
                                            bool complains = true);
// Leaves only the images that the names mean. False, with a word on standard error, for an unknown name.
bool keep_images(project::Project& project, const std::vector<std::string>& names, std::string_view option);
// The indexes of the images that the names mean. Nothing, with a word on standard error, for an unknown name.
std::optional<std::vector<size_t>> images_named(const project::Project& project,
                                                const std::vector<std::string>& names,
                                                std::string_view option);

// Names of files that change. One that neither the current folder nor a context has is from the root of the
// repository if there is such a file, as git lists names.
std::vector<std::string> add_names_of_root(const std::vector<std::string>& names,
                                           const project::Project& project);

// The images that a command is about, among all that are defined with them.
struct Selection {
  project::Project project;
  std::vector<size_t> meant;  // their indexes
};
// Those that the flags mean: those of --image, those of the Dockerfiles or folders of -f, or that of the
// Dockerfile in the context or the current folder. Without one there, all images of the repository. `meant`
// is empty, with a word on standard error, if there are none. `files` and `changed` are as of read_images();
// without `complains` nothing is said, for files of another time.
Selection select_images(const BuildFlags& flags, bool& failed,
                        const std::shared_ptr<const context::FileSystem>& files = nullptr,
                        const std::vector<std::string>& changed = {}, bool complains = true);
// The same at another time: of `files`, in which `found` is all that there is.
Selection select_images_at(const BuildFlags& flags, const std::shared_ptr<const context::FileSystem>& files,
                           project::DiscoveredFiles found, bool complains, bool& failed);
// Says on standard error why nothing is known of the files of an image.
void complain_of_unknown(const project::Image& image, const std::string& reason);
// The build that the flags name. Where it can't be read, says why on standard error and gives nothing.
enum class IgnoredSizes : uint8_t { kSkipped, kMeasured };
std::optional<cache::Build> load_build(const BuildFlags& flags,
                                       IgnoredSizes ignored = IgnoredSizes::kSkipped);
// The same for each platform that definitions build the image for, unless --platform names one. Empty where
// it can't be read.
std::vector<cache::Build> load_platforms(const BuildFlags& flags,
                                         IgnoredSizes ignored = IgnoredSizes::kSkipped);
std::vector<cache::Build> load_platforms(const project::Image& image,
                                         IgnoredSizes ignored = IgnoredSizes::kSkipped);

}  // namespace dcache::cli
