#include "dcache/lint/engine.h"

#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache::lint {
namespace {

using test::config_selecting;
using test::findings;
using Texts = std::vector<std::string>;

TEST(Profiles, ReportOneProblemOnce) {
  const std::string text = "FROM ubuntu AS x\nRUN x\nFROM debian:latest AS y\nFROM a:1\n";
  Config config;
  EXPECT_EQ(findings(text, config), (Texts{"DC1009:1", "DC1009:3", "DC1009:4"}));
  config.profile = Profile::kHadolint;
  EXPECT_EQ(findings(text, config), (Texts{"DL3006:1", "DL3007:3"}));
  config.profile = Profile::kAll;
  EXPECT_EQ(findings(text, config), (Texts{"DL3006:1", "DL3057:1", "DC1009:1", "DL3007:3", "DL3057:3",
                                           "DC1009:3", "DL3057:4", "DC1009:4"}));
}

TEST(Selecting, TakesCodesAndNamesAndAliases) {
  const std::string text = "FROM ubuntu\n";
  EXPECT_EQ(findings(text, config_selecting({"dl3006"})), Texts{"DL3006:1"});
  EXPECT_EQ(findings(text, config_selecting({"unpinned-base"})), Texts{"DC1009:1"});
  Config config;
  config.ignore = {"DL3006"};
  EXPECT_EQ(findings(text, config), Texts{});
  EXPECT_EQ(findings("FROM ubuntu:1\n", config), Texts{"DC1009:1"});
}

TEST(Levels, ComeFromTheConfiguration) {
  Config config;
  config.levels["DC1009"] = Level::kError;
  const Linter linter(catalogue(), config);
  EXPECT_EQ(linter.lint(dockerfile::parse("FROM a:1\n"), {}).diagnostics[0].level, Level::kError);
}

struct SuppressionCase {
  const char* text;
  size_t findings;
};
TEST(Suppressions, WorkAsCommentsOfAllThreeTools) {
  for (const SuppressionCase& c :
       {SuppressionCase{"FROM a\n", 1},
        {"# dcache ignore=DC1009 because\nFROM a\n", 0},
        {"# dcache ignore=unpinned-base\nFROM a\n", 0},
        {"# hadolint ignore=DL3006\nFROM a\n", 0},
        {"#hadolint   ignore = DL3000 , DL3006\nFROM a\n", 0},
        {"# hadolint ignore=DL3007\nFROM a\n", 1},
        {"# dcache ignore=DC1009\nFROM a AS x\nFROM b\n", 1},
        {"FROM x@sha256:1111111111111111111111111111111111111111111111111111111111111111 AS w\n# dcache "
         "global "
         "ignore=DC1009\nFROM a AS z\nFROM b\n",
         0},
        {"# hadolint global ignore=DL3006\nFROM a\n", 0},
        {"# check=skip=DC1009\nFROM a\n", 0},
        {"# check=skip=all\nFROM a\n", 1},
        {"# dcacheignore=DC1009\nFROM a\n", 1},
        {"# dcache ignore=\nFROM a\n", 1}}) {
    EXPECT_EQ(findings(c.text, {}).size(), c.findings) << c.text;
  }
}

TEST(Linter, GoesAsFarAsTheFileCanBeRead) {
  const Config config;
  const dockerfile::File file = dockerfile::parse("FROM a:1\nFOO\nENV x\nRUN npm ci\n");
  EXPECT_FALSE(Linter(catalogue(), config).lint(file, {}).parses);
  EXPECT_EQ(findings("FROM a:1\nFOO\nENV x\nRUN npm ci\n", config),
            (Texts{"DC1009:1", "DC0001:2", "DC0001:3", "DC1003:4"}));
  EXPECT_EQ(findings("RUN npm ci\n", config), Texts{"DC0001:1"});
}

TEST(Fixes, WaitForEachOtherAndEndStable) {
  const Config config;
  const std::string text =
      "FROM a@sha256:1111111111111111111111111111111111111111111111111111111111111111\nRUN npm ci && pip "
      "install --no-cache-dir x==1\n";
  const std::string mended = test::fixed(text, config);
  EXPECT_EQ(mended,
            "FROM "
            "a@sha256:1111111111111111111111111111111111111111111111111111111111111111\nRUN "
            "--mount=type=cache,target=/root/.npm \\\n"
            "    --mount=type=cache,target=/root/.cache/pip \\\n    npm ci && pip install x==1\n");
  EXPECT_EQ(test::fixed(mended, config), mended);
  EXPECT_EQ(findings(mended, config), Texts{});
}

TEST(Fixes, KeepLineEndsAndBytesThatAreNoText) {
  const std::string text =
      "FROM a@sha256:1111111111111111111111111111111111111111111111111111111111111111\r\n# \xFF\r\nRUN npm "
      "ci\r\n";
  EXPECT_EQ(test::fixed(text, {}),
            "FROM "
            "a@sha256:1111111111111111111111111111111111111111111111111111111111111111\r\n# \xFF\r\nRUN "
            "--mount=type=cache,target=/root/.npm \\\r\n    npm ci\r\n");
}

TEST(Fixes, LeaveAFileThatDoesNotParse) {
  const std::string text = "FROM a\nFOO\nRUN npm ci\n";
  EXPECT_EQ(test::fixed(text, {}), text);
}

TEST(Config, IsRead) {
  const std::vector<std::string_view> names = known_names(catalogue());
  const auto config = read_config(
      "profile = \"cache\"\nselect = [\"DC1001\"]\nignore = [\"unpinned-base\"]\nfail-on = "
      "\"none\"\nminimum-engine = \"23.0\"\n[levels]\nDC1009 = \"error\"\n",
      names);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->profile, Profile::kCache);
  EXPECT_EQ(config->fail_on, std::nullopt);
  EXPECT_EQ(config->levels.at("DC1009"), Level::kError);
}

struct ConfigCase {
  const char* text;
  const char* remedy;
  uint32_t line;
};
TEST(Config, RefusesWhatItDoesNotKnowAndSuggests) {
  const std::vector<std::string_view> names = known_names(catalogue());
  for (const ConfigCase& c : {ConfigCase{"profil = \"all\"\n", "did you mean 'profile'?", 1},
                              {"\nprofile = \"hadolnt\"\n", "did you mean 'hadolint'?", 2},
                              {"ignore = [\"DC1O01\"]\n", "did you mean 'DC1001'?", 1},
                              {"fail-on = \"warn\"\n", "did you mean 'warning'?", 1},
                              {"ignore = \"DC1001\"\n", "write [", 1},
                              {"[levels]\nDC1001 = 3\n", "quotes", 2},
                              {"x = \n", "toml.io", 1}}) {
    const auto config = read_config(c.text, names);
    ASSERT_FALSE(config) << c.text;
    EXPECT_NE(config.error().remedy.find(c.remedy), std::string::npos)
        << c.text << ": " << config.error().remedy;
    EXPECT_EQ(config.error().line, c.line) << c.text;
  }
}

TEST(Config, IsFoundUpward) {
  const test::TemporaryFolder folder;
  folder.write(".dcache.toml", "");
  folder.write("a/b/Dockerfile", "");
  EXPECT_TRUE(find_config(folder / "a/b").ends_with("/.dcache.toml"));
}

}  // namespace
}  // namespace dcache::lint
