#include "dcache/project/snapshots.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/state_file.h"
#include "dcache/context/file_system.h"
#include "dcache/context/git.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

constexpr std::string_view kPlainCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@#:";

// A path from the root of its repository; as it is outside of one.
std::string from_root(const std::string& path, const context::FileSystem& files) {
  const std::string folder = files.real_path(std::string(text::parent_path(path)));
  const std::string root = context::repository_root(folder);
  if (root.empty()) return path;
  const std::string inside =
      folder.substr(std::min(folder.size(), root.size() + (text::is_root(root) ? 0 : 1)));
  return text::join_path(inside.empty() ? "." : inside, std::string(text::base_name(path)));
}

// The name of an image, which is the same in all folders of its repository: a path in it starts at the root.
std::string name_everywhere(const Image& image) {
  const std::string& name = image.target.name;
  const std::string& path = image.origin().path;
  const size_t at = image.origin().kind == DefinitionKind::kDockerfile ? 0 : name.find('@' + path) + 1;
  if (path.empty() || name.compare(at, path.size(), path) != 0) return name;
  return name.substr(0, at) + from_root(path, *image.build.files) + name.substr(at + path.size());
}

}  // namespace

std::string snapshot_name(const Image& image) {
  std::string name;
  for (const char c : name_everywhere(image)) {
    if (kPlainCharacters.find(c) != std::string_view::npos) {
      name += c;
    } else {
      name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return name + ".json";
}

tl::expected<std::vector<cache::Build>, text::Failure> read_snapshot(const std::string& path) {
  const auto text = text::read_file(path);
  if (!text) return tl::unexpected(text::Failure{{}, 0, 0, text.error(), {}});
  auto states = cache::read_states(*text);
  if (!states)
    return tl::unexpected(text::Failure{path, 0, 0, fmt::format("{}: {}", path, states.error()), {}});
  return std::move(*states);
}

tl::expected<States, text::Failure> read_snapshots(const std::vector<std::string>& folders,
                                                   const Project& project) {
  States states;
  for (const std::string& folder : folders) {
    if (!context::disk()->exists(folder))
      return tl::unexpected(text::Failure{folder, 0, 0,
                                          fmt::format("there is no folder of snapshots {}", folder),
                                          "record one with dcache snapshot -o FOLDER/"});
    if (const bool is_file = context::disk()->list(folder).empty() && text::read_file(folder).has_value();
        is_file)
      return tl::unexpected(text::Failure{folder, 0, 0,
                                          fmt::format("{} is a file, and not a folder of snapshots", folder),
                                          "compare one image with dcache explain --since FILE"});
    for (const Image& image : project.images) {
      const std::string path = text::join_path(folder, snapshot_name(image));
      if (!context::disk()->exists(path)) continue;
      auto recorded = read_snapshot(path);
      if (!recorded) return tl::unexpected(std::move(recorded.error()));
      std::ranges::move(*recorded, std::back_inserter(states[image.target.name]));
    }
  }
  return states;
}

}  // namespace dcache::project
