// The machines that jobs of GitHub Actions run on, and what is left of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/yaml.h"

namespace dcache::project {

// What a text means in each job of the matrix of `job`; nothing if it names a matrix that is not there.
std::vector<std::string> values_in_jobs(const std::string& text, const yaml::Value& job);

// How many different texts the jobs of the matrix of `job` make of one. Nothing if that is not known, as of a
// matrix that another job computes.
std::optional<size_t> variants_in_jobs(const std::string& text, const yaml::Value& job);

// Whether a job runs on machines of the service, which are new for each job.
bool is_on_hosted_runner(const yaml::Value& job);

// A folder that a step of a job keeps for later jobs: the `path` of actions/cache and of others like it.
struct KeptFolder {
  std::string path;
  std::string key = {};  // of actions/cache
  // What a later job finds in it, by the keys of actions/cache: it stores nothing where there is an entry of
  // the key already.
  enum class Content : uint8_t { kLast, kFirst, kNothing };
  Content content = Content::kLast;
};
std::vector<KeptFolder> folders_kept_after(const yaml::Value& job);

// The one that keeps the most of a folder: it is that folder, or contains it. A name that only a run knows
// may be any folder. Null if none does.
const KeptFolder* find_kept(const std::vector<KeptFolder>& kept, std::string_view folder);

}  // namespace dcache::project
