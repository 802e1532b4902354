// A step of GitHub Actions that runs docker/bake-action.
// Source: https://github.com/docker/bake-action#inputs
#pragma once

#include "dcache/project/ci_targets.h"
#include "dcache/project/workflow_job.h"

namespace dcache::project {

// Adds the targets of the bake files that its inputs name, as far as the step builds them. Expressions in
// `inputs` are resolved as far as they are known.
void read_bake_step(const yaml::Value& inputs, const CiSource& source, const WorkflowScope& scope,
                    const Workspace& workspace, WorkflowReading& reading);

}  // namespace dcache::project
