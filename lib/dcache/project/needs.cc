#include "dcache/project/needs.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/image.h"

namespace dcache::project {
namespace {

using plan::Read;
using plan::Step;

// The images that a build starts or copies from, as the plan spells them.
std::set<std::string> references_of(const Image& image) {
  const auto text = image.build.dockerfile_text
                        ? tl::expected<std::string, std::string>(*image.build.dockerfile_text)
                        : image.build.files->read(image.build.dockerfile);
  std::set<std::string> references;
  if (!text) return references;
  const dockerfile::File file = dockerfile::parse(*text);
  plan::Options options = image.build.plan;
  const auto add = [&] {
    const plan::Graph graph = plan::build_graph(file, options);
    for (const Step& step : graph.steps) {
      if (!step.needed) continue;
      if (step.kind == Step::Kind::kImage) references.insert(plan::normal_reference(step.image));
      for (const Read& read : step.reads) {
        if (read.origin == Read::Origin::kImage) references.insert(plan::normal_reference(read.name));
      }
    }
  };
  add();
  for (const std::string& platform : image.platforms()) {
    if (platform == image.build.plan.platform) continue;
    options.platform = platform;
    add();
  }
  return references;
}

// How builds refer to an image.
std::set<std::string> references_to(const Image& image) {
  std::set<std::string> references{fmt::format("{}{}", kTargetScheme, image.target.name)};
  // The artifacts of Skaffold are called by their references.
  if (image.origin().kind == DefinitionKind::kSkaffold)
    references.insert(plan::normal_reference(image.target.name));
  for (const std::string& tag : image.target.tags)
    references.insert(plan::normal_reference(tag));
  for (const std::string& alias : image.aliases)
    references.insert(fmt::format("{}{}", kTargetScheme, alias));
  return references;
}

}  // namespace

Needs::Needs(const std::vector<Image>& images) : images_(images), needs_(images.size()) {
  std::map<std::string, std::vector<size_t>, std::less<>> by_reference;
  for (size_t i = 0; i < images.size(); ++i) {
    for (const std::string& reference : references_to(images[i]))
      by_reference[reference].push_back(i);
  }
  for (size_t i = 0; i < images.size(); ++i) {
    for (const std::string& reference : references_of(images[i])) {
      const auto found = by_reference.find(reference);
      if (found == by_reference.end()) continue;
      std::vector<size_t> needed = found->second;
      std::erase(needed, i);
      if (!needed.empty()) needs_[i].emplace(reference, std::move(needed));
    }
  }
  std::vector<State> states(images.size());
  for (size_t i = 0; i < images.size(); ++i)
    visit(i, states);
}

// Depth first, without recursion: a project may be a long row of images.
void Needs::visit(size_t start, std::vector<State>& states) {
  if (states[start] != State::kNew) return;
  struct Place {
    size_t image;
    std::vector<size_t> left;
  };
  std::vector<Place> path;
  const auto open = [&](size_t image) {
    states[image] = State::kOpen;
    Place& place = path.emplace_back(Place{image, {}});
    for (const auto& [reference, needed] : needs_[image])
      place.left.insert(place.left.end(), needed.begin(), needed.end());
    std::ranges::reverse(place.left);
  };
  open(start);
  while (!path.empty()) {
    Place& place = path.back();
    if (place.left.empty()) {
      states[place.image] = State::kDone;
      order_.push_back(place.image);
      path.pop_back();
      continue;
    }
    const size_t needed = place.left.back();
    place.left.pop_back();
    if (states[needed] == State::kNew) {
      open(needed);
    } else if (states[needed] == State::kOpen) {
      add_circle(place.image, needed);
    }
  }
}

void Needs::add_circle(size_t image, size_t needed) {
  const Origin& origin = images_[image].origin();
  failures_.push_back({origin.path, origin.line, 0,
                       fmt::format("the images {} and {} need each other", images_[image].target.name,
                                   images_[needed].target.name),
                       "let one of them start from another image"});
}

}  // namespace dcache::project
