#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/build_script.h"
#include "dcache/project/readers.h"
#include "dcache/project/workflow_job.h"
#include "dcache/project/workflow_matrix.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using yaml::Value;

constexpr size_t kDeepestWorkflow = 10;      // workflows that call workflows
constexpr size_t kCostOfWorkflowJob = 2000;  // of reading it, in characters

const Value* find(const Value* map, std::string_view name) {
  return map == nullptr ? nullptr : map->find(name);
}

// What the jobs of a workflow have in common.
struct Workflow {
  WorkflowScope scope;
  std::string folder = ".";
  std::string shell = {};
  std::vector<Origin> callers = {};
  Purpose purpose = Purpose::kBuild;
};

// Whether other workflows are all that starts it.
bool is_only_called(const Value* on) {
  constexpr std::string_view kCall = "workflow_call";
  if (on == nullptr) return false;
  if (on->is_scalar()) return on->text == kCall;
  if (on->is_list()) return on->items.size() == 1 && on->items.front().text == kCall;
  return on->members.size() == 1 && on->members.front().name == kCall;
}

constexpr std::array<std::string_view, 2> kEventsWithInputs = {"workflow_dispatch", "workflow_call"};

// Whether each run has inputs: in one for another event, such as push, all of them are empty.
bool always_has_inputs(const Value* on) {
  if (on == nullptr || !on->is_map()) return false;
  return std::ranges::all_of(on->members, [](const yaml::Member& event) {
    return std::ranges::find(kEventsWithInputs, event.name) != kEventsWithInputs.end();
  });
}

class WorkflowReader {
 public:
  explicit WorkflowReader(WorkflowReading& reading) : reading_(reading) {}

  void read(const std::string& path) {
    const auto* const documents = reading_.files.read(path, nullptr);
    if (documents == nullptr) return;
    const Value& root = documents->front();
    if (root.is_null()) return;
    open_.push_back(path);
    Workflow workflow{WorkflowScope(reading_.options, reading_.looked_up)};
    const Value* const on = root.find("on");
    workflow.purpose = is_only_called(on) ? Purpose::kCalled : Purpose::kBuild;
    if (always_has_inputs(on)) {
      for (const std::string_view event : kEventsWithInputs)
        workflow.scope.set_inputs(find(find(on, event), "inputs"), Value(), false);
    }
    read_jobs(root, std::move(workflow));
  }

 private:
  void read_jobs(const Value& root, Workflow workflow) {
    const Value* const jobs = root.find("jobs");
    if (jobs == nullptr || !jobs->is_map()) {
      reading_.files.fail(jobs == nullptr ? root.place : jobs->place, "the workflow has no jobs",
                          "write 'jobs:' with the jobs below it");
      return;
    }
    workflow.scope.add_environment(root.find("env"));
    read_defaults(root, workflow);
    for (const yaml::Member& job : jobs->members) {
      if (reading_.files.is_spent()) return;
      if (job.value.is_map()) {
        read_job(job, workflow);
      } else if (!job.value.is_null()) {
        reading_.files.fail(job.value.place,
                            fmt::format("the job '{}' is {}", job.name, yaml::words_of(job.value.kind)),
                            "write a map with 'steps'");
      }
    }
  }

  static void read_defaults(const Value& of, Workflow& workflow) {
    const Value* const run = find(of.find("defaults"), "run");
    if (run == nullptr) return;
    if (std::string folder = text_of(*run, "working-directory"); !folder.empty())
      workflow.folder = std::move(folder);
    if (std::string shell = text_of(*run, "shell"); !shell.empty()) workflow.shell = std::move(shell);
  }

  void read_job(const yaml::Member& job, const Workflow& workflow) {
    const Value* const steps = job.value.find("steps");
    const Value* const uses = job.value.find("uses");
    if (steps == nullptr && uses == nullptr) return;
    MatrixJobs jobs;
    jobs.values.emplace_back();
    const Value* const strategy = job.value.find("strategy");
    const Value* const matrix = find(strategy, "matrix");
    jobs.complete = strategy == nullptr || strategy->is_map();
    if (matrix != nullptr) {
      const Value resolved = workflow.scope.resolve(*matrix);
      if (!reading_.files.spend(size_of(resolved), matrix->place)) return;
      jobs = expand_workflow_matrix(resolved);
    }
    if (jobs.too_many)
      reading_.files.fail(matrix->place, fmt::format("the matrix makes more than {} jobs", kMostMatrixJobs),
                          "use fewer values");
    const Value* const env = job.value.find("env");
    for (Value& values : jobs.values) {
      const size_t cost =
          kCostOfWorkflowJob + (env == nullptr ? 0 : size_of(*env)) + size_of(values) + workflow.scope.size();
      if (!reading_.files.spend(cost, job.place)) return;
      Workflow one = workflow;
      one.scope.set_matrix(std::move(values), jobs.complete);
      if (!one.scope.runs(job.value).value_or(true)) continue;
      one.scope.add_environment(env);
      read_defaults(job.value, one);
      const bool windows = one.scope.resolve(text_of(job.value, "runs-on")).starts_with("windows");
      if (one.shell.empty() && windows) one.shell = "pwsh";
      if (uses != nullptr) {
        call(*uses, job, one);
      } else {
        read_workflow_steps(*steps, {job.name, one.scope, one.folder, one.shell, one.callers, one.purpose},
                            reading_);
      }
    }
  }

  // A workflow of this repository; one of another is used as an action would be.
  void call(const Value& uses, const yaml::Member& job, const Workflow& caller) {
    if (!uses.text.starts_with("./") && !uses.text.starts_with("$/")) {
      Value steps{.kind = yaml::Kind::kList, .place = job.place, .members = {}};
      steps.items.push_back(job.value);
      return read_workflow_steps(
          steps, {job.name, caller.scope, caller.folder, caller.shell, caller.callers, caller.purpose},
          reading_);
    }
    const std::string path = text::join_path(reading_.root, uses.text.substr(2));
    if (std::ranges::find(open_, path) != open_.end() || open_.size() == kDeepestWorkflow) {
      reading_.files.fail(uses.place, fmt::format("the workflow {} calls itself", uses.text),
                          "remove this job");
      return;
    }
    const auto* const documents = reading_.files.read(path, &uses.place);
    if (documents == nullptr) return;
    const Value& root = documents->front();
    Workflow called{WorkflowScope(reading_.options, reading_.looked_up)};
    const Value* const with = job.value.find("with");
    const Value given = with == nullptr ? Value() : caller.scope.resolve(*with);
    if (!reading_.files.spend(size_of(given), job.place)) return;
    called.scope.set_inputs(find(find(root.find("on"), "workflow_call"), "inputs"), given, true);
    called.callers = caller.callers;
    called.callers.insert(called.callers.begin(),
                          {DefinitionKind::kWorkflow, reading_.files.path_of(job.place), job.place.line});
    open_.push_back(path);
    read_jobs(root, std::move(called));
    open_.pop_back();
  }

  WorkflowReading& reading_;
  std::vector<std::string> open_;  // workflows that are being read
};

}  // namespace

Definitions read_workflow(const std::string& path, const std::string& root, const ReadOptions& options) {
  Definitions result;
  WorkflowReading reading{root, options, result};
  WorkflowReader(reading).read(path);
  result.targets = reading.targets.take();
  return result;
}

}  // namespace dcache::project
