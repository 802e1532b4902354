#include "rules/ci.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/image.h"
#include "dcache/project/action_inputs.h"
#include "dcache/project/build_script.h"
#include "dcache/project/cache_option.h"
#include "dcache/project/definition_build.h"
#include "dcache/project/docker_command.h"
#include "dcache/project/workflow_expression.h"
#include "dcache/project/workflow_runner.h"
#include "dcache/project/yaml.h"
#include "dcache/shell/script.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/system_path.h"
#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

using lint::RelatedFile;
using lint::RelatedFileKind;
using project::BuildField;
using project::yaml::Value;
using text::Span;

// Of one definition. Aliases can make many builds of a few lines, and rules compare them with each other.
constexpr size_t kMostBuilds = 2000;

// Whether a definition switches BuildKit off somewhere: `DOCKER_BUILDKIT: '0'`, `DOCKER_BUILDKIT=0 docker …`.
bool sets_classic_builder(std::string_view source) {
  static const RE2 kSetting(R"(DOCKER_BUILDKIT["']?\s*[:=]\s*["']?(?i:0|false|f)\b)");
  return RE2::PartialMatch(text::piece(source), kSetting);
}

// Whether an option has no value after it.
bool is_whole_option(std::string_view word) {
  constexpr std::array<std::string_view, 8> kAlone = {"--no-cache", "--pull",  "--push", "--load",
                                                      "--quiet",    "--check", "-q",     "--rm"};
  return word.find('=') != std::string_view::npos || std::ranges::find(kAlone, word) != kAlone.end();
}

// Whether a command has a word that is a variable, neither the value of an option nor the context at the end.
bool has_options_in_variables(std::span<const shell::Word> words) {
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string_view before = words[i - 1].text;
    const bool is_value = before.starts_with('-') && !is_whole_option(before);
    if (words[i].text.starts_with('$') && !is_value) return true;
  }
  return false;
}

// Whether nobody gets the image that a `docker build` makes: it has no name, its ID is not told, and nothing
// else takes it.
bool discards_result(std::span<const shell::Word> words) {
  constexpr std::array<std::string_view, 11> kTakes = {"-t",        "--tag",           "-o",     "--output",
                                                       "--push",    "--load",          "--name", "--quiet",
                                                       "--iidfile", "--metadata-file", "-q"};
  return std::ranges::none_of(words, [&](const shell::Word& word) {
    const std::string_view name = std::string_view(word.text).substr(0, word.text.find('='));
    // "-tapp"
    const bool has_value = name.starts_with("-t") || name.starts_with("-o");
    return has_value || std::ranges::find(kTakes, name) != kTakes.end();
  });
}

std::string scalar(const Value& value) {
  return value.is_scalar() ? value.text : std::string();
}

// A member of a map; a null where there is none.
const Value& member(const Value& map, std::string_view name) {
  static const Value null;
  const Value* found = map.find(name);
  return found == nullptr ? null : *found;
}

// The values of a field of a build, in their order.
std::vector<std::string> values_of(const project::CiBuild& build, BuildField field) {
  std::vector<std::string> values;
  for (const auto& [one, value] : build.values) {
    if (one == field) values.push_back(value.text);
  }
  return values;
}

std::string value_of(const project::CiBuild& build, BuildField field) {
  const project::CiText* value = build.find(field);
  return value == nullptr ? std::string() : value->text;
}

// The parts of an expression that an operator separates, outside of parentheses and quotes.
std::vector<std::string_view> split_expression(std::string_view text, std::string_view op) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (depth != 0 || !text.substr(i).starts_with(op)) continue;
    parts.push_back(text::trim(text.substr(begin, i - begin)));
    begin = i + op.size();
  }
  parts.push_back(text::trim(text.substr(begin)));
  return parts;
}

// For which events a workflow runs, and whether a condition admits those of tags alone.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
class Events {
 public:
  explicit Events(const Value& on) {
    if (on.is_scalar()) add(on.text, {});
    for (const Value& event : on.items)
      add(scalar(event), {});
    for (const project::yaml::Member& event : on.members)
      add(event.name, event.value);
  }

  bool are_for_tags_alone() const { return !tags_.empty() && !others_ && !scheduled_; }
  bool are_scheduled() const { return scheduled_ && tags_.empty() && !others_; }

  // Whether the condition of a job or step holds for tags and releases only.
  bool is_for_tags_alone(std::string_view condition) const {
    constexpr size_t kLongest = 4096;
    condition = text::trim(condition);
    if (condition.size() > kLongest) return false;
    if (condition.starts_with("${{") && condition.ends_with("}}"))
      condition = text::trim(condition.substr(3, condition.size() - 5));
    const auto either = split_expression(condition, "||");
    if (either.size() > 1)
      return std::ranges::all_of(either, [&](std::string_view part) { return is_for_tags_alone(part); });
    const auto both = split_expression(condition, "&&");
    if (both.size() > 1)
      return std::ranges::any_of(both, [&](std::string_view part) { return is_for_tags_alone(part); });
    if (condition.starts_with('(') && condition.ends_with(')'))
      return is_for_tags_alone(condition.substr(1, condition.size() - 2));
    return is_test_for_tags(condition);
  }

 private:
  void add(const std::string& event, const Value& filter) {
    const auto has = [&](std::string_view name) { return !member(filter, name).is_null(); };
    const bool tags =
        event == "push" && (has("tags") || has("tags-ignore")) && !has("branches") && !has("branches-ignore");
    // These run for what somebody chooses.
    const bool by_hand =
        event == "workflow_dispatch" || event == "workflow_call" || event == "repository_dispatch";
    if (tags || event == "release") {
      tags_.push_back(event);
    } else if (event == "schedule") {
      scheduled_ = true;
    } else if (!by_hand) {
      others_ = true;
    }
  }

  bool is_test_for_tags(std::string_view condition) const {
    std::string plain;
    for (const char c : condition) {
      if (!text::is_ascii_space(c)) plain += c;
    }
    if (plain == "github.ref_type=='tag'" || plain.starts_with("startsWith(github.ref,'refs/tags") ||
        plain.starts_with("contains(github.ref,'refs/tags"))
      return true;
    constexpr std::string_view kEvent = "github.event_name=='";
    if (!plain.starts_with(kEvent) || !plain.ends_with('\'')) return false;
    const std::string_view event =
        std::string_view(plain).substr(kEvent.size(), plain.size() - kEvent.size() - 1);
    return event == "release" || std::ranges::find(tags_, event) != tags_.end();
  }

  std::vector<std::string> tags_;  // events of tags and releases
  bool scheduled_ = false;
  bool others_ = false;  // it runs for branches or pull requests too
};

// A condition without `${{ }}`, white space and parentheses around all of it.
std::string plain_condition(std::string_view condition) {
  condition = text::trim(condition);
  if (condition.starts_with("${{") && condition.ends_with("}}"))
    condition = condition.substr(3, condition.size() - 5);
  std::string plain;
  for (const char c : condition) {
    if (!text::is_ascii_space(c)) plain += c;
  }
  const bool is_enclosed = plain.starts_with('(') && plain.find(')') == plain.size() - 1;
  return is_enclosed ? plain.substr(1, plain.size() - 2) : plain;
}

// The opposite of a plain condition of one comparison or one value; empty for any other.
std::string opposite_of(const std::string& condition) {
  if (condition.empty() || condition.find("&&") != std::string::npos ||
      condition.find("||") != std::string::npos)
    return {};
  std::string opposite = condition;
  if (const size_t equals = opposite.find("=="); equals != std::string::npos)
    return opposite.replace(equals, 1, "!");
  if (const size_t differs = opposite.find("!="); differs != std::string::npos)
    return opposite.replace(differs, 1, "=");
  return condition.starts_with('!') ? condition.substr(1) : "!" + condition;
}

// Adds the names of the matrix that an expression reads, each once: "matrix.name".
void add_matrix_names(std::string_view text, std::vector<std::string>& names) {
  constexpr std::string_view kMatrix = "matrix.";
  constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  for (size_t at = text.find(kMatrix); at != std::string_view::npos; at = text.find(kMatrix, at + 1)) {
    const size_t end = std::min(text.find_first_not_of(kName, at), text.size());
    std::string name(text.substr(at, end - at));
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
}

// The root of the repository that a definition belongs to.
std::string root_of(const RelatedFile& related) {
  std::string folder(text::parent_path(related.path()));
  if (related.kind() != RelatedFileKind::kWorkflow) return folder;
  return std::string(text::parent_path(text::parent_path(folder)));
}

// The path of a build's Dockerfile from the root of the repository; empty where it is not known, or not in
// it.
std::string dockerfile_path(std::string_view context, const std::string& file) {
  const std::string given =
      file.empty() ? text::join_path(context.empty() ? "." : std::string(context), "Dockerfile") : file;
  if (given.find('$') != std::string::npos || given.find("://") != std::string::npos) return {};
  std::string inside = text::clean_path(given);
  return inside.starts_with("..") || inside.starts_with('/') ? std::string() : inside;
}

// A path of a workflow or script as one from the root of the repository: `${{ github.workspace }}/api` and
// `$CI_PROJECT_DIR/api` are "api".
std::string from_workspace(std::string path) {
  project::CiText text{std::move(path)};
  project::take_workspace_root(text);
  return std::move(text.text);
}

// A path of a command that runs in a folder.
std::string in_folder(const std::string& folder, const std::string& path) {
  const std::string inside = from_workspace(path);
  const bool is_elsewhere =
      inside != path || inside == "-" || inside.starts_with('/') || inside.find("://") != std::string::npos;
  return is_elsewhere || inside.empty() || folder == "." ? inside : text::join_path(folder, inside);
}

// The text of a Dockerfile; nothing where that is not found.
std::optional<std::string> dockerfile_text(const RelatedFile& related, const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto text = related.files().read(text::join_path(root_of(related), path));
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::string> dockerfile_text(const RelatedFile& related, const CiBuild& build) {
  return dockerfile_text(related, dockerfile_path(build.context, build.file));
}

// The other workflows in the folder of one, with their texts.
std::vector<std::pair<std::string, std::string>> workflows_beside(const RelatedFile& workflow) {
  std::vector<std::pair<std::string, std::string>> workflows;
  if (workflow.kind() != RelatedFileKind::kWorkflow) return workflows;
  const std::string folder(text::parent_path(workflow.path()));
  for (const context::FolderEntry& listed : workflow.files().list(folder)) {
    std::string path = text::join_path(folder, listed.name);
    const bool is_other = listed.name != text::base_name(workflow.path());
    if (!is_other || lint::related_file_kind(path) != RelatedFileKind::kWorkflow) continue;
    if (auto source = workflow.files().read(path))
      workflows.emplace_back(std::move(path), std::move(*source));
  }
  return workflows;
}

// What a called workflow builds, for each job of the caller's matrix. `what` has its inputs, as in
// `${{ inputs.file }}`.
std::vector<std::string> built_by_call(const std::string& what, const Value& inputs, const Value& caller) {
  const Value& with = member(caller, "with");
  const std::string built =
      project::resolve_expressions(what, [&](const std::vector<std::string>& parts) -> std::optional<Value> {
        if (parts.size() != 2 || parts.front() != "inputs") return std::nullopt;
        const Value& given = member(with, parts[1]);
        return given.is_null() ? member(member(inputs, parts[1]), "default") : given;
      });
  std::vector<std::string> all = project::values_in_jobs(built, caller);
  if (all.empty()) all.push_back(built);
  return all;
}

class Reader {
 public:
  explicit Reader(RelatedFile& related) : related_(related) {}

  std::vector<CiBuild> read() {
    const auto documents = project::yaml::parse(related_.text().source(), related_.path());
    if (documents.values.empty()) return {};  // the service says what is wrong with it
    const Value& root = documents.values.front();
    if (related_.kind() == RelatedFileKind::kWorkflow) {
      read_workflow(root);
    } else {
      read_gitlab(root);
    }
    find_local_images();
    return std::move(builds_);
  }

 private:
  void read_workflow(const Value& root) {
    const std::string_view source = related_.text().source();
    const Events events(member(root, "on"));
    const bool mentions_cache = source.find("cache-from") != std::string_view::npos ||
                                source.find("cache-to") != std::string_view::npos;
    const bool names_builder = source.find("BUILDX_BUILDER") != std::string_view::npos;
    for (const project::yaml::Member& entry : member(root, "jobs").members) {
      const Value& job = entry.value;
      const size_t first = builds_.size();
      starts_empty_ = project::is_on_hosted_runner(job) && !is_on_windows(job);
      has_builder_ = docker_driver_ = setup_is_conditional_ = other_builder_ = false;
      ++job_;
      const bool job_for_tags =
          events.are_for_tags_alone() || events.is_for_tags_alone(scalar(member(job, "if")));
      for (const Value& step : member(job, "steps").items) {
        const size_t before = builds_.size();
        const std::string action = scalar(member(step, "uses"));
        if (action.starts_with("docker/setup-buildx-action")) read_setup(step);
        if (action.starts_with("docker/build-push-action")) read_action(step, job);
        environment_ = environment_of({&root, &job, &step});
        if (project::is_bake_action(action)) read_bake_action(step);
        folder_ = folder_of(root, job, step);
        read_commands(member(step, "run"));
        const bool for_tags = job_for_tags || events.is_for_tags_alone(scalar(member(step, "if")));
        for (CiBuild& build : std::span(builds_).subspan(before)) {
          build.for_tags_alone = for_tags;
          build.conditions = {scalar(member(job, "if")), scalar(member(step, "if"))};
        }
      }
      for (CiBuild& build : std::span(builds_).subspan(first)) {
        build.mentions_cache = mentions_cache;
        build.saves_folders_itself = saves_folders_itself(job);
        build.kept_folders = project::folders_kept_after(job);
        build.scheduled = events.are_scheduled();
        build.other_builder = build.other_builder || other_builder_ || names_builder;
        // Runners of a matrix build for platforms of their own.
        if (build.matrix.empty()) add_matrix_names(scalar(member(job, "runs-on")), build.matrix);
      }
    }
  }

  void read_setup(const Value& step) {
    const Value& with = member(step, "with");
    const std::string driver = scalar(member(with, "driver"));
    docker_driver_ = driver == "docker";
    has_builder_ = !docker_driver_;
    setup_is_conditional_ = !member(step, "if").is_null();
    // GitHub's current cache service needs Buildx 0.21 and BuildKit 0.20.
    const bool old = scalar(member(with, "version")).starts_with("v0.") ||
                     scalar(member(with, "driver-opts")).find("buildkit:v0.1") != std::string::npos;
    if (old || driver == "cloud" || driver == "remote" || scalar(member(with, "use")) == "false")
      other_builder_ = true;
  }

  static bool saves_folders_itself(const Value& job) {
    return std::ranges::any_of(member(job, "steps").items, [](const Value& step) {
      return scalar(member(step, "uses")).starts_with("actions/cache/save");
    });
  }

  // Whether a job, or one of its matrix, runs on Windows: that builds Windows containers, for which there is
  // no builder that stores a cache.
  static bool is_on_windows(const Value& job) {
    const Value& runner = member(job, "runs-on");
    const bool list = runner.is_list() && runner.items.size() == 1;
    return std::ranges::any_of(project::values_in_jobs(scalar(list ? runner.items.front() : runner), job),
                               [](const std::string& name) { return name.starts_with("windows-"); });
  }

  // What the build is in each job of the matrix.
  static std::vector<BuildPlace> jobs_of(const CiBuild& build, const Value& job) {
    const std::vector<std::string> files = project::values_in_jobs(build.file, job),
                                   contexts = project::values_in_jobs(build.context, job),
                                   targets = project::values_in_jobs(build.target, job);
    std::vector<BuildPlace> jobs;
    for (size_t i = 0; i < std::max({files.size(), contexts.size(), targets.size()}); ++i) {
      const auto at = [&](const std::vector<std::string>& names) {
        return names.empty() ? std::string("$") : names[std::min(i, names.size() - 1)];
      };
      jobs.push_back({at(files), at(contexts), at(targets)});
    }
    return jobs;
  }

  void read_action(const Value& step, const Value& job) {
    const Value& with = member(step, "with");
    const auto given = project::read_build_action(with);
    if (!given || builds_.size() >= kMostBuilds) return;
    CiBuild build = new_build();
    build.action = true;
    build.span = line_span(member(step, "uses"));
    build.exports_nothing = true;
    for (const char* output : {"push", "load", "outputs"})
      build.exports_nothing = build.exports_nothing && scalar(member(with, output)).empty();
    const std::string push = scalar(member(with, "push"));
    build.pushes_nothing = (push.empty() || push == "false") && scalar(member(with, "outputs")).empty();
    const std::string load = scalar(member(with, "load"));
    build.discards_result =
        build.pushes_nothing && (load.empty() || load == "false") && scalar(member(with, "tags")).empty();
    add(*given, ".", build);
    for (const char* input : {"file", "context", "target", "platforms", "build-args"})
      build.what += scalar(member(with, input)) + "\n";
    add_matrix_names(build.what, build.matrix);
    if (!build.matrix.empty()) build.jobs = jobs_of(build, job);
    const std::optional<size_t> variants =
        build.matrix.empty() ? 1 : project::variants_in_jobs(build.what, job);
    build.differs_by_matrix = variants.value_or(2) > 1;
    if (!build.differs_by_matrix && !build.jobs.empty())
      std::tie(build.file, build.context, build.target) =
          std::tie(build.jobs.front().file, build.jobs.front().context, build.jobs.front().target);
    build.other_builder = !member(with, "builder").is_null();
    if (build.cache_to.size() == 1)
      build.cache_to_value = find(member(with, "cache-to"), build.cache_to.front());
    if (!with.members.empty()) build.with = line_span(with.members.front().place);
    builds_.push_back(std::move(build));
  }

  // Variables whose value in each run is another one keep their names as values; `places` have a map `env` or
  // `variables`, the later ones count.
  static std::map<std::string, std::string, std::less<>> environment_of(
      std::initializer_list<const Value*> places) {
    std::map<std::string, std::string, std::less<>> variables;
    for (const std::string_view name : project::values_of_each_run())
      variables.emplace(name, fmt::format("${}", name));
    for (const Value* place : places) {
      for (const char* name : {"env", "variables"}) {
        for (const project::yaml::Member& one : member(*place, name).members) {
          const Value& value = one.value.is_map() ? member(one.value, "value") : one.value;
          if (value.is_scalar()) variables.insert_or_assign(one.name, value.text);
        }
      }
    }
    return variables;
  }

  // Where the commands of a step run, from the root of the repository.
  static std::string folder_of(const Value& root, const Value& job, const Value& step) {
    std::string folder = scalar(member(step, "working-directory"));
    for (const Value* outer : {&job, &root}) {
      if (folder.empty())
        folder = scalar(member(member(member(*outer, "defaults"), "run"), "working-directory"));
    }
    return folder.empty() ? "." : from_workspace(folder);
  }

  void read_bake_action(const Value& step) {
    const Value& with = member(step, "with");
    const std::string call = scalar(member(with, "call"));
    if (!call.empty() && call != "build") return;
    project::DefinitionBuild given;
    given.files = project::list_of_input(scalar(member(with, "files")), true);
    for (std::string& file : given.files) {
      constexpr std::string_view kHere = "cwd://";
      if (file.starts_with(kHere)) file.erase(0, kHere.size());
    }
    given.names = project::list_of_input(scalar(member(with, "targets")), true);
    for (const std::string& set : project::list_of_input(scalar(member(with, "set")), false)) {
      if (auto one = project::parse_override(set)) given.set.push_back(*std::move(one));
    }
    if (scalar(member(with, "no-cache")) == "true") given.set.push_back({"*", "no-cache", "true"});
    folder_ = scalar(member(with, "workdir"));
    // The source is the repository, a folder of it, or a URL.
    std::string source = scalar(member(with, "source"));
    constexpr std::string_view kRepository = "{{defaultContext}}";
    if (source.starts_with(kRepository)) source.erase(0, std::min(source.size(), kRepository.size() + 1));
    folder_ = text::join_path(source, folder_);
    read_definitions(given, line_span(member(step, "uses")), true);
  }

  // A build for each target of files that the repository has.
  void read_definitions(project::DefinitionBuild given, Span line, bool is_action) {
    const std::string root = root_of(related_);
    const std::string folder = text::join_path(folder_, from_workspace(given.folder));
    const auto is_open = [](const std::string& path) {
      return path.find('$') != std::string::npos || path.find("://") != std::string::npos ||
             path.starts_with('/') || text::clean_path(path).starts_with("..");
    };
    if (is_open(folder)) return;
    const auto start_in_folder = [&](std::string& file) {
      const std::string inside = from_workspace(file);
      if (inside != file) file = text::relative_path(inside, folder);
      return inside != file;
    };
    for (std::string& file : given.files) {
      const bool is_of_root = start_in_folder(file);
      if ((!is_of_root && is_open(file)) || is_open(text::join_path(folder, file))) return;
    }
    std::ranges::for_each(given.env_files, start_in_folder);
    if (given.project_folder) {
      const std::string project = in_folder(folder, *given.project_folder);
      if (is_open(project)) return;
      given.project_folder = text::join_path(root, project);
    }
    given.folder = text::join_path(root, folder);
    // The files of the repository outlive this.
    const project::ReadOptions options{.files = {std::shared_ptr<void>(), &related_.files()},
                                       .environment = environment_};
    for (const project::Target& target : project::targets_of(given, options).targets) {
      if (builds_.size() >= kMostBuilds) return;
      CiBuild build = new_build();
      build.span = line;
      build.action = is_action;
      add(target, root, build);
      builds_.push_back(std::move(build));
    }
  }

  // A path from the root of the repository.
  static std::string inside(const std::string& path, const std::string& root) {
    const bool is_below = root != "." && text::is_within(path, root);
    return is_below ? text::clean_path("." + path.substr(root.size())) : path;
  }

  static void add(const project::Target& target, const std::string& root, CiBuild& build) {
    const bool is_elsewhere =
        target.context.starts_with('/') || target.context.find("://") != std::string::npos;
    const bool is_inline = target.dockerfile_inline.has_value();
    build.context = is_inline      ? "-"
                    : is_elsewhere ? inside(target.context, root)
                                   : inside(text::join_path(target.folder, target.context), root);
    if (!is_inline) build.file = text::join_path(build.context, target.dockerfile);
    build.target = target.target;
    build.cache_from = target.cache_from;
    build.cache_to = target.cache_to;
    const auto argument = target.args.find("BUILDKIT_INLINE_CACHE");
    if (argument != target.args.end() && argument->second == "1") build.cache_to.emplace_back("type=inline");
    build.no_cache = target.no_cache;
    build.tags = target.tags;
    build.tags.insert(build.tags.end(), target.references.begin(), target.references.end());
    for (const auto& pairs : {target.args, target.contexts}) {
      for (const auto& [name, value] : pairs)
        build.references += value + "\n";
    }
    const bool is_service =
        !target.defined.empty() && target.defined.front().kind == project::DefinitionKind::kCompose;
    build.defined = fmt::format("{} {}", is_service ? "service" : "target", target.name);
    if (target.defined.empty()) return;
    const project::Origin& origin = target.defined.front();
    build.defined += fmt::format(" ({}:{})", inside(text::clean_path(origin.path), root), origin.line);
  }

  // What an action and a command have in common.
  // `folder` is where it runs.
  static void add(const project::CiBuild& given, const std::string& folder, CiBuild& build) {
    build.file = in_folder(folder, value_of(given, BuildField::kFile));
    build.context = given.file_is_input ? "-" : in_folder(folder, value_of(given, BuildField::kContext));
    build.target = value_of(given, BuildField::kTarget);
    build.cache_from = values_of(given, BuildField::kCacheFrom);
    build.cache_to = values_of(given, BuildField::kCacheTo);
    const std::vector<std::string> arguments = values_of(given, BuildField::kArg);
    if (std::ranges::find(arguments, "BUILDKIT_INLINE_CACHE=1") != arguments.end())
      build.cache_to.emplace_back("type=inline");
    build.no_cache = value_of(given, BuildField::kNoCache) == "true";
    build.tags = values_of(given, BuildField::kTag);
    for (const BuildField field : {BuildField::kArg, BuildField::kNamedContext}) {
      for (const std::string& value : values_of(given, field))
        build.references += value + "\n";
    }
  }

  void read_gitlab(const Value& root) {
    const auto has_daemon = [](const Value& services) {
      return std::ranges::any_of(services.items, [](const Value& service) {
        const std::string name = service.is_map() ? scalar(member(service, "name")) : scalar(service);
        return name.find("docker") != std::string::npos && name.find("dind") != std::string::npos;
      });
    };
    const bool everywhere =
        has_daemon(member(root, "services")) || has_daemon(member(member(root, "default"), "services"));
    folder_ = ".";
    for (const project::yaml::Member& entry : root.members) {
      const Value& job = entry.value;
      if (!job.is_map()) continue;
      ++job_;
      starts_empty_ =
          has_daemon(member(job, "services")) || (everywhere && member(job, "services").is_null());
      environment_ = environment_of({&root, &job});
      folder_ = ".";
      for (const char* const name : {"before_script", "script"}) {
        const Value& script = member(job, name);
        read_commands(script);
        for (const Value& line : script.items)
          read_commands(line);
      }
    }
  }

  void read_commands(const Value& value) {
    const std::string script = scalar(value);
    text::Arena texts;
    for (const shell::Command& command : shell::split(script, texts)) {
      const auto words = shell::invocation(command);
      if (shell::program_of(words) == "cd") follow(words);
      if (read_definitions(words, value)) continue;
      if (shell::program_of(words) != "docker") continue;
      if (words.size() > 2 && words[1].text == "buildx" && words[2].text == "use") other_builder_ = true;
      read_command(words, value);
    }
  }

  // `cd FOLDER`, which the rest of the script runs in.
  void follow(std::span<const shell::Word> words) {
    const std::string to(words.size() > 1 ? words[1].text : "$HOME");
    folder_ = to.starts_with('/') ? to : text::join_path(folder_, to);
  }

  bool read_definitions(std::span<const shell::Word> words, const Value& value) {
    std::vector<std::string> texts;
    for (const shell::Word& word : words)
      texts.emplace_back(word.text);
    const auto given = project::read_definition_command(texts);
    if (given) read_definitions(*given, building_line(words, value), false);
    return given.has_value();
  }

  void read_command(std::span<const shell::Word> words, const Value& value) {
    std::vector<project::CiText> texts;
    for (const shell::Word& word : words)
      texts.push_back({std::string(word.text)});
    // A check has a line of its own, too.
    const Span line = building_line(words, value);
    const auto given = project::read_build_command(texts);
    if (!given || builds_.size() >= kMostBuilds) return;
    CiBuild build = new_build();
    build.span = line;
    add(*given, folder_, build);
    const bool is_classic = words[1].text != "buildx" && sets_classic_builder(related_.text().source());
    build.other_builder = is_classic || std::ranges::any_of(words, [](const shell::Word& word) {
                            return word.text == "--builder" || word.text.starts_with("--builder=");
                          });
    build.has_options_in_variables = has_options_in_variables(words);
    build.discards_result = !build.has_options_in_variables && discards_result(words);
    builds_.push_back(std::move(build));
  }

  CiBuild new_build() const {
    CiBuild build;
    build.starts_empty = starts_empty_;
    build.has_builder = has_builder_;
    build.docker_driver = docker_driver_;
    build.setup_is_conditional = setup_is_conditional_;
    build.job = job_;
    return build;
  }

  // Looks for builds that start from the image of an earlier one of the job, or copy from it.
  void find_local_images() {
    std::map<size_t, std::set<std::string>> earlier;  // by the job: names of the images that it has built
    std::set<size_t> sharing;
    for (const CiBuild& build : builds_) {
      std::set<std::string>& names = earlier[build.job];
      const bool looks = !build.has_builder && !names.empty() && !sharing.contains(build.job);
      if (looks && uses_one_of(names, build)) sharing.insert(build.job);
      // Without a tag it has no name, but anyone who asks for the builder of Docker may use it all the same.
      names.emplace();
      for (const std::string& tag : build.tags)
        names.emplace(name_without_tag(tag));
    }
    for (CiBuild& build : builds_)
      build.shares_local_image = sharing.contains(build.job);
  }

  bool uses_one_of(const std::set<std::string>& names, const CiBuild& build) {
    const Bases& bases = bases_of(build);
    // Anyone who asks for this builder has a reason.
    if (!bases.is_known && build.docker_driver) return true;
    return std::ranges::any_of(names, [&](const std::string& name) {
      return !name.empty() &&
             (bases.names.contains(name) || build.references.find(name) != std::string::npos);
    });
  }

  // The images that a Dockerfile starts and copies from. Many builds have the same Dockerfile.
  struct Bases {
    bool is_known = false;  // the Dockerfile is found
    std::set<std::string> names = {};
  };
  const Bases& bases_of(const CiBuild& build) {
    const auto [entry, is_new] = bases_.try_emplace({build.context, build.file});
    Bases& bases = entry->second;
    const auto text = is_new ? dockerfile_text(related_, build) : std::nullopt;
    if (!text) return bases;
    bases.is_known = true;
    const dockerfile::File parsed = dockerfile::parse(*text);
    const plan::Graph graph = plan::build_graph(parsed, {});
    for (const plan::Step& step : graph.steps) {
      if (step.kind == plan::Step::Kind::kImage) bases.names.emplace(name_without_tag(step.image));
      for (const plan::Read& read : step.reads) {
        if (read.origin == plan::Read::Origin::kImage) bases.names.emplace(name_without_tag(read.name));
      }
    }
    return bases;
  }

  Span line_span(const Value& value) const { return line_span(value.place); }
  Span line_span(project::yaml::Place place) const { return line_span(place.line); }
  // Of a line from 1.
  Span line_span(uint32_t line) const {
    Span span = related_.text().lines().line_span(std::max(line, uint32_t{1}));
    const std::string_view text = span.of(related_.text().source());
    const std::string_view shown = text::trim(text);
    span.begin += static_cast<uint32_t>(shown.data() - text.data());
    span.end = span.begin + static_cast<uint32_t>(shown.size());
    return span;
  }

  Span building_line(std::span<const shell::Word> words, const Value& value) {
    return std::ranges::any_of(words, names_build, &shell::Word::text) ? find_line(value) : line_span(value);
  }

  // The line of a script that builds: a block starts below its key. Each is given once.
  Span find_line(const Value& value) {
    if (!building_lines_) building_lines_ = find_building_lines();
    const auto found = std::ranges::lower_bound(*building_lines_, std::max(value.place.line, last_line_ + 1));
    if (found == building_lines_->end()) return line_span(value);
    last_line_ = *found;
    return line_span(*found);
  }

  std::vector<uint32_t> find_building_lines() const {
    std::vector<uint32_t> lines;
    const auto count = static_cast<uint32_t>(related_.text().lines().line_count());
    for (uint32_t line = 1; line <= count; ++line) {
      const std::string_view text = line_span(line).of(related_.text().source());
      const size_t docker = text.starts_with('#') ? std::string_view::npos : text.find("docker");
      if (docker == std::string_view::npos) continue;
      if (has_building_word(text.substr(docker))) lines.push_back(line);
    }
    return lines;
  }

  static bool has_building_word(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find(' '), text.size());
      if (names_build(text.substr(0, end))) return true;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
  }

  static bool names_build(std::string_view word) {
    return word == "build" || word == "bake" || word == "--build";
  }

  // Where a value is, if it is written as it reads on the line of its node.
  std::optional<Span> find(const Value& node, std::string_view value) const {
    const Span line = line_span(node);
    const size_t at = line.of(related_.text().source()).find(value);
    if (at == std::string_view::npos) return std::nullopt;
    const uint32_t begin = line.begin + static_cast<uint32_t>(at);
    return Span{begin, begin + static_cast<uint32_t>(value.size())};
  }

  RelatedFile& related_;
  bool starts_empty_ = false;
  bool has_builder_ = false;
  bool docker_driver_ = false;
  bool setup_is_conditional_ = false;
  bool other_builder_ = false;
  size_t job_ = 0;
  std::string folder_;  // where commands run, from the root of the repository
  std::map<std::string, std::string, std::less<>> environment_;
  uint32_t last_line_ = 0;
  std::optional<std::vector<uint32_t>> building_lines_;  // those that find_line looks at
  std::vector<CiBuild> builds_;
  std::map<std::pair<std::string, std::string>, Bases> bases_;  // by context and file
};

}  // namespace

std::vector<CiBuild> ci_builds(RelatedFile& related) {
  return Reader(related).read();
}

std::vector<CiBuild> builds_beside(const lint::RelatedFile& workflow) {
  std::vector<CiBuild> builds;
  for (auto& [path, source] : workflows_beside(workflow)) {
    lint::RelatedFile other(lint::RelatedFileKind::kWorkflow, path, std::move(source), {}, workflow.files());
    std::vector<CiBuild> found = ci_builds(other);
    std::move(found.begin(), found.end(), std::back_inserter(builds));
  }
  return builds;
}

bool differs_by_call(const lint::RelatedFile& workflow, const CiBuild& build) {
  if (build.what.find("inputs.") == std::string::npos) return false;
  const auto own = project::yaml::parse(workflow.text().source(), workflow.path());
  if (own.values.empty()) return false;
  const Value& call = member(member(own.values.front(), "on"), "workflow_call");
  if (call.is_null()) return false;
  std::vector<CiBuild> calls;  // of each what it builds, and the condition
  for (const auto& [path, source] : workflows_beside(workflow)) {
    const auto documents = project::yaml::parse(source, path);
    if (documents.values.empty()) continue;
    for (const project::yaml::Member& entry : member(documents.values.front(), "jobs").members) {
      const Value& job = entry.value;
      const std::string uses = scalar(member(job, "uses"));
      const bool calls_it =
          uses.starts_with("./") &&
          text::clean_path(text::join_path(root_of(workflow), uses)) == text::clean_path(workflow.path());
      if (!calls_it) continue;
      for (std::string& what : built_by_call(build.what, member(call, "inputs"), job)) {
        CiBuild& called = calls.emplace_back();
        called.what = std::move(what);
        called.conditions = {scalar(member(job, "if"))};
      }
    }
  }
  constexpr size_t kMostCalls = 500;
  calls.resize(std::min(calls.size(), kMostCalls));
  return std::ranges::any_of(calls, [&](const CiBuild& one) {
    return std::ranges::any_of(calls, [&](const CiBuild& other) {
      return one.what != other.what && !exclude_each_other(one, other);
    });
  });
}

std::string cache_attribute(std::string_view cache, std::string_view name) {
  const project::CacheOption option = project::read_cache_option(cache);
  return name == "type" ? option.type : std::string(option.attribute(name));
}

bool is_same_image(std::string_view a, std::string_view b) {
  return a == b || (!a.empty() && !b.empty() && plan::normal_reference(a) == plan::normal_reference(b));
}

std::string image_of_cache(std::string_view cache) {
  const project::CacheOption option = project::read_cache_option(cache);
  return option.type == "registry" ? std::string(option.attribute("ref")) : "";
}

std::string_view name_without_tag(std::string_view reference) {
  const size_t slash = reference.rfind('/', reference.find('$'));
  const size_t from = slash == std::string_view::npos ? 0 : slash;
  const std::string_view name =
      reference.substr(0, std::min(reference.find_first_of(":@", from), reference.size()));
  return name.find('$') == std::string_view::npos ? name : std::string_view();
}

bool is_pushed_as(const CiBuild& build, std::string_view image) {
  return std::ranges::any_of(build.tags, [&](const std::string& tag) { return is_same_image(tag, image); });
}

BuildFindings::Finding& BuildFindings::add(const CiBuild& build, std::string message, std::string remedy) {
  return findings_.emplace_back(Finding{build.span, build.defined, std::move(message), std::move(remedy)});
}

void BuildFindings::report(lint::Reporter& reporter) const {
  std::map<uint32_t, std::set<std::string>> targets;  // by the line
  for (const Finding& finding : findings_)
    targets[finding.span.begin].insert(finding.defined);
  std::set<uint32_t> reported;
  for (const Finding& finding : findings_) {
    std::string message = finding.message;
    if (!finding.defined.empty()) {
      if (!reported.insert(finding.span.begin).second) continue;
      const size_t others = targets[finding.span.begin].size() - 1;
      message = fmt::format("{}{}: {}", finding.defined,
                            others == 0 ? "" : fmt::format(" and {} more", others), finding.message);
    }
    lint::Diagnostic& diagnostic = reporter.report(finding.span, std::move(message), finding.remedy);
    diagnostic.focus = finding.focus;
    diagnostic.fix = finding.fix;
  }
}

bool exclude_each_other(const CiBuild& a, const CiBuild& b) {
  return std::ranges::any_of(a.conditions, [&](const std::string& condition) {
    const std::string opposite = opposite_of(plain_condition(condition));
    return !opposite.empty() && std::ranges::any_of(b.conditions, [&](const std::string& other) {
      return plain_condition(other) == opposite;
    });
  });
}

bool is_built_in_ci_alone(lint::Dockerfile& dockerfile) {
  const project::Image* image = dockerfile.image();
  return image != nullptr && std::ranges::all_of(image->target.defined, [](const project::Origin& origin) {
           return origin.kind == project::DefinitionKind::kWorkflow ||
                  origin.kind == project::DefinitionKind::kGitlabCi;
         });
}

bool has_layers_without_mounts(lint::Dockerfile& dockerfile) {
  if (!is_built_in_ci_alone(dockerfile) || dockerfile.image()->target.cache_from.empty()) return false;
  const lint::BuildContext* context = dockerfile.build_context();
  // Actions that put the mounts back.
  constexpr std::string_view kKeepsMounts = "cache-dance";
  return context == nullptr ||
         std::ranges::none_of(dockerfile.image()->target.defined, [&](const project::Origin& origin) {
           const auto text = context->file_system->read(origin.path);
           return text && text->find(kKeepsMounts) != std::string::npos;
         });
}

std::optional<dockerfile::File> dockerfile_of(const RelatedFile& related, const CiBuild& build) {
  const auto text = dockerfile_text(related, build);
  if (!text) return std::nullopt;
  return dockerfile::parse(*text);
}

std::vector<BuiltDockerfile> dockerfiles_of(const RelatedFile& related, const CiBuild& build) {
  std::vector<BuildPlace> places = build.jobs;
  if (places.empty()) places.push_back({build.file, build.context, build.target});
  std::set<std::pair<std::string, std::string>> seen;
  std::vector<BuiltDockerfile> found;
  for (const BuildPlace& place : places) {
    const std::string path = dockerfile_path(place.context, place.file);
    if (!seen.emplace(path, place.target).second) continue;
    if (const auto text = dockerfile_text(related, path))
      found.push_back({path, place.target, dockerfile::parse(*text)});
  }
  return found;
}

}  // namespace dcache::rules
