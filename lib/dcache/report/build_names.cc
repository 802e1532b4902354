#include "dcache/report/build_names.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/definitions.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"

namespace dcache::report {
namespace {

using project::DefinitionKind;
using project::Image;
using project::ImageEffect;
using project::Origin;

std::string_view command_of(DefinitionKind kind) {
  return kind == DefinitionKind::kBake ? "bake" : "Compose";
}

// Bake reads the files of Compose too.
bool is_of(const Origin& origin, DefinitionKind kind) {
  return origin.kind == kind || (kind == DefinitionKind::kBake && origin.kind == DefinitionKind::kCompose);
}

const std::string& file_of(const Origin& origin) {
  return origin.read_with.empty() ? origin.path : origin.read_with;
}

class Namer {
 public:
  Namer(DefinitionKind kind, const std::vector<std::string>& definitions, const context::FileSystem& files)
      : kind_(kind) {
    files_ = !definitions.empty() ? definitions : project::read_by_itself(kind, files);
    std::ranges::transform(files_, files_.begin(), text::clean_path);
  }

  void add(const Image& image, BuildNames& result) {
    if (starts_elsewhere(image)) {
      result.left_out.push_back(
          {image.target.name, fmt::format("the paths in {} start in {}: run dcache and bake there",
                                          image.origin().path, image.target.folder)});
      return;
    }
    bool is_named = false;
    // Definitions of one build may tag it in different ways.
    for (const Origin& origin : image.target.defined) {
      if (!is_of(origin, kind_) || !is_read(origin)) continue;
      is_named = true;
      add(image, origin, result);
    }
    if (!is_named) result.left_out.push_back({image.target.name, why_not(image)});
  }

 private:
  void add(const Image& image, const Origin& origin, BuildNames& result) {
    std::string name = origin.name.empty() ? image.target.name : origin.name;
    if (kind_ == DefinitionKind::kBake) std::ranges::replace(name, '.', '_');
    if (name.starts_with('-')) {
      result.left_out.push_back(
          {image.target.name, fmt::format("{} would take its name for an option", command_of(kind_))});
      return;
    }
    const std::string folder(text::parent_path(file_of(origin)));
    const auto [known, fresh] = folders_.emplace(name, folder);
    if (fresh) {
      result.names.push_back(std::move(name));
    } else if (known->second != folder) {
      result.left_out.push_back(
          {image.target.name, fmt::format("{} is also the name of an image in {}", name, known->second)});
    }
  }

  // Whether bake does not find the files of a target if it is run here: its paths start in the current
  // folder, or that of the file if it is told so.
  bool starts_elsewhere(const Image& image) const {
    const std::string folder = text::clean_path(image.target.folder);
    return kind_ == DefinitionKind::kBake && image.origin().kind == DefinitionKind::kBake && folder != "." &&
           folder != text::clean_path(text::parent_path(image.origin().path)) &&
           image.build.files->real_path(folder) != image.build.files->real_path(".");
  }

  // The file that the command has to be given. Bake reads no override of Compose by itself.
  const std::string& file_to_give(const Origin& origin) const {
    const bool is_alone = kind_ == DefinitionKind::kBake && origin.kind == DefinitionKind::kCompose &&
                          project::is_override(origin.path);
    return is_alone ? origin.path : file_of(origin);
  }

  bool is_read(const Origin& origin) const {
    return std::ranges::find(files_, text::clean_path(file_to_give(origin))) != files_.end();
  }

  std::string why_not(const Image& image) const {
    const std::vector<Origin>& defined = image.target.defined;
    const auto other = std::ranges::find_if(defined, [&](const Origin& one) { return is_of(one, kind_); });
    const std::string_view command = command_of(kind_);
    if (other != defined.end())
      return fmt::format("{} does not read {} here; give the file to both: --definition {}, and -f for {}",
                         command, file_to_give(*other), file_to_give(*other), command);
    if (image.origin().kind == DefinitionKind::kDockerfile)
      return fmt::format("no file of {} defines it", command);
    return fmt::format("it is defined in {}, not in a file of {}", image.origin().path, command);
  }

  DefinitionKind kind_;
  std::vector<std::string> files_;
  std::map<std::string, std::string, std::less<>> folders_;  // by name
};

}  // namespace

bool is_affected(const ImageEffect& effect) {
  return effect.effect != project::Effect::kUnaffected;
}

BuildNames build_names(const project::AffectedImages& affected, DefinitionKind kind,
                       const std::vector<std::string>& definitions) {
  BuildNames result;
  if (affected.images.empty()) return result;
  Namer namer(kind, definitions, *affected.images.front().image->build.files);
  for (const ImageEffect& effect : affected.images) {
    if (is_affected(effect)) namer.add(*effect.image, result);
  }
  return result;
}

}  // namespace dcache::report
