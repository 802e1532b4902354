// The findings that hadolint gave for published Dockerfiles, for those of its rules that are there.
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;
using RuleLines = std::set<std::pair<std::string, uint32_t>>;

// "+ FILE:LINE CODE" where only we have a finding, "-" where only hadolint has it.
std::set<std::string> difference(const std::string& name, const RuleLines& ours, const RuleLines& theirs) {
  std::set<std::string> lines;
  const auto add = [&](const RuleLines& from, const RuleLines& other, const char* sign) {
    for (const auto& [code, line] : from) {
      if (!other.contains({code, line})) lines.insert(fmt::format("{} {}:{} {}", sign, name, line, code));
    }
  };
  add(ours, theirs, "+");
  add(theirs, ours, "-");
  return lines;
}

// Those that docs/hadolint.md gives a reason for.
std::set<std::string> known_differences() {
  std::ifstream causes(DCACHE_SOURCE_DIR "/tests/conformance/hadolint-differences.json");
  std::ifstream page(DCACHE_SOURCE_DIR "/docs/hadolint.md");
  const std::string text((std::istreambuf_iterator<char>(page)), {});
  std::set<std::string> known;
  const json list = json::parse(causes);
  for (const json& cause : list) {
    const std::string row = fmt::format("| {} |", cause.at("cause").get<std::string>());
    EXPECT_NE(text.find(row), std::string::npos) << row << " is missing in docs/hadolint.md";
    for (const std::string finding : cause.at("findings"))
      known.insert(finding);
  }
  return known;
}

TEST(RecordedHadolintFindings, AreTheSameExceptForKnownDifferences) {
  DCACHE_NEEDS_ORACLE();
  lint::Config config;
  config.profile = lint::Profile::kHadolint;
  const lint::Linter linter(lint::catalogue(), config);
  std::map<std::string, RuleLines> recorded;
  ASSERT_TRUE(conformance::for_each_record("hadolint.jsonl.xz", [&](const json& record) {
    const json& findings = record.at("findings");
    const bool unparsed =
        std::any_of(findings.begin(), findings.end(), [](const json& f) { return f.at("code") == "DL1000"; });
    if (unparsed) return;
    RuleLines& found = recorded[record.at("file")];
    for (const json& finding : findings) {
      const std::string code = finding.at("code");
      if (code.starts_with("DL")) found.emplace(code, finding.at("line"));
    }
  }));
  int compared = 0, same = 0;
  std::set<std::string> differences;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const auto expected = recorded.find(name);
    if (expected == recorded.end()) return;
    const dockerfile::File file = dockerfile::parse(text);
    RuleLines found;
    for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics) {
      if (diagnostic.rule != lint::kNotBuildable)
        found.emplace(diagnostic.rule, file.lines().line_of(diagnostic.span.begin));
    }
    ++compared;
    same += found == expected->second ? 1 : 0;
    differences.merge(difference(name, found, expected->second));
  }));
  std::printf("accuracy: hadolint: %d of %d files the same\n", same, compared);
  EXPECT_EQ(differences, known_differences());
  EXPECT_GE(same, compared * 98 / 100);
}

}  // namespace
}  // namespace dcache
