#include <algorithm>
#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/dcache.h"

namespace {

using dcache::Workspace;

Workspace workspace_in_memory(Workspace::Options options = {}) {
  options.on_disk = false;
  auto workspace = Workspace::open(options);
  EXPECT_TRUE(workspace) << workspace.error().message;
  return std::move(*workspace);
}

TEST(PublicWorkspace, GivesFindingsAsValues) {
  std::vector<dcache::Finding> findings;
  {
    Workspace workspace = workspace_in_memory({.rules = {.select = {"DC1009"}}});
    workspace.set_text("/app/Dockerfile", "# \xC3\xA4\nFROM alpine:latest\n");
    findings = workspace.lint("/app/Dockerfile")->findings;
  }
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].rule, "DC1009");
  EXPECT_EQ(findings[0].range.begin, (dcache::Position{.offset = 10, .line = 1, .byte = 5, .utf16 = 5}));
  EXPECT_FALSE(findings[0].message.empty());
}

TEST(PublicWorkspace, CountsColumnsInBytesAndInUtf16) {
  Workspace workspace = workspace_in_memory({.rules = {.select = {"JSONArgsRecommended"}}});
  workspace.set_text(
      "/app/Dockerfile",
      "FROM scratch\nENV A=\xF0\x9F\x90\xB3\nRUN --mount=type=cache,target=/\xC3\xA4 x\nCMD b\n");
  const auto findings = workspace.lint("/app/Dockerfile");
  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->findings.size(), 1U);
  EXPECT_EQ(findings->findings[0].range.begin.line, 3U);
}

TEST(PublicWorkspace, FixesOneFindingAtATime) {
  Workspace workspace =
      workspace_in_memory({.rules = {.select = {"ConsistentInstructionCasing", "MaintainerDeprecated"}}});
  workspace.set_text("/app/Dockerfile", "FROM scratch\ncopy a b\nMAINTAINER me\nCOPY c d\n");
  const auto linted = workspace.lint("/app/Dockerfile");
  ASSERT_EQ(linted->findings.size(), 2U);
  const auto fixed = workspace.fix_finding("/app/Dockerfile", linted->findings[0].id);
  ASSERT_TRUE(fixed) << fixed.error().message;
  EXPECT_EQ(fixed->text, "FROM scratch\nCOPY a b\nMAINTAINER me\nCOPY c d\n");
  EXPECT_FALSE(workspace.fix_finding("/app/Dockerfile", "nothing"));
}

TEST(PublicWorkspace, RefusesRulesThatDoNotExist) {
  const auto message = [](Workspace::Options options) {
    const auto workspace = Workspace::open(options);
    return workspace ? std::string() : dcache::text::words_of(workspace.error());
  };
  EXPECT_EQ(message({.rules = {.select = {"DC1009x"}}}), "unknown rule 'DC1009x'; did you mean 'DC1009'?");
  EXPECT_EQ(message({.rules = {.profile = "defalt"}}), "unknown profile 'defalt'; did you mean 'default'?");
  EXPECT_EQ(message({.builder = "make"}), "unknown builder 'make'; expected buildkit, classic or buildah");
  EXPECT_EQ(message({.rules = {.select = {"DC0001", "SC2086"}}}), "");
}

TEST(PublicWorkspace, ExplainsInValues) {
  Workspace workspace = workspace_in_memory();
  workspace.set_text("/app/Dockerfile", "FROM scratch\nCOPY go.mod /\nCOPY src /src\n");
  workspace.set_text("/app/go.mod", "module app\n");
  workspace.set_text("/app/src/main.go", "package main\n");
  EXPECT_TRUE(workspace.mark("/app/Dockerfile"));
  workspace.set_text("/app/src/main.go", "package main // edited\n");
  const auto explanation = workspace.explain("/app/Dockerfile", {});
  ASSERT_TRUE(explanation);
  ASSERT_EQ(explanation->steps.size(), 2U);
  EXPECT_EQ(explanation->steps[0].verdict, dcache::Verdict::kHit);
  EXPECT_EQ(explanation->steps[0].instruction, "COPY go.mod /");
  EXPECT_EQ(explanation->steps[1].verdict, dcache::Verdict::kMiss);
  EXPECT_EQ(explanation->steps[1].line, 3U);
  EXPECT_EQ(explanation->steps[1].cause, "file");
  EXPECT_EQ(explanation->steps[1].path, "src/main.go");
  const auto changed = workspace.explain("/app/Dockerfile", {.changed = {"go.mod", "new.go"}});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->changed[0].effect, dcache::ChangedFile::Effect::kRead);
  EXPECT_FALSE(changed->changed[1].exists);
}

// The classic builder makes a step of each instruction.
TEST(PublicWorkspace, ExplainsForTheBuilderOfTheSettings) {
  const auto steps = [](Workspace& workspace) {
    workspace.set_text("/app/Dockerfile", "FROM scratch\nLABEL a=1\nCOPY a /\n");
    workspace.set_text("/app/a", "1");
    return workspace.explain("/app/Dockerfile", {.changed = {"a"}})->steps.size();
  };
  Workspace workspace = workspace_in_memory();
  EXPECT_EQ(steps(workspace), 1U);
  workspace.set_text("/app/.dcache.toml", "builder = \"classic\"\n");
  EXPECT_EQ(steps(workspace), 2U);
  Workspace asked = workspace_in_memory({.builder = "buildkit"});
  asked.set_text("/app/.dcache.toml", "builder = \"classic\"\n");
  EXPECT_EQ(steps(asked), 1U);
}

TEST(PublicWorkspace, ExplainsForAWorkerThatImportsACache) {
  Workspace workspace = workspace_in_memory();
  workspace.set_text("/app/Dockerfile",
                     "FROM scratch AS build\nCOPY a /\nFROM scratch\nCOPY --from=build /a /\n");
  workspace.set_text("/app/a", "1");
  const auto first_verdict = [&](const Workspace::Question& question) {
    return workspace.explain("/app/Dockerfile", question)->steps[0].verdict;
  };
  EXPECT_EQ(first_verdict({.cache_from = {"max"}}), dcache::Verdict::kHit);
  EXPECT_EQ(first_verdict({.cache_from = {"none"}}), dcache::Verdict::kMiss);
  EXPECT_TRUE(workspace.mark("/app/Dockerfile"));
  workspace.set_text("/app/a", "2");
  EXPECT_EQ(first_verdict({.cache_from = {"max"}}), dcache::Verdict::kMiss);
  EXPECT_FALSE(workspace.explain("/app/Dockerfile", {.cache_from = {"mxa"}}));
}

TEST(PublicWorkspace, EndsACallThatIsCancelled) {
  Workspace workspace = workspace_in_memory();
  workspace.set_text("/app/Dockerfile", "FROM scratch\nCOPY . /\n");
  std::stop_source stop;
  stop.request_stop();
  const auto answer = workspace.explain("/app/Dockerfile", {.changed = {"a"}, .stop = stop.get_token()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(dcache::text::words_of(answer.error().front()), "cancelled");
  EXPECT_TRUE(workspace.explain("/app/Dockerfile", {.changed = {"a"}}));
}

TEST(PublicRules, AreTheCatalogue) {
  const std::vector<dcache::RuleInfo> rules = dcache::rules();
  EXPECT_GT(rules.size(), 100U);
  const auto rule = dcache::find_rule("copy-before-deps");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->code, "DC1001");
  EXPECT_TRUE(rule->has_fix && rule->in_default_profile);
  EXPECT_NE(rule->page.find("# DC1001"), std::string::npos);
  EXPECT_FALSE(dcache::find_rule("DC9999"));
}

}  // namespace
