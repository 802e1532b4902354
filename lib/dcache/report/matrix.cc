#include "dcache/report/matrix.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dcache/project/once.h"
#include "dcache/project/unknown.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::report {
namespace {

using project::Image;
using project::Target;
using project::UnknownAttribute;

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

// Secrets by the input that takes them: "id=npm,src=.npmrc" is npm=.npmrc of secret-files.
struct Secrets {
  Target::Pairs files;
  Target::Pairs variables;
  bool other = false;  // there are some of another kind
};

Secrets secrets_of(const Target& target) {
  Secrets secrets;
  for (const std::string& secret : target.secrets) {
    std::string id, file, variable;
    for (std::string_view rest = secret; !rest.empty();) {
      const std::string_view field = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(field.size() + 1, rest.size()));
      const size_t equals = std::min(field.find('='), field.size());
      const std::string_view name = field.substr(0, equals);
      const std::string value(field.substr(std::min(equals + 1, field.size())));
      if (name == "id") id = value;
      if (name == "src" || name == "source") file = value;
      if (name == "env") variable = value;
    }
    if (id.empty() || (file.empty() && variable.empty())) {
      secrets.other = true;
    } else if (!file.empty()) {
      secrets.files[id] = text::is_absolute(file) ? file : text::join_path(target.folder, file);
    } else {
      secrets.variables[id] = variable;
    }
  }
  return secrets;
}

std::string unknown_of(const Image& image, bool other_secrets) {
  constexpr std::string_view kArgument = "args.";
  std::vector<std::string> attributes;
  for (const UnknownAttribute& unknown : image.target.unknown) {
    const std::string_view attribute = unknown.attribute;
    const bool given = !attribute.starts_with(kArgument) ||
                       image.build.plan.build_args.contains(attribute.substr(kArgument.size()));
    const bool known = !unknown.varies && !is_open(unknown.reason) && given;
    if (!known) attributes.emplace_back(attribute);
  }
  if (other_secrets) attributes.emplace_back("secrets");
  std::ranges::copy(image.target.other_inputs, std::back_inserter(attributes));
  if (!image.target.run.cgroup_parent.empty()) attributes.emplace_back("cgroup-parent");
  std::vector<std::string> once;
  project::add_once(once, std::move(attributes));
  return joined(once, ",");
}

// Whether the build gets the other image by its name from bake or Compose.
bool is_linked(const Image& image, std::string_view needed) {
  return std::ranges::any_of(image.target.contexts, [&](const auto& context) {
    std::string_view value = context.second;
    if (!value.starts_with(project::kTargetScheme)) return false;
    value.remove_prefix(project::kTargetScheme.size());
    // An image of several definitions is called NAME@FILE.
    return needed == value || (needed.starts_with(value) && needed.substr(value.size()).starts_with('@'));
  });
}

std::string bool_word(bool value) {
  return value ? "true" : "false";
}

}  // namespace

std::vector<std::string> needed_by_tag(const Image& image,
                                       const std::set<std::string, std::less<>>& rebuilt) {
  std::vector<std::string> needed;
  std::ranges::copy_if(image.target.needs, std::back_inserter(needed), [&](const std::string& name) {
    return rebuilt.contains(name) && !is_linked(image, name);
  });
  return needed;
}

std::string why_not_in_matrix(const Image& image, const std::set<std::string, std::less<>>& rebuilt) {
  for (const UnknownAttribute& unknown : image.target.unknown) {
    const bool needed = unknown.attribute.starts_with("contexts") ||
                        std::ranges::find(kNeeded, unknown.attribute) != kNeeded.end();
    if (unknown.varies && needed) return project::words_of(unknown);
  }
  if (image.target.context == cache::kNoContext)
    return "it has no context: its Dockerfile is on standard input, which no job of a matrix has";
  for (const auto& [name, value] : image.target.contexts) {
    if (value.starts_with(project::kTargetScheme))
      return fmt::format("its context {} is the target {}, which only a build with bake or Compose has", name,
                         value.substr(project::kTargetScheme.size()));
  }
  for (const auto& [name, needed] : image.target.image_args)
    return fmt::format("its build argument {} is the image {}, which only Skaffold can tell", name, needed);
  const std::vector<std::string> needed = needed_by_tag(image, rebuilt);
  if (needed.empty()) return {};
  return fmt::format("it needs {}, which {} affected too: the jobs of a matrix run at the same time",
                     text::list_words(needed), needed.size() == 1 ? "is" : "are");
}

void write_matrix_row(const Image& image, text::JsonWriter& json) {
  const Target& target = image.target;
  const plan::RunOptions& run = target.run;
  const bool remote = !image.remote.empty();
  std::string dockerfile = remote ? target.dockerfile : image.build.dockerfile;
  if (target.dockerfile_inline) dockerfile.clear();
  const Secrets secrets = secrets_of(target);
  const std::pair<std::string_view, std::string> row[] = {
      {"image", target.name},
      {"dockerfile", dockerfile},
      {"dockerfile_inline", target.dockerfile_inline.value_or("")},
      {"context", remote ? target.context : image.build.context},
      {"target", image.build.plan.target},
      {"tags", joined(known_of(target.tags), ",")},
      {"build_args", lines_of(image.build.plan.build_args)},
      {"build_contexts", lines_of(contexts_of(image))},
      {"platforms", joined(image.platforms(), ",")},
      {"labels", lines_of(labels_of(image))},
      {"annotations", joined(known_of(target.annotations), "\n")},
      {"cache_from", joined(known_of(target.cache_from), "\n")},
      {"cache_to", joined(known_of(target.cache_to), "\n")},
      {"no_cache", bool_word(target.no_cache)},
      {"no_cache_filters", joined(known_of(target.no_cache_filter), ",")},
      {"pull", bool_word(target.pull)},
      {"secret_files", lines_of(secrets.files)},
      {"secret_envs", lines_of(secrets.variables)},
      {"ssh", joined(known_of(target.ssh), "\n")},
      {"network", is_open(run.network) ? "" : run.network},
      {"add_hosts", joined(known_of(run.add_hosts), "\n")},
      {"shm_size", is_open(run.shm_size) ? "" : run.shm_size},
      {"ulimit", joined(known_of(run.ulimits), "\n")},
      {"unknown", unknown_of(image, secrets.other)}};
  json.begin_object();
  for (const auto& [name, value] : row)
    json.member(name, value);
  json.end_object();
}

}  // namespace dcache::report
