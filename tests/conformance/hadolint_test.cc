// The findings that hadolint gave for published Dockerfiles, for those of its rules that are there.
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
using Found = std::set<std::pair<std::string, uint32_t>>;

std::string show(const Found& found) {
  std::string text;
  for (const auto& [code, line] : found)
    text += code + ":" + std::to_string(line) + " ";
  return text;
}

TEST(RecordedHadolintFindings, AreTheSame) {
  DCACHE_NEEDS_ORACLE();
  lint::Config config;
  config.profile = lint::Profile::kHadolint;
  const lint::Linter linter(lint::catalogue(), config);
  std::set<std::string> codes;
  for (const lint::Rule* rule : linter.active_rules())
    codes.emplace(rule->code);
  std::map<std::string, Found> recorded;
  ASSERT_TRUE(conformance::for_each_record("hadolint.jsonl.xz", [&](const json& record) {
    const json& findings = record.at("findings");
    const bool unparsed =
        std::any_of(findings.begin(), findings.end(), [](const json& f) { return f.at("code") == "DL1000"; });
    if (unparsed) return;
    Found& found = recorded[record.at("file")];
    for (const json& finding : findings) {
      if (codes.contains(finding.at("code"))) found.emplace(finding.at("code"), finding.at("line"));
    }
  }));
  int compared = 0, same = 0, shown = 0;
  ASSERT_TRUE(conformance::for_each_dockerfile([&](const std::string& name, const std::string& text) {
    const auto expected = recorded.find(name);
    if (expected == recorded.end()) return;
    const dockerfile::File file = dockerfile::parse(text);
    Found found;
    for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics) {
      if (codes.contains(std::string(diagnostic.rule))) {
        found.emplace(diagnostic.rule, file.lines().line_of(diagnostic.span.begin));
      }
    }
    ++compared;
    if (found == expected->second) {
      ++same;
    } else if (++shown <= 10) {
      std::printf("%s: recorded %s, found %s\n", name.c_str(), show(expected->second).c_str(),
                  show(found).c_str());
    }
  }));
  std::printf("%zu codes: %d of %d files the same\n", codes.size(), same, compared);
  EXPECT_EQ(same, compared);
}

}  // namespace
}  // namespace dcache
