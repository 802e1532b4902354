// The steps of one job of GitHub Actions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dcache/project/ci_files.h"
#include "dcache/project/ci_targets.h"
#include "dcache/project/workflow_scope.h"

namespace dcache::project {

// What the readers of workflows have in common.
struct WorkflowReading {
  std::string root;  // of the repository
  const ReadOptions& options;
  Definitions& result;
  CiFiles files{options, result.failures};
  CiTargets targets{root, options};
  bool full = false;     // there are too many targets
  size_t looked_up = 0;  // as WorkflowScope counts it
};

struct WorkflowJob {
  std::string name;
  WorkflowScope scope;
  std::string folder = ".";          // where its commands run
  std::string shell = {};            // empty for the default
  std::vector<Origin> callers = {};  // of the workflow that it is a job of
  Purpose purpose = Purpose::kBuild;
};

// Adds the targets that the steps build. A `job` is one of a matrix.
void read_workflow_steps(const yaml::Value& steps, WorkflowJob job, WorkflowReading& reading);

}  // namespace dcache::project
