#include "dcache/project/earlier_images.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace dcache::project {
namespace {

// The likeliest of several images that one may have been: the same build, or else one of the same name.
const Image* likeliest(const std::vector<const Image*>& candidates, const Image& image) {
  if (candidates.empty()) return nullptr;
  const auto find = [&](const auto& is_meant) -> const Image* {
    const auto found =
        std::ranges::find_if(candidates, [&](const Image* candidate) { return is_meant(*candidate); });
    return found == candidates.end() ? nullptr : *found;
  };
  if (candidates.size() == 1) return candidates.front();
  if (const Image* const same = find([&](const Image& one) { return is_same_build(one, image); }))
    return same;
  if (const Image* const same = find([&](const Image& one) { return one.target.name == image.target.name; }))
    return same;
  return candidates.front();
}

bool is_defined_at(const Image& image, const Origin& place) {
  return std::ranges::any_of(image.target.defined, [&](const Origin& origin) {
    return origin.path == place.path && origin.name == place.name;
  });
}

}  // namespace

EarlierImages::EarlierImages(const Project& now, const Project& before) {
  std::set<Key> places;  // that define something now
  for (const Image& image : now.images) {
    for (const std::vector<Origin>& definition : image.definitions)
      places.insert(key_of(definition.front()));
  }
  for (const Image& image : before.images) {
    bool is_gone = true;
    for (const std::vector<Origin>& definition : image.definitions) {
      const Origin& first = definition.front();
      std::vector<Key> all;
      std::ranges::transform(definition, std::back_inserter(all), key_of);
      by_all_[std::move(all)].push_back(&image);
      by_place_[key_of(first)].push_back(&image);
      if (places.contains(key_of(first))) {
        is_gone = false;
      } else if (first.kind != DefinitionKind::kDockerfile) {
        gone_[first.name].push_back({first.kind, &image});
      }
    }
    if (is_gone) gone_builds_[{image.build.dockerfile, image.build.context}].push_back(&image);
  }
}

std::vector<const Image*> EarlierImages::of(const Image& image) const {
  std::vector<const Image*> was;
  for (const std::vector<Origin>& definition : image.definitions) {
    const Image* const found = at_same_place(definition, image);
    was.push_back(found != nullptr ? found : moved(definition.front(), image));
    // Several jobs that are one now.
    for (size_t i = 1; i < definition.size(); ++i) {
      const bool is_known = found == nullptr || is_defined_at(*found, definition[i]);
      const auto other = is_known ? by_place_.end() : by_place_.find(key_of(definition[i]));
      was.push_back(other == by_place_.end() ? nullptr : likeliest(other->second, image));
    }
  }
  if (std::ranges::all_of(was, [](const Image* one) { return one == nullptr; })) was.front() = renamed(image);
  return was;
}

const Image* EarlierImages::at_same_place(const std::vector<Origin>& definition, const Image& image) const {
  std::vector<Key> all;
  std::ranges::transform(definition, std::back_inserter(all), key_of);
  if (const auto found = by_all_.find(all); found != by_all_.end()) return likeliest(found->second, image);
  const auto found = by_place_.find(all.front());
  return found == by_place_.end() ? nullptr : likeliest(found->second, image);
}

const Image* EarlierImages::moved(const Origin& origin, const Image& image) const {
  const auto found = gone_.find(origin.name);
  if (found == gone_.end()) return nullptr;
  std::vector<const Image*> candidates;
  for (const RemovedDefinition& gone : found->second) {
    if (gone.kind == origin.kind) candidates.push_back(gone.image);
  }
  return likeliest(candidates, image);
}

const Image* EarlierImages::renamed(const Image& image) const {
  std::vector<const Image*> candidates;
  for (const std::vector<Origin>& definition : image.definitions) {
    const auto found = gone_.find(definition.front().name);
    if (found == gone_.end()) continue;
    for (const RemovedDefinition& gone : found->second)
      candidates.push_back(gone.image);
  }
  if (!candidates.empty()) return likeliest(candidates, image);
  const auto found = gone_builds_.find(Key(image.build.dockerfile, image.build.context));
  return found == gone_builds_.end() ? nullptr : likeliest(found->second, image);
}

}  // namespace dcache::project
