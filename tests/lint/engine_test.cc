#include "dcache/lint/engine.h"

#include <algorithm>
#include <utility>

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
  // A finding stands for those of other rules in the same instruction.
  EXPECT_EQ(findings("FROM a:1\nRUN apk add x\n", config), (Texts{"DC1009:1", "DC1003:2"}));
  config.profile = Profile::kHadolint;
  EXPECT_EQ(findings(text, config), (Texts{"DL3006:1", "DL3007:3"}));
  config.profile = Profile::kAll;
  EXPECT_EQ(findings(text, config),
            (Texts{"DL3006:1", "DC1009:1", "DL3007:3", "DC1009:3", "DL3057:4", "DC1009:4"}));
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

struct ListCase {
  Texts select, extend_select, ignore;
  const char* text;
  Texts found;
};
TEST(Selecting, TakesPrefixesAndAddsToTheProfile) {
  for (const ListCase& c :
       {ListCase{{"DC5"}, {}, {}, "FROM debian:9\nRUN apt-key add k\n", {"DC5003:1", "DC5005:2"}},
        {{"dc5003"}, {"DC5004"}, {}, "FROM debian:9\nEXPOSE 22\n", {"DC5003:1", "DC5004:2"}},
        {{"DC4"}, {}, {}, "FROM a\nUSER b\nCOPY c d\n", {}},
        {{"DC4013"}, {}, {}, "FROM a\nUSER b\nCOPY c d\n", {"DC4013:3"}},
        {{}, {"DC4013"}, {"DC1"}, "FROM a\nUSER b\nCOPY c /d\n", {"DC4013:3"}},
        {{"DC5"}, {}, {"DC5003"}, "FROM debian:9\nRUN apt-key add k\n", {"DC5005:2"}},
        {{"DC50"}, {}, {"DC5"}, "FROM debian:9\nRUN apt-key add k\n", {"DC5003:1", "DC5005:2"}},
        {{"DC5003"}, {}, {"DC5003"}, "FROM debian:9\nRUN apt-key add k\n", {"DC5003:1"}},
        {{}, {"DC5"}, {"DC", "DC5003"}, "FROM debian:9\nRUN apt-key add k\n", {"DC5005:2"}},
        {{}, {}, {"DC"}, "FROM debian:9\n", {}}}) {
    Config config;
    config.select = c.select;
    config.extend_select = c.extend_select;
    config.ignore = c.ignore;
    EXPECT_EQ(findings(c.text, config), c.found) << c.text;
  }
}

TEST(Levels, SwitchARuleOn) {
  Config config;
  config.ignore = {"DC1"};
  config.levels["DC4013"] = Level::kInfo;
  EXPECT_EQ(findings("FROM a\nUSER b\nCOPY c /d\n", config), (Texts{"DC4013:3"}));
}

TEST(Levels, ComeFromTheConfiguration) {
  Config config;
  config.levels["DC1009"] = Level::kError;
  const Linter linter(catalogue(), config);
  EXPECT_EQ(linter.lint(dockerfile::parse("FROM a:1\n"), {}).diagnostics[0].level, Level::kError);
}

TEST(Levels, AreByCodeOrNameOrThePrefixThatSaysMost) {
  for (const auto& [levels, level] : std::vector<std::pair<std::map<std::string, Level, std::less<>>, Level>>{
           {{{"dc1009", Level::kError}}, Level::kError},
           {{{"unpinned-base", Level::kError}, {"DC10", Level::kStyle}}, Level::kError},
           {{{"DC", Level::kError}, {"DC1", Level::kStyle}}, Level::kStyle},
           {{{"DC", Level::kStyle}, {"DC1009", Level::kError}}, Level::kError}}) {
    Config config;
    config.levels = levels;
    const auto found = Linter(catalogue(), config).lint(dockerfile::parse("FROM a:1\n"), {}).diagnostics;
    EXPECT_EQ(found.at(0).level, level) << levels.begin()->first;
  }
}

// A prefix is about what runs anyway.
TEST(Levels, OfAPrefixSwitchNoRuleOn) {
  Config config;
  config.ignore = {"DC1"};
  config.levels["DC4"] = Level::kInfo;
  EXPECT_EQ(findings("FROM a\nUSER b\nCOPY c /d\n", config), Texts{});
}

// `# check=error=true` makes a build fail for BuildKit's checks, and for them alone.
TEST(Levels, AreRaisedByTheCheckDirective) {
  const auto levels = [](const std::string& directive) {
    const Config config = config_selecting({"FromAsCasing", "DC1009"});
    std::vector<Level> found;
    for (const Diagnostic& diagnostic :
         Linter(catalogue(), config).lint(dockerfile::parse(directive + "FROM a:1 as b\n"), {}).diagnostics)
      found.push_back(diagnostic.level);
    return found;
  };
  EXPECT_EQ(levels(""), (std::vector{Level::kWarning, Level::kInfo}));
  EXPECT_EQ(levels("# check=error=false\n"), (std::vector{Level::kWarning, Level::kInfo}));
  EXPECT_EQ(levels("# check=error=true\n"), (std::vector{Level::kError, Level::kInfo}));
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
        {"# hadolint stage ignore=DL3006\nFROM a\n", 0},
        {"# dcache stage ignore=DC1009 why\n\nFROM a AS x\nUSER 1\nFROM b\nUSER 1\n", 1},
        {"ARG HTTP_PROXY\n# hadolint stage ignore=DL3006\nARG NO_PROXY\nFROM a\n", 1},
        {"# check=skip=DC1009\nFROM a\n", 0},
        {"# check=skip=all\nFROM a\n", 1},
        {"# dcacheignore=DC1009\nFROM a\n", 1},
        {"# dcache ignore=\nFROM a\n", 1}}) {
    EXPECT_EQ(findings(c.text, {}).size(), c.findings) << c.text;
  }
}

struct CheckCommentCase {
  const char* text;
  Texts found;
};

// As BuildKit's source has it since November 2025.
TEST(CheckComments, SwitchChecksOffForOneInstruction) {
  Config config;
  config.profile = Profile::kBuildkit;
  for (const CheckCommentCase& c : {
           CheckCommentCase{"FROM a\nCMD x\n", {"JSONArgsRecommended:2"}},
           {"FROM a\n# check=skip=JSONArgsRecommended\nCMD x\n", {}},
           {"FROM a\n# check=skip=JSONArgsRecommended because of signals\nCMD x\n", {}},
           {"FROM a\n#   Check = skip=JSONArgsRecommended\nCMD x\n", {}},
           {"FROM a\n# check=skip=all\nCMD x\n", {}},
           {"FROM a\n# check=skip=UndefinedVar,JSONArgsRecommended;error=true\n\n# text\nCMD x\n", {}},
           // Letter by letter, no blanks after commas, and `all` on its own.
           {"FROM a\n# check=skip=jsonargsrecommended\nCMD x\n", {"JSONArgsRecommended:3"}},
           {"FROM a\n# check=skip=UndefinedVar, JSONArgsRecommended\nCMD x\n", {"JSONArgsRecommended:3"}},
           {"FROM a\n# check=skip=UndefinedVar,all\nCMD x\n", {"JSONArgsRecommended:3"}},
           {"FROM a\n# check=skip=JSONArgsRecommended;skp=x\nCMD x\n", {"JSONArgsRecommended:3"}},
           // It belongs to the next instruction alone, and an empty comment ends it.
           {"FROM a\n# check=skip=all\nRUN x\nCMD x\n", {"JSONArgsRecommended:4"}},
           {"FROM a\n# check=skip=all\n#\nCMD x\n", {"JSONArgsRecommended:4"}},
           {"FROM a\n  # check=skip=all\nCMD x\n", {"JSONArgsRecommended:3"}},
           {"FROM a\nRUN x \\\n# check=skip=all\n  y\nCMD x\n", {"JSONArgsRecommended:5"}},
           // The first of several counts.
           {"FROM a\n# check=skip=UndefinedVar\n# check=skip=all\nCMD x\n", {"JSONArgsRecommended:4"}},
           // Checks of FROM, and those of the whole file, which it does not reach.
           {"FROM x AS a\n# check=skip=StageNameCasing,FromAsCasing\nFROM a as B\n", {}},
           {"FROM x AS a\n# check=skip=UndefinedArgInFrom\nFROM a${X}\n", {}},
           {"FROM x AS a\n# check=skip=all\nFROM x AS a\n", {"DuplicateStageName:3"}},
           {"FROM a\n# check=skip=all\nrun x\n", {"ConsistentInstructionCasing:3"}},
           // Of two the later is looked at, and the earlier is reported.
           {"FROM a\n# check=skip=all\nCMD [\"x\"]\nCMD [\"y\"]\n", {"MultipleInstructionsDisallowed:3"}},
           {"FROM a\nCMD [\"x\"]\n# check=skip=all\nCMD [\"y\"]\n", {}},
           // What ONBUILD put off has no comments.
           {"FROM a AS b\n# check=skip=all\nONBUILD CMD x\n# check=skip=all\nFROM b\n",
            {"JSONArgsRecommended:5"}},
           {"FROM a\n# check=experimental=InvalidDefinitionDescription\nARG X\n",
            {"InvalidDefinitionDescription:3"}},
           {"FROM a\n# check=experimental=all\nARG X\n# text\nARG Y\n", {"InvalidDefinitionDescription:3"}},
       }) {
    EXPECT_EQ(findings(c.text, config), c.found) << c.text;
  }
}

TEST(CheckComments, NameOtherRulesToo) {
  EXPECT_EQ(findings("FROM a:1\n# check=skip=DC1003\nRUN npm ci\n", {}), Texts{"DC1009:1"});
  EXPECT_EQ(findings("FROM a:1\n# check=skip=all\nRUN npm ci\n", {}), (Texts{"DC1009:1", "DC1003:3"}));
}

TEST(CheckComments, AreReportedWhereTheyDoNothing) {
  Config config;
  config.profile = Profile::kBuildkit;
  config.report_unused = true;
  EXPECT_EQ(findings("FROM a\n# check=skip=JSONArgsRecommended\nCMD x\n", config), Texts{});
  EXPECT_EQ(findings("FROM a\n# check=skip=JSONArgsRecommended,UndefinedVar\nCMD x\n", config),
            Texts{"DC0002:2"});
  EXPECT_EQ(findings("FROM a\n# check=skip=all\nCMD x\n", config), Texts{});
  EXPECT_EQ(findings("FROM a\n# check=skip=all\nCMD [\"x\"]\n", config), Texts{"DC0002:2"});
  EXPECT_EQ(findings("FROM a\n# check=skip=NoSuchCheck\nCMD [\"x\"]\n", config), Texts{"DC0002:2"});
}

// What BuildKit looks at before it refuses a line.
TEST(Checks, GoAsFarAsBuildkitDoes) {
  Config config;
  config.profile = Profile::kBuildkit;
  for (const CheckCommentCase& c : {
           CheckCommentCase{"MAINTAINER x\nFROM a\n", {"DC0001:1", "MaintainerDeprecated:1"}},
           {"FROM a\nFOO\nMAINTAINER x\n", {"DC0001:2"}},
           {"FROM x must y\n", {"DC0001:1", "FromAsCasing:1"}},
           {"FROM x as Y z\n", {"DC0001:1", "FromAsCasing:1"}},
           {"FROM a\nCOPY $x ${y /\n", {"UndefinedVar:2", "DC0001:2"}},
           {"FROM a\nCOPY ${y $x /\n", {"DC0001:2"}},
           {"FROM a\nARG A=${B:x}\nCMD x\n", {"UndefinedVar:2", "DC0001:2"}},
           {"FROM a\nENV A=$x B=\"y\nCMD x\n", {"UndefinedVar:2", "DC0001:2"}},
           {"FROM a\nCOPY --chmod=9 $x /\nCMD x\n", {"UndefinedVar:2", "DC0001:2"}},
           {"FROM a\nEXPOSE foo:80:80\nCMD x\n", {"ExposeInvalidFormat:2", "DC0001:2"}},
           {"FROM a\nEXPOSE 80/FOO\n", {"DC0001:2"}},
           // Names of stages come before anything is resolved, platforms after the base image.
           {"FROM a AS b\nFROM $X AS b\n",
            {"DuplicateStageName:2", "InvalidDefaultArgInFrom:2", "UndefinedArgInFrom:2", "DC0001:2"}},
           {"FROM a\nCMD x\nFROM b:\nCMD y\n", {"InvalidDefaultArgInFrom:3", "DC0001:3"}},
           {"FROM a\nCMD x\nFROM b\nCOPY --from=7 /x /\n", {"DC0001:4"}},
           {"FROM a\nARG A=\"x\n", {"DC0001:2"}},
           {"FROM a\nARG A=$B C=${A\n", {"UndefinedVar:2", "DC0001:2"}},
           {"FROM a\nRUN --device=x true\n", {"DC0001:2"}},
           {"FROM a\nRUN --device= true\n", {"DC0001:2"}},
           {"# syntax=docker/dockerfile:1\nFROM a\nRUN --device=x true\n", {"DC0001:3"}},
           {"# syntax=docker/dockerfile:1-labs\nFROM a\nRUN --device=x true\n", {}},
           {"FROM a AS x\nCOPY --from=y /a /b\nFROM b AS y\nFROM x\n", {"DC0001:2"}},
           {"FROM a AS x\nRUN --mount=from=y,target=/b true\nFROM b AS y\nFROM x\n", {"DC0001:2"}},
           // A stage that the target does not need: it is checked, and does not stop a build.
           {"FROM a AS b\nSTOPSIGNAL foo\nCMD x\nFROM c\nCMD x\n", {}},
       }) {
    EXPECT_EQ(findings(c.text, config), c.found) << c.text;
  }
}

// BuildKit leaves the name of an ARG as it is that it can't expand. A variable that must be set is refused if
// no build argument and no base image can set it.
TEST(NotBuildable, AreVariablesThatNothingCanSet) {
  const Config config = config_selecting({"DC4002"});
  for (const CheckCommentCase& c : {
           CheckCommentCase{"FROM a\nARG A \"x\n", {}},
           {"FROM a\nARG \"x\n", {}},
           {"FROM a\nARG \"A=x\n", {}},
           {"FROM a\nARG A${B\n", {}},
           {"FROM a\nARG A=\"x\n", {"DC0001:2"}},
           {"FROM scratch\nENV A=${B:?no}\n", {"DC0001:2"}},
           {"FROM scratch\nUSER ${U:?no}\n", {"DC0001:2"}},
           {"FROM scratch AS s\nFROM s\nUSER ${U:?no}\n", {"DC0001:3"}},
           {"FROM scratch\nARG U\nUSER ${U:?no}\n", {}},
           {"FROM a\nUSER ${U:?no}\n", {}},
           {"ARG B=scratch\nFROM $B\nUSER ${U:?no}\n", {}},
           {"ARG U\nFROM scratch\nUSER ${U:?no}\n", {"DC0001:3"}},
       }) {
    EXPECT_EQ(findings(c.text, config), c.found) << c.text;
  }
}

TEST(UndefinedVar, SuggestsOnlyNamesThatAreDeclaredThere) {
  Config config = config_selecting({"UndefinedVar"});
  const Linter linter(catalogue(), config);
  const auto remedy = [&](const char* text) {
    const dockerfile::File file = dockerfile::parse(text);
    const Findings findings = linter.lint(file, {});
    return findings.diagnostics.empty() ? std::string() : findings.diagnostics.front().remedy;
  };
  EXPECT_EQ(remedy("FROM a\nCOPY a ${VERSION}/\nENV VERSIN=1\n"),
            "set it with ARG or ENV above, or give it a default value");
  EXPECT_EQ(remedy("FROM a\nENV VERSIN=1\nCOPY a ${VERSION}/\n"), "did you mean VERSIN?");
  EXPECT_EQ(remedy("FROM a\nARG VERSON\nCOPY a ${VERSION}/\nENV VERSIN=1\n"), "did you mean VERSON?");
  EXPECT_EQ(remedy("FROM a AS b\nENV VERSIN=1\nFROM b\nCOPY a ${VERSION}/\n"), "did you mean VERSIN?");
}

TEST(RootUser, IsAnInfoIfTheFileHasNoOther) {
  const Linter linter(catalogue(), Config());
  const auto level = [&](const char* text) {
    const dockerfile::File file = dockerfile::parse(text);
    const Findings findings = linter.lint(file, {});
    const auto found = std::ranges::find(findings.diagnostics, "DL3002", &Diagnostic::rule);
    return found == findings.diagnostics.end() ? std::optional<Level>() : found->level;
  };
  EXPECT_EQ(level("FROM fluentd\nUSER root\nRUN x\nCMD [\"y\"]\n"), Level::kInfo);
  EXPECT_EQ(level("FROM a\nUSER app\nRUN x\nUSER root\nCMD [\"y\"]\n"), Level::kWarning);
}

TEST(JSONArgsRecommended, SaysWhatBreaksTheArray) {
  constexpr const char* kNeedsShell =
      "this command needs a shell: write CMD [\"/bin/sh\", \"-c\", \"exec …\"] with exec before the "
      "program that keeps running, start a script that ends with exec, or name the shell with SHELL";
  const Config config = config_selecting({"JSONArgsRecommended"});
  const Linter linter(catalogue(), config);
  for (const auto& [command, remedy] : std::initializer_list<std::pair<const char*, const char*>>{
           {"[\"dotnet\", \"a.dll\"]]", "remove one ] at the end"},
           {"[\"dotnet\", \"a.dll\",]", "remove the comma before the ]"},
           {"[\"dotnet\", \"a.dll\"", "add the ] at the end"},
           {"['dotnet', 'a.dll']", "put double quotes around every element"},
           {"[\"dotnet\" \"a.dll\"]", "put double quotes around every element, and commas between them"},
           {"[\"dotnet\", \"a.dll\"] --x", "remove the text after the ]:  --x"},
           {"dotnet a.dll", "write CMD [\"dotnet\", \"a.dll\"]"},
           {"[ -f a.dll ] && dotnet a.dll", kNeedsShell},
           {"[ \"$A\" = 1 ] && dotnet a.dll", kNeedsShell},
       }) {
    const Findings found = linter.lint(dockerfile::parse("FROM a\nCMD " + std::string(command) + "\n"), {});
    ASSERT_EQ(found.diagnostics.size(), 1u) << command;
    EXPECT_EQ(found.diagnostics[0].remedy, remedy) << command;
  }
}

TEST(NotBuildable, SaysWhatMayHaveBeenMeant) {
  const Config config;
  const Linter linter(catalogue(), config);
  for (const auto& [line, remedy] : std::initializer_list<std::pair<const char*, const char*>>{
           {"RUN --mount=type=cach,target=/x true", "did you mean 'cache'?"},
           {"RUN --mount=tpe=cache,target=/x true", "did you mean 'type'?"},
           {"RUN --mount=type=cache,target=/x,sharing=lockd true", "did you mean 'locked'?"},
           {"RUN --netwrok=none true", "did you mean --network?"},
           {"RUN --network=nne true", "did you mean 'none'?"},
           {"COPPY a b", "did you mean COPY?"},
           {"apt-get install x", "if it belongs to the line above, end that line with the escape character"},
           {"STOPSIGNAL TREM", "did you mean 'SIGTERM'?"},
           {"FROM --platform=linus x", "did you mean 'linux'?"},
       }) {
    const std::string text = "FROM a\n" + std::string(line) + "\n";
    const Findings found = linter.lint(dockerfile::parse(text), {});
    const auto error = std::ranges::find(found.diagnostics, kNotBuildable, &Diagnostic::rule);
    ASSERT_NE(error, found.diagnostics.end()) << line;
    EXPECT_EQ(error->remedy, remedy) << line;
  }
}

TEST(Suppressions, OfAStageHoldForAllOfIt) {
  const Config config = test::config_selecting({"DL3011"});
  EXPECT_EQ(findings("FROM a:1\nEXPOSE 80000\n# hadolint stage ignore=DL3011\nFROM a:1\nRUN x\nEXPOSE 80000\n"
                     "FROM a:1\nEXPOSE 80000\n",
                     config),
            (Texts{"DL3011:2", "DL3011:8", "DC0001:8"}));
  EXPECT_EQ(findings("FROM a:1\n# hadolint stage ignore=DL3011\nEXPOSE 80000\n", config),
            (Texts{"DL3011:3", "DC0001:3"}));
}

TEST(Linter, GoesAsFarAsTheFileCanBeRead) {
  const Config config;
  const dockerfile::File file = dockerfile::parse("FROM a:1\nFOO\nENV x\nRUN npm ci\n");
  EXPECT_FALSE(Linter(catalogue(), config).lint(file, {}).parses);
  EXPECT_EQ(findings("FROM a:1\nFOO\nENV x\nRUN npm ci\n", config),
            (Texts{"DC1009:1", "DC0001:2", "DC0001:3", "DC1003:4"}));
  EXPECT_EQ(findings("RUN npm ci\n", config), Texts{"DC0001:1"});
}

TEST(Linter, SaysOnceThatAVariableCanNotNameAnImage) {
  const std::string text = "FROM a:1\nARG image=busybox\nCOPY --from=${image} /a /b\n";
  Config config;
  config.ignore = {"DC1009"};
  for (const plan::Builder builder :
       {plan::Builder::kBuildkit, plan::Builder::kClassic, plan::Builder::kBuildah}) {
    config.builder = builder;
    EXPECT_EQ(findings(text, config), Texts{"DC0001:3"});
    const dockerfile::File file = dockerfile::parse(text);
    const auto found = Linter(catalogue(), config).lint(file, {}).diagnostics;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(
        found.front().sentence(),
        "--from can't contain a variable: give the image its own stage, FROM ${image} AS NAME, with an ARG "
        "above the first FROM, and write --from=NAME");
  }
}

TEST(Findings, AreInTheOrderOfTheLinesThatAreShown) {
  const std::string text =
      "FROM debian:12\nRUN apt-get update \\\n && apt-get install -y a=1 \\\n && go install x.io/t\n";
  const Config config = test::config_selecting({"DL3062", "DC1003"});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(text);
  std::vector<uint32_t> lines;
  for (const Diagnostic& diagnostic : linter.lint(file, {}).diagnostics)
    lines.push_back(file.lines().line_of(diagnostic.shown().begin));
  EXPECT_TRUE(std::ranges::is_sorted(lines));
  EXPECT_GE(lines.size(), 2U);
}

TEST(Fixes, WaitForEachOtherAndEndStable) {
  const Config config;
  const std::string text =
      "FROM node@sha256:1111111111111111111111111111111111111111111111111111111111111111\nRUN npm ci && pip "
      "install x==1\n";
  const std::string fixed_text = test::fixed(text, config);
  EXPECT_EQ(fixed_text,
            "FROM "
            "node@sha256:1111111111111111111111111111111111111111111111111111111111111111\nRUN "
            "--mount=type=cache,target=/root/.npm \\\n"
            "    --mount=type=cache,target=/root/.cache/pip \\\n    npm ci && pip install x==1\n");
  EXPECT_EQ(test::fixed(fixed_text, config), fixed_text);
  EXPECT_EQ(findings(fixed_text, config), Texts{});
}

TEST(Fixes, KeepLineEndsAndBytesThatAreNoText) {
  const std::string text =
      "FROM node@sha256:1111111111111111111111111111111111111111111111111111111111111111\r\n# \xFF\r\nRUN "
      "npm "
      "ci\r\n";
  EXPECT_EQ(test::fixed(text, {}),
            "FROM "
            "node@sha256:1111111111111111111111111111111111111111111111111111111111111111\r\n# \xFF\r\nRUN "
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
