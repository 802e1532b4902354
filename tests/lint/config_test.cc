// Configuration: our own file, hadolint's, and what holds for one Dockerfile.
#include "dcache/lint/config.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/lint/linters.h"
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
  for (const BadCase& c :
       {BadCase{"ignord: []\n", "unknown key 'ignord'", 1},
        {"\nignored: [DL3OO8]\n", "unknown rule 'DL3OO8'", 2},
        {"ignored: DL3008\n", "this is not a list", 1},
        {"override:\n  fatal: [DL3008]\n", "unknown level 'fatal'", 2},
        {"label-schema:\n  a: number\n", "unknown label type 'number'", 2},
        {"label-schema:\n  \"a\\nb\": semver\n", "the name of a label contains a control character", 2},
        {"- a\n", "this is not a list of settings", 1},
        {"strict-labels: perhaps\n", "bad conversion", 1},
        {"ignored: [\n", "end of sequence flow not found", 2}}) {
    const auto config = read_hadolint_config(c.text, names());
    ASSERT_FALSE(config) << c.text;
    EXPECT_NE(config.error().message.find(c.message), std::string::npos) << config.error().message;
    EXPECT_EQ(config.error().line, c.line) << c.text;
  }
}

TEST(Configs, NameTheKeysInPlaceOfUnknownOnes) {
  const auto own = read_config("wibble = 1\n", names());
  ASSERT_FALSE(own);
  EXPECT_NE(own.error().remedy.find("known are images, "), std::string::npos) << own.error().remedy;
  EXPECT_EQ(read_config("excldue = []\n", names()).error().remedy, "did you mean 'exclude'?");
  EXPECT_NE(read_hadolint_config("wibble: 1\n", names()).error().remedy.find("known are ignored, "),
            std::string::npos);
  EXPECT_EQ(read_config("[levels]\nFOO = \"error\"\n", names()).error().remedy,
            "dcache rules lists all rules");
}

Texts messages_of(const std::vector<ConfigError>& notes) {
  Texts messages;
  for (const ConfigError& note : notes)
    messages.push_back(note.message);
  return messages;
}

TEST(HadolintConfig, NotesRetiredCodesAndGoesOn) {
  std::vector<ConfigError> notes;
  const auto config = read_hadolint_config(
      "ignored:\n  - DL3005\n  - DL3008\noverride:\n  info: [DL3031, DL9999]\n"
      "disable-ignore-pragma: true\n",
      names(), notes);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ignore, Texts{"DL3008"});
  EXPECT_TRUE(config->levels.empty());
  EXPECT_EQ(messages_of(notes),
            (Texts{"there is no rule DL3005 any more: hadolint removed it",
                   "there is no rule DL3031 any more: hadolint removed it", "there is no rule DL9999 here",
                   "'disable-ignore-pragma' has no effect here"}));
  EXPECT_EQ(notes.front().line, 2u);
}

TEST(HadolintConfig, TakesOneRegistryWithoutAList) {
  EXPECT_EQ(read_hadolint_config("trustedRegistries: docker.io\n", names())->trusted_registries,
            Texts{"docker.io"});
}

Variables variables_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(HadolintVariables, AreRead) {
  Config config;
  config.ignore = {"DL3000"};
  std::vector<ConfigError> notes;
  const auto variables = variables_of({{"HADOLINT_IGNORE", "DL3010, DL3005,SC2086"},
                                       {"HADOLINT_OVERRIDE_ERROR", "DL3008"},
                                       {"HADOLINT_OVERRIDE_STYLE", "DL3009"},
                                       {"HADOLINT_TRUSTED_REGISTRIES", "docker.io,x.io:5000"},
                                       {"HADOLINT_REQUIRE_LABELS", "maintainer:text,v:semver"},
                                       {"HADOLINT_STRICT_LABELS", "yes"},
                                       {"HADOLINT_FAILURE_THRESHOLD", "info"}});
  ASSERT_FALSE(add_hadolint_variables(variables, names(), config, notes));
  EXPECT_EQ(config.ignore, (Texts{"DL3000", "DL3010", "SC2086"}));
  EXPECT_EQ(config.levels.at("DL3008"), Level::kError);
  EXPECT_EQ(config.levels.at("DL3009"), Level::kStyle);
  EXPECT_EQ(config.trusted_registries, (Texts{"docker.io", "x.io:5000"}));
  EXPECT_EQ(config.label_schema.at("v"), LabelType::kSemver);
  EXPECT_TRUE(config.strict_labels);
  EXPECT_EQ(config.fail_on, Level::kInfo);
  EXPECT_EQ(messages_of(notes),
            Texts{"HADOLINT_IGNORE: there is no rule DL3005 any more: hadolint removed it"});
  ASSERT_FALSE(add_hadolint_variables(variables_of({{"HADOLINT_NOFAIL", "true"}}), names(), config, notes));
  EXPECT_EQ(config.fail_on, std::nullopt);
}

TEST(HadolintVariables, AreRefusedWhereTheyMakeNoSense) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"HADOLINT_IGNORE", "DL3O08"},
                                                                  {"HADOLINT_REQUIRE_LABELS", "a"},
                                                                  {"HADOLINT_REQUIRE_LABELS", "a:b"},
                                                                  {"HADOLINT_FAILURE_THRESHOLD", "bad"}};
  for (const auto& [name, value] : cases) {
    Config config;
    std::vector<ConfigError> notes;
    const auto wrong = add_hadolint_variables(variables_of({{name, value}}), names(), config, notes);
    ASSERT_TRUE(wrong) << name;
    EXPECT_TRUE(wrong->message.starts_with(name + ": ")) << wrong->message;
  }
}

TEST(Linters, ReadWhatUsersOfHadolintHaveAtHome) {
  const test::TemporaryFolder home, project;
  home.write(".hadolint.yml", "ignored: [DL3008]\n");
  const auto config_of = [&](const std::string& path) {
    Linters linters(catalogue(), {.variables = variables_of({{"HOME", home.path()},
                                                             {"XDG_CONFIG_HOME", home / "xdg"},
                                                             {"HADOLINT_IGNORE", "DL3009"}})});
    return linters.of(path).config;
  };
  EXPECT_EQ(config_of(project / "Dockerfile").ignore, (Texts{"DL3008", "DL3009"}));
  home.write(".config/hadolint.yaml", "ignored: [DL3007]\n");
  EXPECT_EQ(config_of(project / "Dockerfile").ignore, (Texts{"DL3007", "DL3009"}));
  home.write("xdg/hadolint.yaml", "ignored: [DL3006]\n");
  EXPECT_EQ(config_of(project / "Dockerfile").ignore, (Texts{"DL3006", "DL3009"}));
  project.write("a/.hadolint.yaml", "ignored: [DL3003]\n");
  EXPECT_EQ(config_of(project / "a/Dockerfile").ignore, (Texts{"DL3003", "DL3009"}));
  project.write("a/.dcache.toml", "ignore = [\"DC1001\"]\n");
  EXPECT_EQ(config_of(project / "a/Dockerfile").ignore, Texts{"DC1001"});
}

TEST(Config, NotesRulesThatOnlyHadolintHas) {
  std::vector<ConfigError> notes;
  const auto config = read_config(
      "ignore = [\"DL3005\", \"DC1001\"]\n[levels]\nDL3017 = \"info\"\n"
      "[[overrides]]\npaths = [\"a\"]\nignore = [\"dl3999\"]\n",
      names(), notes);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->ignore, Texts{"DC1001"});
  EXPECT_TRUE(config->levels.empty());
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_EQ(notes[0].message, "there is no rule DL3005 any more: hadolint removed it");
  EXPECT_FALSE(read_config("select = [\"DL3005\"]\n", names()));
}

TEST(Overrides, HoldForTheFilesTheyName) {
  const auto config = read_config(
      "ignore = [\"DC1001\"]\n"
      "[[overrides]]\npaths = [\"legacy\", \"**/*.old\"]\nignore = [\"DC1009\"]\n"
      "[[overrides]]\npaths = [\"legacy/a\"]\nlevels = { DC1003 = \"info\" }\n",
      names());
  ASSERT_TRUE(config) << config.error().message;
  const auto settings = FileSettings::compile(*config);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->of("new/Dockerfile").ignore, Texts{"DC1001"});
  EXPECT_EQ(settings->of("legacy/b/Dockerfile").ignore, (Texts{"DC1001", "DC1009"}));
  EXPECT_EQ(settings->of("x/Dockerfile.old").ignore, (Texts{"DC1001", "DC1009"}));
  EXPECT_EQ(settings->of("legacy/a/Dockerfile").levels.at("DC1003"), Level::kInfo);
  EXPECT_TRUE(settings->of("legacy/b/Dockerfile").levels.empty());
}

TEST(Overrides, AreRefusedWhereTheyMakeNoSense) {
  for (const char* text : {"[[overrides]]\nignore = [\"DC1009\"]\n", "[[overrides]]\npath = [\"a\"]\n",
                           "overrides = 1\n", "[[overrides]]\npaths = \"a\"\n"}) {
    EXPECT_FALSE(read_config(text, names())) << text;
  }
  Config config;
  config.overrides.push_back({{"[a"}, {}, {}});
  EXPECT_FALSE(FileSettings::compile(config));
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
  const std::string usual = to_toml(Config());
  const auto usual_again = read_config(usual, names());
  ASSERT_TRUE(usual_again) << usual_again.error().message << "\n" << usual;
  EXPECT_EQ(to_toml(*usual_again), usual);
}

TEST(Config, KnowsVersionsOfDocker) {
  for (const char* version : {"23", "23.0", "20.10", ""})
    EXPECT_TRUE(read_config(std::string("minimum-engine = \"") + version + "\"\n", names())) << version;
  for (const char* version : {"twenty", "20.1O", "23.", ".0", "1.2.3"})
    EXPECT_FALSE(read_config(std::string("minimum-engine = \"") + version + "\"\n", names())) << version;
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
  const auto fixed_text = [&](const std::string& steps) {
    return test::fixed("FROM debian\n" + steps, *config);
  };
  EXPECT_EQ(fixed_text("RUN bazel build //x\n"),
            "FROM debian\nRUN --mount=type=cache,target=/root/.cache/bazel,sharing=locked \\\n"
            "    --mount=type=cache,target=/var/bazel,sharing=locked \\\n    bazel build //x\n");
  EXPECT_NE(fixed_text("ENV BAZEL_CACHE=/c\nRUN sudo python -m bazel -v build x\n").find("target=/c,"),
            std::string::npos);
  EXPECT_EQ(fixed_text("RUN bazel version\n"), "FROM debian\nRUN bazel version\n");
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
