#include "dcache/project/lost_images.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/unknown.h"

namespace dcache::project {
namespace {

using Place = std::pair<std::string, std::string>;  // a file, and a name there

Place place_of(const std::vector<Origin>& definition) {
  return {definition.front().path, definition.front().name};
}

// What can't be read now, and could be then.
std::vector<const text::Failure*> new_failures(const Project& before, const Project& now) {
  std::vector<const text::Failure*> failures;
  for (const text::Failure& failure : now.failures) {
    const auto is_same = [&](const text::Failure& one) {
      return one.path == failure.path && one.message == failure.message;
    };
    if (!failure.path.empty() && std::ranges::none_of(before.failures, is_same)) failures.push_back(&failure);
  }
  return failures;
}

// Whether its Dockerfile is listed by itself, as one that an unread definition may be about.
bool has_stand_in(const Image& lost, const context::FileSystem& files, const Project& now) {
  if (lost.build.dockerfile_text || !lost.remote.empty()) return false;
  return std::ranges::any_of(now.images, [&](const Image& image) {
    return image.origin().kind == DefinitionKind::kDockerfile &&
           image.build.dockerfile == lost.build.dockerfile &&
           unread_definition(image, &image, now, files) != nullptr;
  });
}

}  // namespace

void add_lost_images(const Project& before, const context::FileSystem& files, Project& now) {
  const std::vector<const text::Failure*> failures = new_failures(before, now);
  if (failures.empty()) return;
  std::set<Place> places;
  std::set<std::string, std::less<>> names;
  for (const Image& image : now.images) {
    names.insert(image.target.name);
    std::ranges::transform(image.definitions, std::inserter(places, places.end()), place_of);
  }
  std::vector<Image> lost;
  for (const Image& image : before.images) {
    for (const std::vector<Origin>& definition : image.definitions) {
      const Origin& first = definition.front();
      if (first.kind == DefinitionKind::kDockerfile || places.contains(place_of(definition))) continue;
      const auto concerns = [&](const text::Failure* failure) {
        return std::ranges::find(definition, failure->path, &Origin::path) != definition.end() ||
               image.target.sources.contains(failure->path);
      };
      const auto failure = std::ranges::find_if(failures, concerns);
      if (failure == failures.end() || has_stand_in(image, files, now)) continue;
      places.insert(place_of(definition));
      Image& one = lost.emplace_back(image);
      one.definitions = {definition};
      one.aliases.clear();
      one.target.defined = definition;
      one.target.name = image.definitions.size() == 1 ? image.target.name : first.name;
      if (!names.insert(one.target.name).second) {
        one.target.name = fmt::format("{}@{}", first.name, first.path);
        names.insert(one.target.name);
      }
      one.remote = fmt::format("its definition can't be read: {}", unread_words(**failure));
      one.target.unknown.push_back(
          {"context", fmt::format("can't be told: {} can't be read", (*failure)->path)});
    }
  }
  std::ranges::move(lost, std::back_inserter(now.images));
}

}  // namespace dcache::project
