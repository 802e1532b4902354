// The artifacts that Skaffold read from published files.
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/context/file_system.h"
#include "dcache/project/readers.h"
#include "dcache/text/path.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;

// An artifact as it is recorded, without what is not known before the build.
json shown(const project::Target& target) {
  json artifact = {{"image", target.name},         {"context", text::clean_path(target.context)},
                   {"builder", "docker"},          {"dockerfile", target.dockerfile},
                   {"target", target.target},      {"buildArgs", target.args},
                   {"noCache", target.no_cache},   {"requires", target.image_args},
                   {"platforms", target.platforms}};
  json caches = json::array();
  for (const std::string& cache : target.cache_from)
    caches.push_back(cache.substr(cache.find("ref=") + 4));
  artifact["cacheFrom"] = caches;
  return artifact;
}

json shown(const json& recorded) {
  json artifact = {{"target", ""},
                   {"buildArgs", json::object()},
                   {"noCache", false},
                   {"requires", json::object()},
                   {"platforms", json::array()},
                   {"cacheFrom", json::array()}};
  artifact.update(recorded);
  artifact["context"] = text::clean_path(recorded.at("context").get<std::string>());
  json args = json::object();
  for (const auto& [name, value] : artifact.at("buildArgs").items()) {
    if (value.is_string() && value.get<std::string>().find("{{") == std::string::npos) args[name] = value;
  }
  artifact["buildArgs"] = args;
  json images = json::object();
  for (const json& image : recorded.value("requires", json::array()))
    images[image.at("alias")] = image.at("image");
  artifact["requires"] = images;
  return artifact;
}

class SkaffoldComparison {
 public:
  void compare(const json& record, const std::vector<std::string>& profiles, const json& artifacts) {
    const project::Definitions read = read_record(record, profiles);
    std::vector<json> ours, theirs;
    for (const project::Target& target : read.targets)
      ours.push_back(shown(target));
    std::vector<std::string> skipped;
    for (const json& artifact : artifacts) {
      if (artifact.at("builder") == "docker") {
        theirs.push_back(shown(artifact));
        // Those of all artifacts together are not recorded with each.
        if (!artifact.contains("platforms") && theirs.size() <= ours.size())
          ours[theirs.size() - 1]["platforms"] = json::array();
      } else {
        skipped.push_back(fmt::format("{}: built by {}", artifact.at("image").get<std::string>(),
                                      artifact.at("builder").get<std::string>()));
      }
    }
    artifacts_ += static_cast<int>(artifacts.size());
    const std::string which =
        record.at("id").get<std::string>() + " " + (profiles.empty() ? "" : profiles.front());
    EXPECT_EQ(ours, theirs) << which;
    std::vector<std::string> ours_skipped;
    for (const project::SkippedBuild& one : read.skipped)
      ours_skipped.push_back(one.name + ": " + one.reason);
    EXPECT_EQ(ours_skipped, skipped) << which;
    for (const text::Failure& failure : read.failures)
      ADD_FAILURE() << which << ": " << words_of(failure);
    differences_ += ours != theirs || ours_skipped != skipped ? 1 : 0;
  }

  static project::Definitions read_record(const json& record, const std::vector<std::string>& profiles) {
    const auto files = std::make_shared<context::MemoryFiles>();
    for (const auto& [path, text] : record.at("files").items())
      files->write(path, text);
    project::ReadOptions options;
    options.files = files;
    options.profiles = profiles;
    // Values of templates are not recorded.
    files->forget("skaffold.env");
    project::Definitions read = project::read_skaffold(record.at("name"), options);
    for (project::MissingNeed& need : read.missing_needs)
      read.failures.push_back(std::move(need.failure));
    return read;
  }

  int artifacts() const { return artifacts_; }
  int differences() const { return differences_; }

 private:
  int artifacts_ = 0;
  int differences_ = 0;
};

TEST(RecordedSkaffoldFiles, DefineTheSameArtifacts) {
  DCACHE_NEEDS_ORACLE();
  SkaffoldComparison comparison;
  int records = 0;
  ASSERT_TRUE(conformance::for_each_record("skaffold.jsonl.xz", [&](const json& record) {
    ++records;
    if (record.contains("error")) {
      EXPECT_FALSE(SkaffoldComparison::read_record(record, {}).failures.empty()) << record.at("id");
      return;
    }
    comparison.compare(record, {}, record.at("artifacts"));
    const json profiles = record.value("profiles", json::object());
    for (const auto& [profile, artifacts] : profiles.items())
      comparison.compare(record, {profile}, artifacts);
  }));
  std::printf("%d files, %d artifacts, %d differences\n", records, comparison.artifacts(),
              comparison.differences());
  RecordProperty("records", records);
  RecordProperty("differences", comparison.differences());
  EXPECT_GT(records, 0);
}

}  // namespace
}  // namespace dcache
