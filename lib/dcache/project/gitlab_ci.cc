#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/build_script.h"
#include "dcache/project/ci_files.h"
#include "dcache/project/ci_targets.h"
#include "dcache/project/gitlab_config.h"
#include "dcache/project/readers.h"
#include "dcache/project/workflow_bake.h"
#include "dcache/project/workflow_matrix.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Member;
using yaml::Value;

constexpr size_t kDeepestPipeline = 5;  // pipelines that start pipelines
constexpr size_t kCostOfLine = 200;
constexpr size_t kCostOfGitlabJob = 2000;  // of reading it, in characters
constexpr size_t kMostLines = 5000;        // of a script, with those that it refers to
constexpr uint32_t kDeepestList = 10;

// Members of a configuration that are not jobs.
constexpr std::array<std::string_view, 12> kNoJobs = {
    "after_script", "before_script", "cache",  "default", "image",     "include",
    "services",     "spec",          "stages", "types",   "variables", "workflow"};

// The variables of a job. A value may use others.
class JobVariables {
 public:
  void set(const std::string& name, std::string value) {
    values_.insert_or_assign(name, std::move(value));
    unknown_.erase(name);
  }
  // It may have another value, unless it is set again.
  void forget(const std::string& name) { unknown_.insert(name); }

  std::optional<CiText> find(std::string_view name) {
    if (const auto known = expanded_.find(name); known != expanded_.end()) return known->second;
    const auto value = values_.find(name);
    if (value == values_.end() || unknown_.contains(name)) return std::nullopt;
    constexpr size_t kDeepestUse = 50;
    if (std::ranges::find(open_, name) != open_.end() || open_.size() == kDeepestUse) return std::nullopt;
    open_.emplace_back(name);
    CiText text = expand_shell(value->second, [this](std::string_view other) { return find(other); });
    open_.pop_back();
    undo_as_expressions(text);
    return expanded_.insert_or_assign(std::string(name), std::move(text)).first->second;
  }

  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::set<std::string, std::less<>> unknown_;
  std::map<std::string, CiText, std::less<>> expanded_;
  std::vector<std::string> open_;
};

class PipelineReader {
 public:
  PipelineReader(const std::string& root, const ReadOptions& options, Definitions& result)
      : root_(root),
        options_(options),
        result_(result),
        files_(options, result.failures),
        targets_(root, options) {}

  void read(const std::string& path) {
    read_pipeline(path, {}, nullptr);
    result_.targets = targets_.take();
  }

 private:
  void read_pipeline(const std::string& path, const JobVariables& given, const yaml::Place* from) {
    GitlabConfig config(files_, root_, options_);
    if (!config.read(path, from)) return;
    open_.push_back(path);
    std::vector<std::string> names;
    for (const Member& member : config.values().members) {
      const bool job =
          !member.name.starts_with('.') && std::ranges::find(kNoJobs, member.name) == kNoJobs.end();
      if (job) names.push_back(member.name);
    }
    for (const std::string& name : names) {
      if (files_.is_spent()) break;
      const auto job = config.job(name);
      if (job) read_job(name, *job, given, config);
    }
    open_.pop_back();
  }

  void read_job(const std::string& name, const Value& job, const JobVariables& given,
                const GitlabConfig& config) {
    MatrixJobs jobs;
    jobs.values.emplace_back();
    const Value* const matrix = matrix_of(job, config);
    if (matrix != nullptr) jobs = expand_gitlab_matrix(*matrix);
    if (jobs.too_many)
      files_.fail(matrix->place, fmt::format("the matrix makes more than {} jobs", kMostMatrixJobs),
                  "use fewer values");
    const Value* const global = config.values().find("variables");
    const Value* const workflow = config.values().find("workflow");
    for (const Value& values : jobs.values) {
      if (!files_.spend(kCostOfGitlabJob + size_of(job), job.place)) return;
      JobVariables variables;
      if (inherits(job, "variables", {})) {
        add_variables(global, config, variables);
        if (workflow != nullptr) forget_changed(*workflow, variables);
      }
      add_variables(job.find("variables"), config, variables);
      for (const auto& [variable, value] : given.values())
        variables.set(variable, value);
      add_variables(&values, config, variables);
      forget_changed(job, variables);
      if (const Value* const trigger = job.find("trigger")) {
        start(*trigger, variables);
      } else {
        read_scripts(name, job, values, variables, config);
      }
    }
  }

  // Null for none.
  static const Value* matrix_of(const Value& job, const GitlabConfig& config) {
    const Value* parallel = job.find("parallel");
    if (parallel != nullptr) parallel = config.referenced(*parallel);
    const Value* const matrix = parallel == nullptr ? nullptr : parallel->find("matrix");
    return matrix == nullptr ? nullptr : config.referenced(*matrix);
  }

  void add_variables(const Value* map, const GitlabConfig& config, JobVariables& variables) {
    if (map != nullptr) map = config.referenced(*map);
    if (map == nullptr || !files_.spend(size_of(*map), map->place)) return;
    for (const Member& member : map->members) {
      const Value* value = config.referenced(member.value);
      if (value != nullptr && value->is_map()) value = value->find("value");
      if (value != nullptr && value->is_scalar()) variables.set(member.name, yaml::printed(*value));
    }
  }

  // Rules of a job, or of all pipelines, may give a variable another value.
  static void forget_changed(const Value& job_or_workflow, JobVariables& variables) {
    const Value* const rules = job_or_workflow.find("rules");
    if (rules == nullptr) return;
    for (const Value& rule : rules->items) {
      const Value* const changed = rule.find("variables");
      if (changed == nullptr) continue;
      for (const Member& member : changed->members)
        variables.forget(member.name);
    }
  }

  // Pipelines of this repository that a job starts.
  void start(const Value& trigger, const JobVariables& variables) {
    const Value* const included = trigger.find("include");
    if (included == nullptr) return;
    if (included->is_text()) start_local(*included, variables);
    for (const Value& item : included->items)
      start_local(item.is_map() && item.find("local") != nullptr ? *item.find("local") : item, variables);
  }

  void start_local(const Value& path, const JobVariables& variables) {
    if (!path.is_text() || path.text.find('$') != std::string::npos ||
        path.text.find("://") != std::string::npos)
      return;
    const std::string file = text::join_path(root_, path.text);
    if (std::ranges::find(open_, file) != open_.end() || open_.size() == kDeepestPipeline) return;
    read_pipeline(file, variables, &path.place);
  }

  // Whether a job takes what is written for all jobs: all of it, or a member of that name.
  static bool inherits(const Value& job, const char* kind, std::string_view name) {
    const Value* const inherit = job.find("inherit");
    const Value* const what = inherit == nullptr ? nullptr : inherit->find(kind);
    if (what == nullptr) return true;
    if (!what->is_list()) return yaml::is_true(*what);
    return name.empty() || std::ranges::find(what->items, name, &Value::text) != what->items.end();
  }

  static const Value* script_of(const Value& job, const GitlabConfig& config, const char* name) {
    if (const Value* const own = job.find(name)) return own;
    if (!inherits(job, "default", name)) return nullptr;
    const Value* const standard = config.values().find("default");
    if (standard != nullptr && standard->find(name) != nullptr) return standard->find(name);
    return config.values().find(name);
  }

  void read_scripts(const std::string& name, const Value& job, const Value& matrix, JobVariables& variables,
                    const GitlabConfig& config) {
    std::vector<const Value*> lines;
    if (const Value* const before = script_of(job, config, "before_script"))
      collect_lines(*before, 0, config, lines);
    if (const Value* const script = job.find("script")) collect_lines(*script, 0, config, lines);
    const bool builds = std::ranges::any_of(
        lines, [](const Value* line) { return may_build(line->text) || may_run_script(line->text); });
    if (!builds) return;
    CiSource source;
    source.job = name;
    for (const Member& member : matrix.members)
      source.matrix.emplace_back(member.name, yaml::printed(member.value));
    const yaml::Place* place = &job.place;
    const auto scripts = [&](const std::string& path, bool is_of_build) {
      return files_.script(text::join_path(root_, path), is_of_build, *place);
    };
    BuildScript reader([&](std::string_view variable) { return variables.find(variable); }, {"."}, scripts);
    for (const Value* const line : lines) {
      if (!files_.spend(kCostOfLine + line->text.size(), line->place)) return;
      place = &line->place;
      source.defined = {{DefinitionKind::kGitlabCi, files_.path_of(line->place), line->place.line}};
      for (const CiBuild& build : reader.read(yaml::printed(*line)))
        add(build, source);
      for (const CiDefinitionBuild& build : reader.definition_builds())
        add(build, source, variables, line->place);
    }
  }

  static void collect_lines(const Value& script, uint32_t depth, const GitlabConfig& config,
                            std::vector<const Value*>& lines) {
    const Value* const value = config.referenced(script);
    if (value == nullptr || depth > kDeepestList || lines.size() >= kMostLines) return;
    if (value->is_scalar()) lines.push_back(value);
    for (const Value& item : value->items)
      collect_lines(item, depth + 1, config, lines);
  }

  void add(const CiBuild& build, const CiSource& source) {
    if (!targets_.add(build, Workspace(), source, result_.failures)) stop(source);
  }

  // The variables of a job are the environment of its commands.
  void add(const CiDefinitionBuild& build, const CiSource& source, JobVariables& variables,
           const yaml::Place& place) {
    if (full_ || !files_.spend(kCostOfDefinitionBuild, place)) return;
    std::map<std::string, std::string, std::less<>> environment;
    for (const auto& [name, written] : variables.values()) {
      CiText unknown;
      unknown.append_unknown("$" + name);
      environment.insert_or_assign(name, as_expressions(variables.find(name).value_or(unknown)));
    }
    ReadOptions options = options_in_job(options_, std::move(environment), "CI_PROJECT_DIR");
    if (!add_definition_build(build, std::move(options), source, Workspace(), root_, result_, targets_))
      stop(source);
  }

  void stop(const CiSource& source) {
    if (full_) return;
    full_ = true;
    const Origin& at = source.defined.front();
    result_.failures.push_back({at.path, at.line, 1, "too many images are built", "use smaller matrices"});
  }

  const std::string& root_;
  const ReadOptions& options_;
  Definitions& result_;
  CiFiles files_;
  CiTargets targets_;
  std::vector<std::string> open_;  // files of the pipelines that are being read
  bool full_ = false;
};

}  // namespace

Definitions read_gitlab_ci(const std::string& path, const std::string& root, const ReadOptions& options) {
  Definitions result;
  PipelineReader(root, options, result).read(path);
  return result;
}

}  // namespace dcache::project
