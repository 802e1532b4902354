// Small Dockerfiles that BuildKit builds, or refuses before it runs anything. Recorded from Docker 28.5;
// `open` is added by hand to those that are refused as they are, and may not be with other build arguments or
// another base image. `image` is added to those of which the base image that was recorded is the reason:
// another one may set the variable or the WORKDIR, so that they are planned.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "dcache/cache/build.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;

bool is_refused(const std::string& text, lint::Profile profile) {
  lint::Config config;
  config.profile = profile;
  const lint::Linter linter(lint::catalogue(), config);
  const lint::Findings findings = linter.lint(dockerfile::parse(text), {});
  const bool found = std::ranges::find(findings.diagnostics, lint::kNotBuildable, &lint::Diagnostic::rule) !=
                     findings.diagnostics.end();
  EXPECT_EQ(findings.parses, !found) << text;
  return found;
}

TEST(RefusedDockerfiles, AreReportedWhereNoArgumentHelps) {
  int cases = 0;
  ASSERT_TRUE(conformance::for_each_own_record("refused.jsonl.xz", [&](const json& record) {
    const std::string text = record.at("dockerfile");
    const bool expected = record.at("refused") && !record.at("open");
    for (const lint::Profile profile :
         {lint::Profile::kDefault, lint::Profile::kCache, lint::Profile::kBuildkit, lint::Profile::kHadolint,
          lint::Profile::kAll})
      EXPECT_EQ(is_refused(text, profile), expected) << text << record.at("why");
    ++cases;
  }));
  EXPECT_GT(cases, 200);
}

// What lint says of all arguments, explain says of those that it is given.
TEST(RefusedDockerfiles, AreNotExplained) {
  ASSERT_TRUE(conformance::for_each_own_record("refused.jsonl.xz", [&](const json& record) {
    const std::string text = record.at("dockerfile");
    const dockerfile::File file = dockerfile::parse(text);
    if (!lint::read_check_directive(file).invalid.empty()) return;
    const plan::Graph graph = plan::build_graph(file, {});
    const bool refused = !file.errors().empty() || std::ranges::any_of(graph.errors, [&](const auto& error) {
      return graph.is_reached(error);
    });
    EXPECT_EQ(refused, record.at("refused").get<bool>() && !record.contains("image"))
        << text << record.at("why");
  }));
}

// The recorded corpus: what BuildKit builds stays buildable, and what it refuses is reported.
TEST(RecordedDockerfiles, AreRefusedAsBuildkitDoes) {
  DCACHE_NEEDS_ORACLE();
  std::map<std::string, std::string> refused;
  ASSERT_TRUE(conformance::for_each_record("buildkit-lint.jsonl.xz", [&](const json& record) {
    if (record.contains("build_error")) refused[record.at("file")] = record.at("build_error");
  }));
  std::set<std::string> unparsed;
  ASSERT_TRUE(conformance::for_each_record("parse.jsonl.xz", [&](const json& record) {
    if (record.contains("error") || record.contains("instruction_error")) unparsed.insert(record.at("file"));
  }));
  // Their base images hang on an argument without a default.
  const std::set<std::string> open = {"0431.Dockerfile", "0505.Dockerfile", "1820.Dockerfile",
                                      "1990.Dockerfile", "2529.Dockerfile"};
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const bool expected = (refused.contains(name) || unparsed.contains(name)) && !open.contains(name);
    EXPECT_EQ(is_refused(text, lint::Profile::kDefault), expected) << name << " " << refused[name];
  }));
}

}  // namespace
}  // namespace dcache
