// The warnings that BuildKit's own checks gave.
#include <cstdio>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;
using RuleLines = std::set<std::pair<std::string, uint32_t>>;  // rule and first line

std::string show(const RuleLines& found) {
  std::string text;
  for (const auto& [rule, line] : found)
    text += rule + ":" + std::to_string(line) + " ";
  return text;
}

RuleLines checks_of(const std::string& text) {
  lint::Config config;
  config.profile = lint::Profile::kBuildkit;
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(text);
  RuleLines found;
  for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics) {
    if (diagnostic.rule != lint::kNotBuildable)
      found.emplace(diagnostic.rule, file.lines().line_of(diagnostic.span.begin));
  }
  return found;
}

TEST(RecordedBuildkitChecks, AreTheSame) {
  DCACHE_NEEDS_ORACLE();
  std::map<std::string, RuleLines> recorded;
  ASSERT_TRUE(conformance::for_each_record("buildkit-lint.jsonl.xz", [&](const json& record) {
    RuleLines& found = recorded[record.at("file")];
    for (const json& warning : record.at("warnings"))
      found.emplace(warning.at("rule"), warning.at("line"));
  }));
  int same = 0;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const RuleLines found = checks_of(text);
    EXPECT_EQ(show(found), show(recorded.at(name))) << name;
    same += found == recorded.at(name) ? 1 : 0;
  }));
  std::printf("accuracy: BuildKit's checks: %d of %zu files the same\n", same, recorded.size());
}

// Small files, each about one question, asked with `docker buildx build --call=lint`: about the checks, about
// what is refused, and the examples of BuildKit's documentation.
TEST(OwnBuildkitChecks, AreTheSame) {
  int cases = 0;
  for (const char* file : {"checks.jsonl.xz", "refused.jsonl.xz", "documented.jsonl.xz"}) {
    ASSERT_TRUE(conformance::for_each_own_record(file, [&](const json& record) {
      RuleLines expected;
      for (const json& warning : record.at("warnings"))
        expected.emplace(warning.at(0), warning.at(1));
      EXPECT_EQ(show(checks_of(record.at("dockerfile"))), show(expected)) << file << "\n"
                                                                          << record.at("dockerfile");
      ++cases;
    }));
  }
  EXPECT_GT(cases, 550);
}

}  // namespace
}  // namespace dcache
