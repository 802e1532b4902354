#include "dcache/report/matrix.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/project/unknown.h"

namespace dcache::report {
namespace {

using project::Image;
using project::Target;
using project::Unknown;

// What a job can't do without.
constexpr std::array<std::string_view, 4> kNeeded = {"context", "dockerfile", "dockerfile-inline", "target"};

bool is_open(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

std::string joined(const std::vector<std::string>& list, std::string_view separator) {
  return fmt::format("{}", fmt::join(list, separator));
}

// One of a list that is given in lines: in quotes if it has several lines, or starts with one.
std::string line_of(const std::string& text) {
  if (text.find_first_of("\r\n") == std::string::npos && !text.starts_with('"')) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

template <typename Pairs>
std::string lines_of(const Pairs& pairs) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : pairs)
    lines.push_back(line_of(fmt::format("{}={}", name, value)));
  return joined(lines, "\n");
}

// Those that are known.
std::vector<std::string> known_of(const std::vector<std::string>& list) {
  std::vector<std::string> known;
  std::ranges::copy_if(list, std::back_inserter(known),
                       [](const std::string& text) { return !is_open(text); });
  return known;
}

// Folders as the plan has them, from the current one; all else as it is written.
Target::Pairs contexts_of(const Image& image) {
  Target::Pairs contexts = image.target.contexts;
  for (auto& [name, value] : contexts) {
    const auto planned = image.build.plan.named_contexts.find(name);
    const bool folder =
        planned != image.build.plan.named_contexts.end() && !planned->second.starts_with(plan::kImageScheme);
    if (folder) value = planned->second;
  }
  return contexts;
}

Target::Pairs labels_of(const Image& image) {
  Target::Pairs labels = image.target.labels;
  std::erase_if(labels, [](const auto& label) { return is_open(label.first) || is_open(label.second); });
  return labels;
}

std::string unknown_of(const Image& image) {
  std::vector<std::string> attributes;
  for (const Unknown& unknown : image.target.unknown) {
    const bool known = !unknown.varies && !is_open(unknown.reason);
    if (!known && std::ranges::find(attributes, unknown.attribute) == attributes.end())
      attributes.push_back(unknown.attribute);
  }
  return joined(attributes, ",");
}

}  // namespace

std::string why_not_in_matrix(const Image& image) {
  for (const Unknown& unknown : image.target.unknown) {
    const bool needed = unknown.attribute.starts_with("contexts") ||
                        std::ranges::find(kNeeded, unknown.attribute) != kNeeded.end();
    if (unknown.varies && needed) return project::words_of(unknown);
  }
  for (const auto& [name, value] : image.target.contexts) {
    if (value.starts_with(project::kTargetScheme))
      return fmt::format("its context {} is the target {}, which only a build with bake or Compose has", name,
                         value.substr(project::kTargetScheme.size()));
  }
  return {};
}

void write_matrix_row(const Image& image, text::JsonWriter& json) {
  const Target& target = image.target;
  const bool remote = !image.remote.empty();
  std::string dockerfile = remote ? target.dockerfile : image.build.dockerfile;
  if (target.dockerfile_inline) dockerfile.clear();
  json.begin_object()
      .member("image", target.name)
      .member("dockerfile", dockerfile)
      .member("dockerfile_inline", target.dockerfile_inline.value_or(""))
      .member("context", remote ? target.context : image.build.context)
      .member("target", image.build.plan.target)
      .member("tags", joined(known_of(target.tags), ","))
      .member("build_args", lines_of(image.build.plan.build_args))
      .member("build_contexts", lines_of(contexts_of(image)))
      .member("platforms", joined(known_of(target.platforms), ","))
      .member("labels", lines_of(labels_of(image)))
      .member("annotations", joined(known_of(target.annotations), "\n"))
      .member("unknown", unknown_of(image))
      .end_object();
}

}  // namespace dcache::report
