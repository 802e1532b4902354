// The machines that jobs of GitHub Actions run on, and what is left of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/yaml.h"

namespace dcache::project {

// What a text means in each job of the matrix of `job`; nothing if it names a matrix that is not there.
std::vector<std::string> values_in_jobs(const std::string& text, const yaml::Value& job);

// Whether a job runs on machines of the service, which are new for each job.
bool is_on_hosted_runner(const yaml::Value& job);

// The folders that steps of a job keep for later jobs: the `path` of actions/cache and of others like it.
std::vector<std::string> folders_kept_after(const yaml::Value& job);

// Whether one of those is a folder, or contains it. A name that only a run knows may be any folder.
bool is_kept(const std::vector<std::string>& kept, std::string_view folder);

}  // namespace dcache::project
