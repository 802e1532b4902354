#include "dcache/project/unknown.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace dcache::project {
namespace {

struct Words {
  std::string_view attribute;
  std::string_view words;
  bool plural;
};
constexpr std::array<Words, 17> kWords = {{{"annotations", "the annotations", true},
                                           {"args", "the build arguments", true},
                                           {"cache-from", "the imported caches", true},
                                           {"cache-to", "the exported caches", true},
                                           {"context", "the context", false},
                                           {"contexts", "the named contexts", true},
                                           {"dockerfile", "the Dockerfile", false},
                                           {"dockerfile-inline", "the text of the Dockerfile", false},
                                           {"labels", "the labels", true},
                                           {"network", "the network", false},
                                           {"no-cache", "'no-cache'", false},
                                           {"no-cache-filter", "the stages of 'no-cache-filter'", true},
                                           {"platform", "the platforms", true},
                                           {"platforms", "the platforms", true},
                                           {"requires", "a required image", false},
                                           {"tags", "the tags", true},
                                           {"target", "the target stage", false}}};
// The start of a reason, for one and for several.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kVerbs = {
    {{"is ", "are "}, {"contains ", "contain "}, {"uses ", "use "}}};

}  // namespace

std::string words_of(const Unknown& unknown) {
  constexpr std::string_view kArgument = "args.", kContext = "contexts.";
  const std::string_view attribute = unknown.attribute;
  if (attribute.starts_with(kArgument))
    return fmt::format("the build argument {} {}", attribute.substr(kArgument.size()), unknown.reason);
  if (attribute.starts_with(kContext))
    return fmt::format("the named context {} {}", attribute.substr(kContext.size()), unknown.reason);
  const auto* const words = std::ranges::find(kWords, attribute, &Words::attribute);
  if (words == kWords.end()) return fmt::format("'{}' {}", attribute, unknown.reason);
  if (words->plural) {
    for (const auto& [one, several] : kVerbs) {
      if (unknown.reason.starts_with(one))
        return fmt::format("{} {}{}", words->words, several, unknown.reason.substr(one.size()));
    }
  }
  return fmt::format("{} {}", words->words, unknown.reason);
}

bool may_change_steps(const Unknown& unknown) {
  const std::string_view attribute = unknown.attribute;
  return attribute != "tags" && attribute != "annotations" && !attribute.starts_with("labels") &&
         !attribute.starts_with("cache");
}

}  // namespace dcache::project
