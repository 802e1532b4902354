// The jobs that `strategy.matrix` of GitHub Actions, or `parallel: matrix` of GitLab, makes of one.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategy
#pragma once

#include <string>
#include <vector>

#include "dcache/project/yaml.h"

namespace dcache::project {

// More jobs are not made of one.
inline constexpr size_t kMostMatrixJobs = 256;

struct MatrixJobs {
  std::vector<yaml::Value> values;  // a map for each job; one that is empty if nothing is known
  bool complete = true;             // false if there may be other values than these
  bool too_many = false;            // the rest is left out
};

// `matrix` has its expressions resolved as far as they are known.
MatrixJobs expand_workflow_matrix(const yaml::Value& matrix);

// `matrix` is a list of maps from a name to a value or a list of values.
// Source: https://docs.gitlab.com/ci/yaml/#parallelmatrix
MatrixJobs expand_gitlab_matrix(const yaml::Value& matrix);

}  // namespace dcache::project
