#include "dcache/project/triggers.h"

#include <algorithm>

#include "dcache/dockerfile/parser.h"

namespace dcache::project {
namespace {

// Whether the image puts off an instruction that reads the context of a build which starts from it.
bool has_triggers(const Image& image) {
  const auto text = dockerfile_of(image);
  if (!text || text->find("ONBUILD") == std::string::npos) return false;
  const dockerfile::File file = dockerfile::parse(*text);
  return std::ranges::any_of(file.instructions(), [](const dockerfile::Instruction& instruction) {
    using dockerfile::Keyword;
    const dockerfile::Instruction* trigger = instruction.onbuild;
    return trigger != nullptr && (trigger->keyword == Keyword::kCopy || trigger->keyword == Keyword::kAdd ||
                                  trigger->find_flag("mount") != nullptr);
  });
}

}  // namespace

tl::expected<std::string, std::string> dockerfile_of(const Image& image) {
  const cache::BuildOptions& build = image.build;
  if (build.dockerfile_text) return *build.dockerfile_text;
  return build.files->read(build.dockerfile);
}

const Image* base_with_triggers(const ImageNeeds::References& needed, const std::vector<Image>& images) {
  for (const auto& [reference, found] : needed) {
    for (const auto& [other, may_be_other] : found) {
      if (has_triggers(images[other])) return &images[other];
    }
  }
  return nullptr;
}

}  // namespace dcache::project
