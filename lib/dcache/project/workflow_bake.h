// Steps of CI jobs that build what bake or Compose files define.
// Source: https://github.com/docker/bake-action#inputs
#pragma once

#include "dcache/project/build_script.h"
#include "dcache/project/ci_targets.h"
#include "dcache/project/workflow_job.h"

namespace dcache::project {

// What reading the files of one command may cost, in characters.
inline constexpr size_t kCostOfDefinitionBuild = size_t{1} << 18U;

// How the files of a job are read: its variables are those of the job, whatever the environment here has,
// with that for the root of the workspace: "GITHUB_WORKSPACE".
ReadOptions options_in_job(ReadOptions options, std::map<std::string, std::string, std::less<>> environment,
                           const std::string& workspace);

// Adds the targets of the bake files that its inputs name, as far as the step builds them. Expressions in
// `inputs` are resolved as far as they are known.
void read_bake_step(const yaml::Value& inputs, const CiSource& source, const WorkflowScope& scope,
                    const Workspace& workspace, WorkflowReading& reading);

// The same for a command of a script. `options` have the environment that the job gives it, and what can't be
// read is added to `result`. False if there are too many targets.
bool add_definition_build(const CiDefinitionBuild& given, ReadOptions options, const CiSource& source,
                          const Workspace& workspace, const std::string& root, Definitions& result,
                          CiTargets& targets);

}  // namespace dcache::project
