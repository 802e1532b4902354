// Readers of the files that define builds. Each gives what it can read, with an error for what it can't; none
// stops at the first error, and none reads a file outside of what `options.files` shows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/target.h"

namespace dcache::project {

// The files of one project of Docker Compose: the first one, and others that override it in their order. A
// service that is built is a target; its name is the service's.
// Source: https://github.com/compose-spec/compose-spec
Definitions read_compose(const std::vector<std::string>& paths, const ReadOptions& options);

// The files of one `docker buildx bake -f A -f B`: HCL, JSON or compose, in their order. `folder` is where it
// is run: paths start there. A service of compose is a target too, under its name for bake: `a_b` for `a.b`.
// Source: https://docs.docker.com/build/bake/reference/
Definitions read_bake(const std::vector<std::string>& paths, const std::string& folder,
                      const ReadOptions& options);

// The name of a service of compose as bake writes it: `a_b` for `a.b`.
std::string bake_name(std::string_view name);

// A skaffold.yaml with the configurations that it requires. Artifacts of other builders than docker are
// skipped.
// Source: https://skaffold.dev/docs/references/yaml/
Definitions read_skaffold(const std::string& path, const ReadOptions& options);

// A workflow of GitHub Actions, whose paths start at `root`, the root of the repository.
// Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
Definitions read_workflow(const std::string& path, const std::string& root, const ReadOptions& options);

// A .gitlab-ci.yml.
// Source: https://docs.gitlab.com/ci/yaml/
Definitions read_gitlab_ci(const std::string& path, const std::string& root, const ReadOptions& options);

// The tables [[images]] of a .dcache.toml, whose paths start in its folder.
// Source: docs/configuration.md
Definitions read_settings(const std::string& path, const ReadOptions& options);

}  // namespace dcache::project
