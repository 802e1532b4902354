#include "dcache/project/needs.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/cache/build.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/image.h"

namespace dcache::project {
namespace {

using plan::Read;
using plan::Step;

// The images that a build starts or copies from, in the order of its steps.
std::vector<std::string> references_of(const plan::Graph& graph) {
  std::vector<std::string> references;
  for (const Step& step : graph.steps) {
    if (!step.needed) continue;
    if (step.kind == Step::Kind::kImage) references.push_back(plan::normal_reference(step.image));
    for (const Read& read : step.reads) {
      if (read.origin == Read::Origin::kImage) references.push_back(plan::normal_reference(read.name));
    }
  }
  return references;
}

// A reference of a Dockerfile as its plan spells it, and as it is with the build arguments that are not
// known: "ghcr.io/${{ github.repository_owner }}/base:latest".
using Spellings = std::vector<std::pair<std::string, std::string>>;

void add_spellings(const dockerfile::File& file, const plan::Options& plain_options,
                   const plan::Options& open_options, Spellings& spellings) {
  const bool same = open_options.build_args == plain_options.build_args;
  const std::vector<std::string> plain = references_of(plan::build_graph(file, plain_options));
  const std::vector<std::string> written =
      same ? plain : references_of(plan::build_graph(file, open_options));
  for (size_t i = 0; i < plain.size(); ++i)
    spellings.emplace_back(plain[i], written.size() == plain.size() ? written[i] : plain[i]);
}

Spellings spellings_of(const Image& image) {
  const cache::BuildOptions& build = image.build;
  const auto text = cache::read_dockerfile(build, *build.files);
  Spellings spellings;
  if (!text) return spellings;
  const dockerfile::File file = dockerfile::parse(*text);
  plan::Options plain = build.plan, open = build.plan;
  for (const auto& [name, value] : image.target.args)
    open.build_args.emplace(name, value);
  add_spellings(file, plain, open, spellings);
  for (const std::string& platform : image.platforms()) {
    if (platform == build.plan.platform) continue;
    plain.platform = open.platform = platform;
    add_spellings(file, plain, open, spellings);
  }
  return spellings;
}

// "alpine" of "alpine:latest", as references are compared.
std::string repository_of(const std::string& reference) {
  return std::string(plan::read_reference(reference).name);
}

class ReferenceIndex {
 public:
  explicit ReferenceIndex(const std::vector<Image>& images) {
    for (size_t i = 0; i < images.size(); ++i) {
      for (std::string& reference : references_to(images[i]))
        by_reference_[std::move(reference)].insert(i);
      for (const std::string& repository : images[i].target.repositories)
        by_repository_[repository_of(plan::normal_reference(repository))].insert(i);
    }
  }

  // The images of a reference: those that have it, or else those that may have it.
  std::vector<ImageNeeds::NeededImage> find(const std::string& reference) const {
    std::vector<ImageNeeds::NeededImage> needed;
    if (const auto found = by_reference_.find(reference); found != by_reference_.end()) {
      for (const size_t image : found->second)
        needed.push_back({image});
    } else if (const auto may = by_repository_.find(repository_of(reference)); may != by_repository_.end()) {
      for (const size_t image : may->second)
        needed.push_back({image, true});
    }
    return needed;
  }

 private:
  std::map<std::string, std::set<size_t>, std::less<>> by_reference_;
  std::map<std::string, std::set<size_t>, std::less<>> by_repository_;  // of tags that are not known
};

}  // namespace

std::vector<std::string> references_to(const Image& image) {
  std::vector<std::string> references{fmt::format("{}{}", kTargetScheme, image.target.name)};
  for (const std::string& alias : image.aliases)
    references.push_back(fmt::format("{}{}", kTargetScheme, alias));
  for (const auto* const list : {&image.target.tags, &image.target.references}) {
    for (const std::string& reference : *list)
      references.push_back(plan::normal_reference(reference));
  }
  return references;
}

std::vector<std::string> arguments_with(const Image& image, const std::string& reference) {
  std::vector<std::string> names;
  for (const auto& [argument, needed] : image.target.image_args) {
    if (plan::normal_reference(needed) == reference) names.push_back(argument);
  }
  return names;
}

ImageNeeds::ImageNeeds(const std::vector<Image>& images) : needs_(images.size()) {
  const ReferenceIndex index(images);
  for (size_t i = 0; i < images.size(); ++i) {
    const auto add = [&](const std::string& as_planned, const std::string& reference) {
      const std::vector<NeededImage> found = index.find(reference);
      // An image that is called like its base image starts from the one in the registry.
      if (found.empty() || std::ranges::find(found, i, &NeededImage::image) != found.end()) return;
      std::vector<NeededImage>& needed = needs_[i][as_planned];
      for (const NeededImage& one : found) {
        if (std::ranges::find(needed, one.image, &NeededImage::image) == needed.end()) needed.push_back(one);
      }
    };
    for (const auto& [plain, written] : spellings_of(images[i])) {
      add(plain, plain);
      add(plain, written);
    }
    for (const auto& [argument, image] : images[i].target.image_args) {
      const std::string reference = plan::normal_reference(image);
      add(reference, reference);
    }
  }
  std::vector<State> state(images.size());
  for (size_t i = 0; i < images.size(); ++i)
    visit(i, images, state);
}

// Depth first, without recursion: a project may be a long chain of images.
void ImageNeeds::visit(size_t start, const std::vector<Image>& images, std::vector<State>& state) {
  struct Level {
    size_t image;
    std::vector<size_t> needed;
  };
  std::vector<Level> path;
  const auto enter = [&](size_t image) {
    state[image] = State::kInProgress;
    path.push_back({image, {}});
    for (const auto& [reference, needed] : needs_[image]) {
      for (const NeededImage& one : std::views::reverse(needed))
        path.back().needed.push_back(one.image);
    }
    std::ranges::reverse(path.back().needed);
  };
  if (state[start] == State::kNew) enter(start);
  while (!path.empty()) {
    Level& level = path.back();
    if (level.needed.empty()) {
      state[level.image] = State::kDone;
      order_.push_back(level.image);
      path.pop_back();
      continue;
    }
    const size_t needed = level.needed.back();
    level.needed.pop_back();
    if (state[needed] == State::kNew) {
      enter(needed);
    } else if (state[needed] == State::kInProgress) {
      const Origin& origin = images[level.image].origin();
      failures_.push_back({origin.path, origin.line, 0,
                           fmt::format("the images {} and {} need each other",
                                       images[level.image].target.name, images[needed].target.name),
                           "let one of them start from another image"});
    }
  }
}

void add_needs(std::vector<Image>& images) {
  const ImageNeeds needs(images);
  for (size_t i = 0; i < images.size(); ++i) {
    std::vector<std::string>& names = images[i].target.needs;
    for (const auto& [reference, needed] : needs.of(i)) {
      for (const ImageNeeds::NeededImage& one : needed)
        names.push_back(images[one.image].target.name);
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
  }
}

}  // namespace dcache::project
