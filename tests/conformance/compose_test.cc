// The builds that `docker buildx bake` read from published compose files.
#include <cstdio>

#include <gtest/gtest.h>

#include "dcache/context/file_system.h"
#include "dcache/project/readers.h"
#include "tests/conformance/builds.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;

TEST(RecordedComposeFiles, DefineTheSameBuilds) {
  DCACHE_NEEDS_ORACLE();
  int records = 0, targets = 0, differences = 0;
  ASSERT_TRUE(conformance::for_each_record("bake.jsonl.xz", [&](const json& record) {
    if (record.at("kind") != "compose") return;
    ++records;
    const auto files = std::make_shared<context::MemoryFiles>();
    for (const auto& [path, text] : record.at("files").items())
      files->write(path, text);
    project::ReadOptions options;
    options.files = files;
    const project::Definitions read = project::read_compose({record.at("name")}, options);
    if (record.contains("error")) {
      EXPECT_FALSE(read.failures.empty()) << record.at("id");
      return;
    }
    for (const text::Failure& failure : read.failures)
      ADD_FAILURE() << record.at("id") << ": " << words_of(failure);
    targets += static_cast<int>(record.at("all").at("target").size());
    for (const std::string& difference : conformance::differences_of_builds(record.at("all"), read)) {
      ++differences;
      ADD_FAILURE() << record.at("id") << ": " << difference;
    }
  }));
  std::printf("%d files, %d builds, %d differences\n", records, targets, differences);
  RecordProperty("records", records);
  RecordProperty("differences", differences);
  EXPECT_GT(records, 0);
}

}  // namespace
}  // namespace dcache
