#include "dcache/project/triggers.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "dcache/dockerfile/parser.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

// What the image puts off; null for nothing.
std::shared_ptr<const plan::Triggers> triggers_of(const Image& image) {
  auto text = dockerfile_of(image);
  if (!text || text::to_lower(*text).find("onbuild") == std::string::npos) return nullptr;
  const auto file = std::make_shared<const dockerfile::File>(dockerfile::parse(std::move(*text)));
  return plan::triggers_of(plan::build_graph(*file, image.build.plan), image.build.dockerfile, file);
}

bool reads_context(const dockerfile::Instruction* trigger) {
  using dockerfile::Keyword;
  return trigger->keyword == Keyword::kCopy || trigger->keyword == Keyword::kAdd ||
         trigger->find_flag("mount") != nullptr;
}

// Whether it is known which image a reference means.
bool is_certain(const std::vector<ImageNeeds::NeededImage>& needed) {
  return needed.size() == 1 && !needed.front().may_be_other;
}

}  // namespace

tl::expected<std::string, std::string> dockerfile_of(const Image& image) {
  const cache::BuildOptions& build = image.build;
  if (build.dockerfile_text) return *build.dockerfile_text;
  return build.files->read(build.dockerfile);
}

void add_triggers(std::vector<Image>& images) {
  std::vector<std::shared_ptr<const plan::Triggers>> triggers;
  for (const Image& image : images)
    triggers.push_back(image.remote.empty() ? triggers_of(image) : nullptr);
  if (std::ranges::all_of(triggers, [](const auto& one) { return one == nullptr; })) return;
  const ImageNeeds needs(images);
  for (size_t i = 0; i < images.size(); ++i) {
    for (const auto& [reference, needed] : needs.of(i)) {
      const size_t other = needed.front().image;
      if (!is_certain(needed) || triggers[other] == nullptr) continue;
      images[i].build.plan.built_images[reference] = {images[other].target.name, {}, {}, triggers[other]};
    }
  }
}

void set_triggers(const plan::Options& others, plan::Options& options) {
  for (auto& [reference, built] : options.built_images) {
    const auto other = others.built_images.find(reference);
    built.triggers = other == others.built_images.end() ? nullptr : other->second.triggers;
  }
  for (const auto& [reference, built] : others.built_images)
    options.built_images.try_emplace(reference, built);
}

const Image* base_with_open_triggers(const ImageNeeds::References& needed, const std::vector<Image>& images) {
  for (const auto& [reference, found] : needed) {
    if (is_certain(found)) continue;
    for (const auto& [other, may_be_other] : found) {
      const auto triggers = triggers_of(images[other]);
      if (triggers != nullptr && std::ranges::any_of(triggers->instructions, reads_context))
        return &images[other];
    }
  }
  return nullptr;
}

}  // namespace dcache::project
