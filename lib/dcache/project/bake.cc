#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/project/bake/evaluation.h"
#include "dcache/project/bake/resolution.h"
#include "dcache/project/compose.h"
#include "dcache/project/hcl/json.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/once.h"
#include "dcache/project/readers.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using bake::Definition;
using bake::EvaluationResult;

const std::vector<hcl::BlockType>& block_types() {
  static const std::vector<hcl::BlockType> kTypes = {
      {"variable", 1, {{"validation", 0}}}, {"function", 1}, {"group", 1}, {"target", 1}};
  return kTypes;
}

bool has_ending(const std::string& path, std::string_view ending) {
  return text::to_lower(path).ends_with(ending);
}

// The files by their kind: compose files are merged first.
struct Files {
  std::vector<hcl::File> bake = {};
  std::vector<std::string> compose = {};
};

// A file whose name does not say what it is: HCL or JSON if it can be read as one of them, otherwise compose.
std::optional<hcl::File> read_unnamed(const std::string& path, const std::string& text) {
  hcl::File as_hcl = hcl::parse_hcl(path, text);
  const bool has_content = !as_hcl.body.blocks.empty() || !as_hcl.body.attributes().empty();
  if (as_hcl.failures.empty() && has_content) return as_hcl;
  if (hcl::is_json_value(text)) return hcl::parse_hcl_json(path, text, block_types());
  // A block, even with errors in it, is not YAML.
  const bool has_block = !as_hcl.body.blocks.empty();
  return has_block ? std::optional(std::move(as_hcl)) : std::nullopt;
}

void read_file(const std::string& path, const ReadOptions& options, Files& files,
               std::vector<text::Failure>& failures) {
  if (has_ending(path, ".yml") || has_ending(path, ".yaml")) {
    files.compose.push_back(path);
    return;
  }
  auto text = options.files->read(path);
  if (!text) {
    failures.push_back({path, 0, 0, text.error(), {}});
    return;
  }
  if (text->size() > options.largest_file) {
    failures.push_back(
        {path, 0, 0, fmt::format("the file is larger than {} bytes", options.largest_file), {}});
    return;
  }
  std::optional<hcl::File> file;
  if (path.ends_with(".json")) {
    file = hcl::parse_hcl_json(path, *std::move(text), block_types());
  } else if (path.ends_with(".hcl")) {
    file = hcl::parse_hcl(path, *std::move(text));
  } else {
    file = read_unnamed(path, *text);
  }
  if (!file) {
    files.compose.push_back(path);
    return;
  }
  failures.insert(failures.end(), file->failures.begin(), file->failures.end());
  files.bake.push_back(*std::move(file));
}

// What the compose files define, with the group of all their services.
std::vector<Group> compose_groups(const Definitions& compose) {
  std::vector<Group> groups = compose.groups;
  for (Group& group : groups)
    std::ranges::transform(group.members, group.members.begin(), bake_name);
  const bool has_default = std::ranges::find(groups, "default", &Group::name) != groups.end();
  if (has_default || compose.targets.empty()) return groups;
  Group all;
  all.name = "default";
  for (const Target& target : compose.targets)
    all.members.push_back(bake_name(target.name));
  groups.insert(groups.begin(), std::move(all));
  return groups;
}

// What only compose knows of a target. Its paths start elsewhere, unless the context is another one now.
void restore_compose(Target& target, const Target& from) {
  const bool same_context = target.context == bake::context_of(from);
  if (same_context) {
    target.folder = from.folder;
    target.context = from.context;
  }
  target.run.hostname = from.run.hostname;
  target.run.cgroup_parent = from.run.cgroup_parent;
  target.image_args = from.image_args;
  target.pull = target.pull || from.pull;
  add_once(target.secrets, from.secrets);
  add_once(target.ssh, from.ssh);
  add_once(target.other_inputs, from.other_inputs);
  target.needs.insert(target.needs.end(), from.needs.begin(), from.needs.end());
  std::ranges::transform(target.needs, target.needs.begin(), bake_name);
  std::ranges::sort(target.needs);
  target.needs.erase(std::unique(target.needs.begin(), target.needs.end()), target.needs.end());
  target.unknown.insert(target.unknown.begin(), from.unknown.begin(), from.unknown.end());
}

}  // namespace

std::string bake_name(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '.', '_');
  return result;
}

Definitions read_bake(const std::vector<std::string>& paths, const std::string& folder,
                      const ReadOptions& options) {
  Definitions result;
  Files files;
  for (const std::string& path : paths)
    read_file(path, options, files, result.failures);
  Definitions compose;
  if (!files.compose.empty())
    compose = read_compose_in(files.compose, folder.empty() ? "." : folder, options);
  std::ranges::move(compose.failures, std::back_inserter(result.failures));
  result.skipped = std::move(compose.skipped);

  std::vector<Definition> targets;
  for (const Target& target : compose.targets)
    targets.push_back(bake::definition_of(target));
  const EvaluationResult evaluated =
      bake::Evaluation(files.bake, options, result.failures).run(std::move(targets), compose_groups(compose));
  bake::Resolution resolution(evaluated, folder.empty() ? "." : folder, result.failures);
  resolution.set(options.set);
  result.targets = resolution.targets();
  result.groups = resolution.groups();
  bake::remove_private(result.targets, result.groups);
  for (const Target& from : compose.targets) {
    const auto found = std::ranges::find(result.targets, bake_name(from.name), &Target::name);
    if (found != result.targets.end()) restore_compose(*found, from);
  }
  return result;
}

}  // namespace dcache::project
