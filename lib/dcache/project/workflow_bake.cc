#include "dcache/project/workflow_bake.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/action_inputs.h"
#include "dcache/project/build_script.h"
#include "dcache/project/definition_build.h"
#include "dcache/project/readers.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

using yaml::Value;

// What makes a difference to a build.
constexpr std::array<std::string_view, 13> kBuildAttributes = {
    "args",        "context", "contexts", "dockerfile", "dockerfile-inline",
    "extra-hosts", "network", "no-cache", "platform",   "no-cache-filter",
    "shm-size",    "target",  "ulimits"};

bool has_expression(std::string_view text) {
  return text.find("${{") != std::string_view::npos;
}

// Whether an override can't be told: for which target it is, what it sets, or a value that has to be read.
bool is_open(const Override& one) {
  return has_expression(one.target) || has_expression(one.attribute) ||
         (one.attribute == "no-cache" && has_expression(one.value));
}

// Notes what an override that can't be told may change of a target.
void note_override(const Override& one, Target& target) {
  const std::string_view attribute = std::string_view(one.attribute).substr(0, one.attribute.find('.'));
  const bool counts = has_expression(one.attribute) ||
                      std::ranges::find(kBuildAttributes, attribute) != kBuildAttributes.end();
  if (!counts || (!has_expression(one.target) && !text::glob_match(one.target, target.name))) return;
  target.unknown.push_back({has_expression(one.attribute) ? "args" : one.attribute,
                            fmt::format("may be set by {}.{}={}", one.target, one.attribute, one.value)});
}

// Adds what expressions there are in texts that come from variables and `set`.
void note_expressions(Target& target) {
  const auto note = [&](const std::string& attribute, const std::string& text) {
    if (!has_expression(text)) return;
    for (const std::string& part : text_with_expressions(text).unknown)
      target.unknown.push_back({attribute, fmt::format("{} {}", text == part ? "is" : "contains", part)});
  };
  note("context", target.context);
  note("dockerfile", target.dockerfile);
  note("target", target.target);
  for (const auto& [name, value] : target.args)
    note("args." + name, value);
  for (const auto& [name, value] : target.contexts)
    note("contexts." + name, value);
  for (const std::string& tag : target.tags)
    note("tags", tag);
  for (const auto& [name, value] : target.labels)
    note("labels", value);
  for (const std::string& annotation : target.annotations)
    note("annotations", annotation);
  for (const std::string& platform : target.platforms)
    note("platforms", platform);
  for (const std::string& cache : target.cache_from)
    note("cache-from", cache);
  for (const std::string& cache : target.cache_to)
    note("cache-to", cache);
}

// Paths that start at the root of the workspace, as ones from where those of the definition start.
void resolve_workspace(const std::string& root, Target& target) {
  const auto resolve = [&](std::string& path, const std::string& folder) {
    CiText text = from_expressions(path);
    if (!has_expression(path) || !take_workspace_root(text) || !text.is_known()) return;
    path = text::relative_path(text::join_path(root, text.text), folder);
  };
  resolve(target.context, target.folder);
  resolve(target.dockerfile, text::join_path(target.folder, target.context));
  for (auto& [name, value] : target.contexts)
    resolve(value, target.folder);
}

// Adds a target that a step builds, with what overrides that can't be told and `more` leave open of it. False
// if there are too many targets.
bool add_target(Target target, const std::vector<Override>& open, const std::vector<UnknownAttribute>& more,
                const CiSource& source, const std::string& root, CiTargets& targets) {
  resolve_workspace(root, target);
  note_expressions(target);
  for (const Override& one : open)
    note_override(one, target);
  std::ranges::copy(more, std::back_inserter(target.unknown));
  target.defined.insert(target.defined.end(), source.defined.begin(), source.defined.end());
  return targets.add(std::move(target), source);
}

// Adds what can't be read of the files that a build names; `source` is where it names them.
void add_bake_failures(std::vector<text::Failure> failures, const CiSource& source, Definitions& result) {
  for (text::Failure& failure : failures) {
    const Origin& origin = source.defined.front();
    if (failure.path.empty()) {  // of an override
      failure.path = origin.path;
      failure.line = origin.line;
    }
    const auto same = [&](const text::Failure& one) {
      return one.path == failure.path && one.line == failure.line && one.message == failure.message;
    };
    if (std::ranges::none_of(result.failures, same)) result.failures.push_back(std::move(failure));
  }
}

class BakeStep {
 public:
  BakeStep(const Value& inputs, const CiSource& source, const WorkflowScope& scope,
           const Workspace& workspace, WorkflowReading& reading)
      : inputs_(inputs), source_(source), scope_(scope), workspace_(workspace), reading_(reading) {}

  void read() {
    const std::string call = text_of(inputs_, "call");
    if (!call.empty() && call != "build") return;
    find_folder();
    if (reason_.empty()) find_files();
    if (!reason_.empty()) {
      skip();
      return;
    }
    if (!paths_.empty()) add_targets();
  }

 private:
  void skip() const {
    const Origin& origin = source_.defined.front();
    const bool known = std::ranges::any_of(reading_.result.skipped, [&](const SkippedBuild& one) {
      return one.name == source_.job && one.reason == reason_ && one.defined.path == origin.path &&
             one.defined.line == origin.line;
    });
    if (!known) reading_.result.skipped.push_back({source_.job, reason_, origin, is_open_});
  }

  // The source is the repository, a folder, or a URL; the folder of the command is inside.
  void find_folder() {
    constexpr std::string_view kDefault = "{{defaultContext}}";
    CiText folder{"."};
    std::string from(text::trim(text_of(inputs_, "source")));
    if (from.starts_with(kDefault)) from.erase(0, from.starts_with("{{defaultContext}}:") ? 19 : 18);
    if (from.find("://") != std::string::npos) {
      is_open_ = has_expression(from);  // it may be this repository
      reason_ = fmt::format("its bake files are in {}", from);
      return;
    }
    if (!from.empty()) folder = join_ci_path(folder, text_with_expressions(from));
    const std::string inside = text_of(inputs_, "workdir");
    if (!inside.empty()) folder = join_ci_path(folder, text_with_expressions(inside));
    const Workspace::Place place = workspace_.locate(folder);
    if (!folder.is_known() || !place.remote.empty()) {
      is_open_ = !folder.is_known();
      reason_ = fmt::format("its bake files are in {}", folder.is_known() ? place.remote : folder.text);
    }
    folder = place.path;
    folder_ = text::join_path(reading_.root, folder.text);
  }

  void find_files() {
    std::string unknown;
    for (std::string file : list_of_input(text_of(inputs_, "files"), true)) {
      constexpr std::string_view kHere = "cwd://";
      if (file.starts_with(kHere)) file.erase(0, kHere.size());
      CiText path = text_with_expressions(file);
      if (take_workspace_root(path)) path.text = text::join_path(reading_.root, path.text);
      const std::string full = text::is_absolute(path.text) ? path.text : text::join_path(folder_, path.text);
      if (path.is_known() && reading_.options.files->exists(full)) {
        paths_.push_back(full);
      } else {
        unknown = file;
      }
    }
    if (paths_.empty() && unknown.empty()) add_default_files();
    // A file that the job makes adds tags and labels; without another one it is all that there is.
    is_open_ = paths_.empty();
    if (paths_.empty() && !unknown.empty())
      reason_ = fmt::format("its bake file {} is not in the repository", unknown);
    more_file_ = unknown;
  }

  void add_default_files() {
    paths_ = files_by_default(DefinitionKind::kBake, folder_, *reading_.options.files);
    if (paths_.empty()) reason_ = fmt::format("there is no bake file in {}", folder_);
  }

  ReadOptions read_options() {
    ReadOptions options = options_in_job(reading_.options, scope_.environment(), "GITHUB_WORKSPACE");
    for (const std::string& set : list_of_input(text_of(inputs_, "set"), false)) {
      auto parsed = parse_override(set);
      if (parsed) (is_open(*parsed) ? open_ : options.set).push_back(*std::move(parsed));
    }
    take_known_variables(options, options.set);
    if (text::equals_ignoring_case(text_of(inputs_, "no-cache"), "true"))
      options.set.push_back({"*", "no-cache", "true"});
    return options;
  }

  void add_targets() {
    Definitions bake = read_bake(paths_, folder_, read_options());
    add_bake_failures(std::move(bake.failures), source_, reading_.result);
    select_targets(list_of_input(text_of(inputs_, "targets"), true), bake);
    std::vector<UnknownAttribute> more;
    if (!more_file_.empty()) more.push_back({"tags", fmt::format("may be in {}", more_file_)});
    for (Target& target : bake.targets) {
      if (!add_target(std::move(target), open_, more, source_, reading_.root, reading_.targets)) return;
    }
  }

  const Value& inputs_;
  const CiSource& source_;
  const WorkflowScope& scope_;
  const Workspace& workspace_;
  WorkflowReading& reading_;
  std::string folder_;
  std::vector<std::string> paths_;
  std::vector<Override> open_;  // what `set` says and can't be told
  std::string more_file_;       // one that is not known
  std::string reason_;          // why nothing is read
  bool is_open_ = false;        // what it builds is not known then
};

}  // namespace

ReadOptions options_in_job(ReadOptions options, std::map<std::string, std::string, std::less<>> environment,
                           const std::string& workspace) {
  options.environment = std::move(environment);
  CiText root;
  root.append_unknown("$" + workspace);
  options.environment.emplace(workspace, as_expressions(root));
  return options;
}

void read_bake_step(const Value& inputs, const CiSource& source, const WorkflowScope& scope,
                    const Workspace& workspace, WorkflowReading& reading) {
  const Origin& at = source.defined.front();
  if (!reading.files.spend(kCostOfDefinitionBuild, {0, at.line, 0})) return;
  BakeStep(inputs, source, scope, workspace, reading).read();
}

bool add_definition_build(const CiDefinitionBuild& given, ReadOptions options, const CiSource& source,
                          const Workspace& workspace, const std::string& root, Definitions& result,
                          CiTargets& targets) {
  const auto skip = [&](std::string reason, bool is_open) {
    result.skipped.push_back({source.job, std::move(reason), source.defined.front(), is_open});
    return true;
  };
  DefinitionBuild build = given.build;
  const Workspace::Place place =
      workspace.locate(join_ci_path(given.folder, text_with_expressions(build.folder)));
  if (!place.remote.empty()) return skip(fmt::format("its files are in {}", place.remote), false);
  if (!place.path.is_known()) return skip(fmt::format("its files are in {}", place.path.text), true);
  build.folder = text::join_path(root, place.path.text);
  const auto locate = [&](const std::string& word) {
    return workspace.locate(join_ci_path(given.folder, from_expressions(word)));
  };
  if (build.project_folder) {
    const Workspace::Place project = locate(*build.project_folder);
    if (!project.remote.empty()) return skip(fmt::format("its files are in {}", project.remote), false);
    if (!project.path.is_known())
      return skip(fmt::format("paths in its files start in {}", *build.project_folder), true);
    build.project_folder = text::join_path(root, project.path.text);
  }
  // Those that start at the root of the workspace, as paths from the folder of the command.
  std::string remote;
  const auto resolve = [&](std::string& file) {
    if (!has_expression(file)) return;
    const Workspace::Place named = locate(file);
    if (remote.empty()) remote = named.remote;
    if (named.path.is_known()) file = text::relative_path(named.path.text, place.path.text);
  };
  std::ranges::for_each(build.files, resolve);
  if (!remote.empty()) return skip(fmt::format("its files are in {}", remote), false);
  std::ranges::for_each(build.env_files, resolve);
  for (const auto& [name, value] : given.environment)
    options.environment.insert_or_assign(name, value);
  std::vector<Override> open;
  std::ranges::copy_if(build.set, std::back_inserter(open), is_open);
  std::erase_if(build.set, is_open);
  std::vector<UnknownAttribute> more;
  // A word may be an option too, but what a matrix lists are names.
  const auto may_be_option = [](const std::string& word) {
    const size_t size = expression_size(word);
    const bool is_of_matrix =
        size > 0 && text::trim(std::string_view(word).substr(3, size - 5)).starts_with("matrix.");
    return has_expression(word) && !is_of_matrix;
  };
  if (const auto word = std::ranges::find_if(build.names, may_be_option); word != build.names.end())
    more.push_back({"args", fmt::format("may be set by {}", *word)});
  DefinedTargets found = targets_of(build, std::move(options));
  if (!found.remote.empty()) return skip(fmt::format("its files are in {}", found.remote), false);
  add_bake_failures(std::move(found.failures), source, result);
  if (!found.missing_variables.empty())
    more.push_back({"args", fmt::format("may use variables of {}", found.missing_variables)});
  if (!found.missing.empty()) skip("it builds " + from_expressions(found.missing).text, true);
  return std::ranges::all_of(found.targets, [&](Target& target) {
    return add_target(std::move(target), open, more, source, root, targets);
  });
}

}  // namespace dcache::project
