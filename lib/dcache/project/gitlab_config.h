// A .gitlab-ci.yml with the local files that it includes, as one map.
// Source: https://docs.gitlab.com/ci/yaml/#include, https://docs.gitlab.com/ci/yaml/#extends,
// https://docs.gitlab.com/ci/yaml/yaml_optimization/#reference-tags
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dcache/project/ci_files.h"
#include "dcache/project/yaml.h"

namespace dcache::project {

class GitlabConfig {
 public:
  // `root` is the root of the repository: paths of included files start there.
  GitlabConfig(CiFiles& files, std::string root, const ReadOptions& options)
      : files_(files), root_(std::move(root)), options_(options) {}

  // Reads the file and what it includes. False if there is nothing to read.
  bool read(const std::string& path, const yaml::Place* from);

  const yaml::Value& values() const { return values_; }
  // A job with what it extends; nothing if there is no such job.
  std::optional<yaml::Value> job(const std::string& name);
  // What `!reference [NAME, …]` means; the value itself if it is not one, and null if that is not there.
  const yaml::Value* referenced(const yaml::Value& value) const;

 private:
  const yaml::Value* member(const std::string& name) const;
  yaml::Value load(const std::string& path, const yaml::Value* inputs, const yaml::Place* from);
  void include(const yaml::Value& what, yaml::Value& into);
  void include_local(const std::string& path, const yaml::Value* inputs, yaml::Place place,
                     yaml::Value& into);
  std::vector<std::string> matching_files(const std::string& pattern) const;
  void find_matching(const std::string& folder, uint32_t depth, const std::string& pattern,
                     std::vector<std::string>& found, size_t& looked_at) const;
  bool merge(yaml::Value& into, const yaml::Value& more);

  CiFiles& files_;
  std::string root_;
  const ReadOptions& options_;
  yaml::Value values_;
  std::unordered_map<std::string, size_t> index_;  // of its members
  std::vector<std::string> open_;                  // files that are being read
  std::vector<std::string> open_jobs_;             // jobs that are being extended
  std::map<std::string, yaml::Value> jobs_;        // with what they extend
};

}  // namespace dcache::project
