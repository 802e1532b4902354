#include "dcache/project/unknown.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "dcache/context/git.h"
#include "dcache/project/ci_text.h"
#include "dcache/project/definitions.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

struct AttributeWords {
  std::string_view attribute;
  std::string_view words;
  bool plural;
};
constexpr std::array<AttributeWords, 17> kAttributeWords = {
    {{"annotations", "the annotations", true},
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

// "the build argument VERSION", and whether that is a plural.
std::pair<std::string, bool> attribute_words(std::string_view attribute) {
  constexpr std::string_view kArgument = "args.", kContext = "contexts.";
  if (attribute.starts_with(kArgument))
    return {fmt::format("the build argument {}", attribute.substr(kArgument.size())), false};
  if (attribute.starts_with(kContext))
    return {fmt::format("the named context {}", attribute.substr(kContext.size())), false};
  const auto* const words = std::ranges::find(kAttributeWords, attribute, &AttributeWords::attribute);
  if (words == kAttributeWords.end()) return {fmt::format("'{}'", attribute), false};
  return {std::string(words->words), words->plural};
}

// The start of a reason, for one and for several.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kVerbs = {
    {{"is ", "are "}, {"contains ", "contain "}, {"uses ", "use "}}};

bool is_defined_in(const Image& image, const std::string& path) {
  return std::ranges::find(image.target.defined, path, &Origin::path) != image.target.defined.end();
}

bool rests_on(const Image& image, const std::string& path) {
  return is_defined_in(image, path) || image.target.sources.contains(path);
}

// Whether a word of the text is the path of a folder that a Dockerfile is in, from where the definition is:
// "../api", of a definition that is kept in a folder of its own.
bool names_folder_above(const std::string& text, const std::string& folder, const std::string& dockerfile,
                        const context::FileSystem& files) {
  constexpr std::string_view kBetweenWords = " \t\r\n\"'`,;:=[]{}()<>|&";
  std::set<std::string_view> seen;
  for (size_t at = text.find_first_not_of(kBetweenWords); at != std::string::npos;) {
    const size_t end = std::min(text.find_first_of(kBetweenWords, at), text.size());
    const std::string_view word(text.data() + at, end - at);
    at = text.find_first_not_of(kBetweenWords, end);
    if (word.find("..") == std::string_view::npos || word.starts_with('/') || !seen.insert(word).second)
      continue;
    const std::string place = text::join_path(folder, word);
    if (files.exists(place) && text::is_within(dockerfile, files.real_path(place))) return true;
  }
  return false;
}

// A definition is most likely about what is below its folder and what it names, and one of CI about anything.
bool may_be_about(const std::string& path, const Image& image, const context::FileSystem& files) {
  const auto kind = definition_kind(path);
  if (kind && is_built_by_ci(*kind)) return true;
  const auto folder_of = [&](const std::string& file) {
    return files.real_path(std::string(text::parent_path(file)));
  };
  const std::string dockerfile = folder_of(image.build.dockerfile);
  if (text::is_within(dockerfile, folder_of(path))) return true;
  // A bake file starts where bake is run.
  if (kind == DefinitionKind::kBake || path.ends_with(".hcl")) return true;
  if (!kind && !path.ends_with(".yaml") && !path.ends_with(".yml") && !path.ends_with(".json")) return false;
  const auto text = files.read(path);
  return !text || names_folder_above(*text, std::string(text::parent_path(path)), dockerfile, files);
}

}  // namespace

std::string words_of(const UnknownAttribute& unknown) {
  constexpr std::string_view kIsVariable = "is $", kIs = "is ";
  const auto [words, plural] = attribute_words(unknown.attribute);
  if (unknown.reason.starts_with(kIsVariable))
    return fmt::format("only CI knows {} ({})", words, unknown.reason.substr(kIs.size()));
  if (plural) {
    for (const auto& [one, several] : kVerbs) {
      if (unknown.reason.starts_with(one))
        return fmt::format("{} {}{}", words, several, unknown.reason.substr(one.size()));
    }
  }
  return fmt::format("{} {}", words, unknown.reason);
}

bool may_change_steps(const UnknownAttribute& unknown) {
  const std::string_view attribute = unknown.attribute;
  return attribute != "tags" && attribute != "annotations" && !attribute.starts_with("labels") &&
         !attribute.starts_with("cache");
}

std::map<std::string, ValueOfRun, std::less<>> new_each_run(const Image& image) {
  constexpr std::string_view kArguments = "args.";
  std::map<std::string, ValueOfRun, std::less<>> given;
  for (const UnknownAttribute& unknown : image.target.unknown) {
    if (!unknown.varies || !unknown.attribute.starts_with(kArguments) || !is_new_each_run(unknown.reason))
      continue;
    const std::string_view reason = unknown.reason;
    given.emplace(unknown.attribute.substr(kArguments.size()),
                  ValueOfRun{std::string(reason.substr(reason.find(' ') + 1)), reason.starts_with("is ")});
  }
  return given;
}

std::string unread_words(const text::Failure& failure) {
  text::Failure short_failure = failure;
  short_failure.remedy.clear();
  const size_t remedy = short_failure.message.find(context::kFetchContent);
  if (remedy != std::string::npos) short_failure.message.resize(remedy);
  return text::words_of(short_failure);
}

const text::Failure* unread_definition(const Image& image, const Image* known, const Project& project,
                                       const context::FileSystem& files) {
  const bool is_defined = known != nullptr && known->origin().kind != DefinitionKind::kDockerfile;
  const auto concerns = [&](const text::Failure& failure) {
    if (failure.path.empty()) return false;
    // Of a file that was read all the same, what it has a place in is left out, and nothing else.
    if (failure.line != 0 && is_defined && is_defined_in(*known, failure.path)) return false;
    if (rests_on(image, failure.path) || (is_defined && rests_on(*known, failure.path))) return true;
    return !is_defined && may_be_about(failure.path, image, files);
  };
  const auto found = std::ranges::find_if(project.failures, concerns);
  return found == project.failures.end() ? nullptr : &*found;
}

}  // namespace dcache::project
