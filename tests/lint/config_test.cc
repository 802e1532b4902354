// Configuration: our own file, hadolint's, and what holds for one Dockerfile.
#include "dcache/lint/config.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/lint/lint_testing.h"

namespace dcache::lint {
namespace {

using Texts = std::vector<std::string>;

std::vector<std::string_view> names() {
  return known_names(catalogue());
}

TEST(HadolintConfig, IsRead) {
  const auto config = read_hadolint_config(
      "ignored: [DL3008, SC2086]\n"
      "failure-threshold: error\n"
      "override:\n  error:\n    - DL3025\n  style: [DL3013]\n"
      "trustedRegistries:\n  - docker.io\n  - '*.example.com'\n"
      "label-schema:\n  org.example.version: semver\n"
      "strict-labels: true\nformat: tty\nno-color: true\n",
      names());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ignore, (Texts{"DL3008", "SC2086"}));
  EXPECT_EQ(config->fail_on, Level::kError);
  EXPECT_EQ(config->levels.at("DL3025"), Level::kError);
  EXPECT_EQ(config->levels.at("DL3013"), Level::kStyle);
  EXPECT_EQ(config->trusted_registries, (Texts{"docker.io", "*.example.com"}));
  EXPECT_EQ(config->label_schema.at("org.example.version"), LabelType::kSemver);
  EXPECT_TRUE(config->strict_labels);
  EXPECT_EQ(read_hadolint_config("no-fail: true\n", names())->fail_on, std::nullopt);
  EXPECT_TRUE(read_hadolint_config("", names()));
}

struct BadCase {
  const char* text;
  const char* message;
  uint32_t line;
};

TEST(HadolintConfig, RefusesWhatItDoesNotKnow) {
  for (const BadCase& c : {BadCase{"ignord: []\n", "unknown key 'ignord'", 1},
                           {"\nignored: [DL3OO8]\n", "there is no rule 'DL3OO8'", 2},
                           {"ignored: DL3008\n", "this is no list", 1},
                           {"override:\n  fatal: [DL3008]\n", "there is no level 'fatal'", 2},
                           {"label-schema:\n  a: number\n", "there is no type 'number' of labels", 2},
                           {"- a\n", "this is no list of settings", 1},
                           {"strict-labels: perhaps\n", "bad conversion", 1},
                           {"ignored: [\n", "end of sequence flow not found", 2}}) {
    const auto config = read_hadolint_config(c.text, names());
    ASSERT_FALSE(config) << c.text;
    EXPECT_NE(config.error().message.find(c.message), std::string::npos) << config.error().message;
    EXPECT_EQ(config.error().line, c.line) << c.text;
  }
}

TEST(Overrides, HoldForTheFilesTheyName) {
  const auto config = read_config(
      "ignore = [\"DC1001\"]\n"
      "[[overrides]]\npaths = [\"legacy\", \"**/*.old\"]\nignore = [\"DC1009\"]\n"
      "[[overrides]]\npaths = [\"legacy/a\"]\nlevels = { DC1003 = \"info\" }\n",
      names());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config_for(*config, "new/Dockerfile")->ignore, Texts{"DC1001"});
  EXPECT_EQ(config_for(*config, "legacy/b/Dockerfile")->ignore, (Texts{"DC1001", "DC1009"}));
  EXPECT_EQ(config_for(*config, "x/Dockerfile.old")->ignore, (Texts{"DC1001", "DC1009"}));
  EXPECT_EQ(config_for(*config, "legacy/a/Dockerfile")->levels.at("DC1003"), Level::kInfo);
  EXPECT_TRUE(config_for(*config, "legacy/b/Dockerfile")->levels.empty());
}

TEST(Overrides, AreRefusedWhereTheyMakeNoSense) {
  for (const char* text : {"[[overrides]]\nignore = [\"DC1009\"]\n", "[[overrides]]\npath = [\"a\"]\n",
                           "overrides = 1\n", "[[overrides]]\npaths = \"a\"\n"}) {
    EXPECT_FALSE(read_config(text, names())) << text;
  }
  Config config;
  config.overrides.push_back({{"[a"}, {}, {}});
  EXPECT_FALSE(config_for(config, "a"));
}

TEST(Config, IsTheSameWhenItIsWrittenAndReadAgain) {
  const std::string text =
      "profile = \"all\"\nselect = [\"DC1001\"]\nignore = [\"DL3008\"]\nfail-on = \"none\"\nminimum-engine = "
      "\"25.0\"\n"
      "builder = \"classic\"\nshellcheck = false\ntrusted-registries = [\"a.example\"]\nstrict-labels = "
      "true\nreport-unused-suppressions = true\n"
      "[levels]\nDC1003 = \"info\"\n[label-schema]\nx = \"url\"\n[[overrides]]\npaths = [\"a\"]\nignore = "
      "[\"DC1001\"]\n[[package-managers]]\nname = \"bazel\"\nprograms = [\"bazel\"]\n"
      "caches = [\"~/.cache/bazel\"]\nsharing = \"locked\"\ncommands = [\"build\"]\n";
  const auto config = read_config(text, names());
  ASSERT_TRUE(config) << config.error().message;
  const std::string written = to_toml(*config);
  const auto again = read_config(written, names());
  ASSERT_TRUE(again) << again.error().message << "\n" << written;
  EXPECT_EQ(to_toml(*again), written);
}

// Package managers of the configuration are known like the others.
TEST(OwnPackageManagers, AreLookedFor) {
  const std::string bazel =
      "[[package-managers]]\nname = \"bazel\"\nprograms = [\"bazel\", \"python -m bazel\"]\n"
      "commands = [\"build\"]\ncaches = [\"~/.cache/bazel\", \"/var/bazel\"]\ncache-env = [\"BAZEL_CACHE\"]\n"
      "sharing = \"locked\"\nmanifests = [\"MODULE.bazel\"]\nopt-out = [\"--no-cache\"]\n";
  auto config = read_config(bazel, names());
  ASSERT_TRUE(config) << config.error().message;
  config->select = {"DC1003"};
  const auto mended = [&](const std::string& steps) { return test::fixed("FROM a\n" + steps, *config); };
  EXPECT_EQ(mended("RUN bazel build //x\n"),
            "FROM a\nRUN --mount=type=cache,target=/root/.cache/bazel,sharing=locked \\\n"
            "    --mount=type=cache,target=/var/bazel,sharing=locked \\\n    bazel build //x\n");
  EXPECT_NE(mended("ENV BAZEL_CACHE=/c\nRUN sudo python -m bazel -v build x\n").find("target=/c,"),
            std::string::npos);
  EXPECT_EQ(mended("RUN bazel version\n"), "FROM a\nRUN bazel version\n");
  config->select = {"DC1001"};
  EXPECT_EQ(test::findings("FROM a\nCOPY . .\nRUN bazel build x\n", *config),
            std::vector<std::string>{"DC1001:2"});
  config->package_managers.front().commands.clear();
  EXPECT_EQ(test::findings("FROM a\nCOPY . .\nRUN bazel x\n", *config), std::vector<std::string>{"DC1001:2"});
  for (const char* text :
       {"name = \"a\"\n", "name = \"a\"\nprograms = [\"a\"]\n",
        "name = \"a\"\nprograms = [\"a\"]\ncaches = [\"x\"]\n", "programs = [\"a\"]\ncaches = [\"/x\"]\n",
        "name = \"a\"\nprogram = [\"a\"]\ncaches = [\"/x\"]\n",
        "name = \"a\"\nprograms = [\"a\"]\ncaches = [\"/x\"]\nsharing = \"lock\"\n"})
    EXPECT_FALSE(read_config("[[package-managers]]\n" + std::string(text), names())) << text;
  EXPECT_FALSE(read_config("package-managers = 1\n", names()));
}

// docs/dcache.schema.json is what editors check the file with.
TEST(ConfigSchema, HasTheKeysThatAreRead) {
  std::ifstream file(DCACHE_SOURCE_DIR "/docs/dcache.schema.json");
  const auto schema = nlohmann::json::parse(file);
  std::vector<std::string> keys;
  for (const auto& [key, value] : schema.at("properties").items())
    keys.push_back(key);
  std::vector<std::string> known;
  for (const std::string_view key : config_keys())
    known.emplace_back(key);
  std::ranges::sort(known);
  EXPECT_EQ(keys, known);
}

}  // namespace
}  // namespace dcache::lint
