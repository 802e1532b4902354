// Verdicts on small builds, and the stories of the fixtures.
#include "dcache/cache/build.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "tests/cache/small_builds.h"
#include "tests/run_program.h"

namespace dcache::cache {
namespace {

using context::Record;
using test::build_of;
using test::compare_texts;
using test::file;
using test::verdicts;

TEST(Compare, OfTheSameStateReusesEverything) {
  const std::string text =
      "FROM x@sha256:1111111111111111111111111111111111111111111111111111111111111111\nWORKDIR /w\nCOPY a "
      ".\nRUN y\n";
  EXPECT_EQ(compare_texts(text, text), "2:hit 3:hit 4:hit");
}

TEST(Compare, RebuildsWhatFollowsAnEditedStep) {
  EXPECT_EQ(compare_texts("FROM x\nRUN 1\nRUN 2\nRUN 3\n", "FROM x\nRUN 1\nRUN two\nRUN 3\n"),
            "2:hit 3:miss 4:miss");
}

// BuildKit expands variables of --exclude in the name of the step alone.
TEST(Compare, TakesThePatternOfExcludeAsItIsWritten) {
  EXPECT_EQ(
      compare_texts("FROM x\nENV X=a\nCOPY --exclude=$X . /d\n", "FROM x\nENV X=b\nCOPY --exclude=$X . /d\n"),
      "3:hit");
}

TEST(Compare, KnowsThatMetadataCostsNothing) {
  EXPECT_EQ(compare_texts("FROM x\nLABEL a=1\nEXPOSE 1\nRUN 1\nCOPY a /\n",
                          "FROM x\nLABEL a=2\nCMD y\nRUN 1\nCOPY a /\n"),
            "4:hit 5:hit");
}

TEST(Compare, RebuildsRunButNotCopyForAVariable) {
  EXPECT_EQ(compare_texts("FROM x\nENV v=1\nCOPY a /\nRUN 1\n", "FROM x\nENV v=2\nCOPY a /\nRUN 1\n"),
            "3:hit 4:miss");
  EXPECT_EQ(compare_texts("FROM x\nENV v=1\nCOPY a /$v\n", "FROM x\nENV v=2\nCOPY a /$v\n"), "3:miss");
}

TEST(Compare, ReadsThroughCommentsCaseAndLayout) {
  EXPECT_EQ(compare_texts("FROM x\nRUN a && \\\n  b\nCOPY a /\n",
                          "from x\n# why\nrun a && \\\n# inside\n  b\ncopy   a /\n"),
            "3:hit 6:hit");
}

TEST(Compare, KeepsALinkedCopyWhateverIsBelow) {
  EXPECT_EQ(compare_texts("FROM x\nRUN 1\nCOPY --link a /\nCOPY b /\n",
                          "FROM x\nRUN 2\nCOPY --link a /\nCOPY b /\n"),
            "2:miss 3:hit 4:miss");
}

TEST(Compare, LeavesItOpenWhetherARebuiltRunWritesTheSame) {
  EXPECT_EQ(compare_texts("FROM x AS s\nRUN 1\nFROM y\nCOPY --from=s /o /o\nRUN z\n",
                          "FROM x AS s\nRUN 2\nFROM y\nCOPY --from=s /o /o\nRUN z\n"),
            "2:miss 4:depends 5:depends");
}

TEST(Compare, KnowsWhatARebuiltCopyWrites) {
  const std::string text =
      "FROM x AS s\nCOPY a /a\nCOPY b /b\nFROM y\nCOPY --from=s /a /a\nFROM y\nCOPY --from=1 /a /\nCOPY "
      "--from=s /b /b\n";
  const Build old = build_of(text, {file("a", "1"), file("b", "2")});
  const Build now = build_of(text, {file("a", "1"), file("b", "other")});
  EXPECT_EQ(verdicts(now, compare(old.state(), now.state())), "2:hit 3:miss 5:hit 7:hit 8:miss");
}

TEST(Compare, KnowsWhetherAFilterTakesWhatChanged) {
  const std::string text = "FROM x AS s\nCOPY a b /d/\nFROM x\nCOPY --from=s ";
  for (const char* copy : {"/d/*.c /e/\n", "--exclude=a /d /e\n", "--parents /d/b /e/\n"}) {
    const Build before = build_of(text + copy, {file("a", "1"), file("b", "1")});
    const Build after = build_of(text + copy, {file("a", "2"), file("b", "1")});
    EXPECT_EQ(verdicts(after, compare(before.state(), after.state())), "2:miss 4:hit") << copy;
  }
}

TEST(Compare, TakesAShebangsShellForAnArgument) {
  const std::string run = "RUN <<EOF\n#!/bin/sh\ntrue\nEOF\n";
  EXPECT_EQ(compare_texts("FROM x\n" + run, "FROM x\nSHELL [\"bash\", \"-c\"]\n" + run), "3:miss");
}

// Builders that bring their copy of the context up to date don't notice them; those that read it again do.
TEST(Compare, LeavesItOpenWhetherTheModesOfFoldersCount) {
  Record folder;
  folder.path = "d";
  folder.type = context::Type::kFolder;
  folder.mode = 0755;
  Record closed = folder;
  closed.mode = 0700;
  const std::string text = "FROM x\nCOPY d /d\nCOPY . /all\n";
  const Build before = build_of(text, {folder, file("d/a", "1")});
  const Build after = build_of(text, {closed, file("d/a", "1")});
  EXPECT_EQ(verdicts(after, compare(before.state(), after.state())), "2:depends 3:depends");
}

TEST(Compare, KnowsWhichFilesOfACopyAStageGives) {
  const auto edited = [](const std::string& text) {
    const Build before = build_of(text, {file("src/a", "1"), file("src/b", "1"), file("c", "1")});
    const Build after = build_of(text, {file("src/a", "2"), file("src/b", "1"), file("c", "1")});
    const std::string all = verdicts(after, compare(before.state(), after.state()));
    return all.substr(all.rfind(':') + 1);
  };
  const std::string start = "FROM x AS s\nCOPY . /d/\n";
  EXPECT_EQ(edited(start + "FROM x\nCOPY --from=s /d/c /e\n"), "hit");
  EXPECT_EQ(edited(start + "FROM x\nCOPY --from=s /d/src/b /e\n"), "hit");
  EXPECT_EQ(edited(start + "FROM x\nCOPY --from=s /d/src /e\n"), "miss");
  EXPECT_EQ(edited(start + "FROM x\nCOPY --from=s /d/s*/b /e\n"), "hit");
  EXPECT_EQ(edited(start + "FROM x\nCOPY --from=s --exclude=a /d/src /e\n"), "hit");
  EXPECT_EQ(edited(start + "COPY c /d/src/a\nFROM x\nCOPY --from=s /d/src /e\n"), "hit");
  EXPECT_EQ(edited(start + "RUN mkdir /q\nFROM x\nCOPY --from=s /d/src /e\n"), "miss");
  EXPECT_EQ(edited(start + "RUN make\nFROM x\nCOPY --from=s /d/c /e\n"), "depends");
}

// Seen in live builds: what is base and mount at once is compared by content.
TEST(Compare, HashesABaseThatIsMountedToo) {
  const auto edited = [](const std::string& step) {
    return compare_texts("FROM x AS s\nRUN mkdir /o\nFROM s\n" + step,
                         "FROM x AS s\nRUN mkdir /o && :\nFROM s\n" + step);
  };
  EXPECT_EQ(edited("RUN --mount=from=s,target=/m 1\nRUN 2\n"), "2:miss 4:depends 5:depends");
  EXPECT_EQ(edited("RUN 1\nRUN --mount=from=s,target=/m 2\n"), "2:miss 4:miss 5:miss");
  EXPECT_EQ(edited("COPY --from=s /o /p\n"), "2:miss 4:miss");
}

TEST(Compare, NamesTheCauseAfterALinkedCopy) {
  const Build before = build_of("FROM x\nRUN 1\nCOPY --link a b\nRUN 2\n", {file("a", "1")});
  const Build after = build_of("FROM x\nRUN one\nCOPY --link a b\nRUN 2\n", {file("a", "1")});
  const Report report = compare(before.state(), after.state());
  EXPECT_EQ(verdicts(after, report), "2:miss 3:hit 4:miss");
  EXPECT_EQ(report.steps[3].follows, 1u);
}

TEST(Compare, ComparesModesButNotWhatIsNotSelected) {
  const std::string text = "FROM x\nCOPY a /\nCOPY b /\n";
  const Build old = build_of(text, {file("a", "1"), file("b", "2"), file("c", "3")});
  const Build now = build_of(text, {file("a", "1"), file("b", "2", 0755), file("c", "other")});
  const Report report = compare(old.state(), now.state());
  EXPECT_EQ(verdicts(now, report), "2:hit 3:miss");
  EXPECT_EQ(report.steps[2].cause.change, "mode");
}

TEST(Compare, NamesTheCause) {
  const std::string text = "FROM x\nCOPY . /\nRUN y\n";
  const Build old = build_of(text, {file("a", "1")});
  const Build now = build_of(text, {file("a", "2"), file("new", "3")});
  const Report report = compare(old.state(), now.state());
  EXPECT_EQ(report.steps[1].cause.kind, Cause::Kind::kFile);
  EXPECT_EQ(report.steps[1].cause.path, "a");
  EXPECT_EQ(report.steps[1].cause.pattern, ".");
  EXPECT_EQ(report.steps[1].cause.more, 1u);
  EXPECT_EQ(report.steps[2].follows, 1u);
  EXPECT_EQ(report.steps[2].cause.path, "a");
}

TEST(Compare, NamesAVariableThatABuildArgumentSets) {
  const std::string text = "FROM x\nARG V=1\nRUN y\n";
  const Build old = build_of(text, {});
  const Build now = build_of(text, {}, {.build_args = {{"V", "2"}}});
  const Report report = compare(old.state(), now.state());
  EXPECT_EQ(report.steps[1].cause.kind, Cause::Kind::kVariable);
  EXPECT_EQ(report.steps[1].cause.name, "V");
  EXPECT_EQ(report.steps[1].cause.line, 2u);
}

TEST(Compare, SaysWhereABuildFailsForAMissingFile) {
  const std::string text = "FROM x\nCOPY a /\nCOPY gone /\nRUN y\n";
  const Build build = build_of(text, {file("a", "1")});
  const Report report = compare(build.state(), build.state());
  EXPECT_EQ(verdicts(build, report), "2:hit 3:miss 4:miss");
  EXPECT_EQ(report.steps[2].cause.kind, Cause::Kind::kMissing);
  EXPECT_EQ(report.steps[2].cause.path, "gone");
  EXPECT_EQ(report.steps[3].follows, 2u);
}

TEST(StateFile, IsReadAsItWasWritten) {
  const Build build = build_of("FROM x AS last\nARG V\nCOPY . /\nRUN y\n", {file("dir/a", "1")},
                               {.target = "last", .build_args = {{"V", "ü"}}});
  const std::string text = write_state(build);
  const auto again = read_state(text);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(write_state(*again), text);
  EXPECT_EQ(verdicts(build, compare(again->state(), build.state())), "3:hit 4:hit");
}

TEST(StateFile, KeepsNamesThatAreNoText) {
  Record link;
  link.path = "l\xff";
  link.type = context::Type::kSymlink;
  link.target = "a\xfe";
  const Build build = build_of("FROM x\n# \xfd\nCOPY . /\n", {file("a\xfe", "1"), file("a\xff", "2"), link});
  const auto again = read_state(write_state(build));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->file().source(), build.file().source());
  EXPECT_EQ(verdicts(*again, compare(build.state(), again->state())), "3:hit");
  ASSERT_EQ(again->context().records().size(), 3u);
  EXPECT_EQ(again->context().find("l\xff")->target, "a\xfe");
}

TEST(State, OfAnOlderProgramWasBuiltByBuildkit) {
  std::string text = write_state(build_of("FROM x\nCOPY . /\n", {file("a", "1")}));
  const std::string builder = "\"builder\":\"buildkit\",";
  ASSERT_NE(text.find(builder), std::string::npos);
  text.erase(text.find(builder), builder.size());
  const auto again = read_state(text);
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->options().plan.builder, plan::Builder::kBuildkit);
}

TEST(StateFile, RefusesWhatIsDamagedOrNewer) {
  const std::string text = write_state(build_of("FROM x\nCOPY . /\n", {file("a", "1")}));
  for (const std::string& bad :
       {std::string(), std::string("{}"), text.substr(0, text.size() / 2), std::string("[1]")}) {
    EXPECT_FALSE(read_state(bad)) << bad;
  }
  std::string newer = text;
  newer.replace(newer.find("\"dcache-snapshot\":1"), 19, "\"dcache-snapshot\":2");
  EXPECT_NE(read_state(newer).error().find("version"), std::string::npos);
  std::string torn = text;
  torn.replace(torn.find("\"contexts\""), 10, "\"kontexts\"");
  EXPECT_NE(read_state(torn).error().find("damaged"), std::string::npos);
}

// The fixtures

const std::string kFixtures = DCACHE_SOURCE_DIR "/fixtures/";

std::string story(const std::string& dockerfile, const std::string& changed, plan::Options options = {}) {
  auto build = Build::load({.dockerfile = kFixtures + dockerfile, .plan = std::move(options)});
  if (!build) return build.error().front().message;
  return verdicts(*build, what_if_changed(*build, locate(*build, {changed}, "/")).report);
}

TEST(GoMonorepo, RebuildsEverythingFromTheBroadCopyForBothPrograms) {
  const std::string expected = "3:hit 4:miss 5:miss 6:miss 9:hit 10:depends";
  EXPECT_EQ(story("go-monorepo/Dockerfile", "cmd/app1/main.go"), expected);
  EXPECT_EQ(story("go-monorepo/Dockerfile", "cmd/app1/main.go", {.build_args = {{"APP_NAME", "app2"}}}),
            expected);
  EXPECT_EQ(story("go-monorepo/Dockerfile", "skaffold.yaml"), expected);
}

TEST(GoMonorepo, RebuildsOneProgramWithNarrowCopies) {
  EXPECT_EQ(story("go-monorepo/Dockerfile.narrow", "cmd/app1/main.go"),
            "3:hit 4:hit 5:hit 7:hit 8:hit 10:miss 11:miss 16:hit 17:depends");
  EXPECT_EQ(
      story("go-monorepo/Dockerfile.narrow", "cmd/app1/main.go", {.build_args = {{"APP_NAME", "app2"}}}),
      "3:hit 4:hit 5:hit 7:hit 8:hit 10:hit 11:hit 16:hit 17:hit");
  EXPECT_EQ(story("go-monorepo/Dockerfile.narrow", "go.mod"),
            "3:hit 4:miss 5:miss 7:miss 8:miss 10:miss 11:miss 16:hit 17:depends");
}

TEST(GoMonorepo, KeepsTheBaseImagesDependencies) {
  EXPECT_EQ(story("go-monorepo/Dockerfile.base", "cmd/app1/main.go"), "4:hit 5:hit 7:hit");
  EXPECT_EQ(story("go-monorepo/Dockerfile.on-base", "cmd/app1/main.go"),
            "4:hit 5:hit 6:hit 8:miss 10:miss 14:depends");
}

TEST(GoServices, LeavesTheOtherServiceAloneWhenTheyAreBuiltSideBySide) {
  EXPECT_EQ(story("go-services/Dockerfile", "cmd/worker/main.go"),
            "2:hit 3:miss 4:miss 8:miss 11:depends 12:depends");
  EXPECT_EQ(story("go-services/Dockerfile.parallel", "cmd/worker/main.go"),
            "3:hit 4:hit 5:hit 7:hit 10:hit 11:hit 16:miss 17:miss 22:hit 23:depends");
}

TEST(NodeApp, InstallsAgainOnlyForItsManifests) {
  EXPECT_EQ(story("node-app/Dockerfile", "src/server.js"), "2:hit 3:miss 4:miss");
  EXPECT_EQ(story("node-app/Dockerfile.good", "src/server.js"), "3:hit 4:hit 5:hit 7:miss");
  EXPECT_EQ(story("node-app/Dockerfile.good", "test/greeting.test.js"), "3:hit 4:hit 5:hit 7:hit");
}

TEST(PythonApp, InstallsAgainOnlyForItsRequirements) {
  EXPECT_EQ(story("python-app/Dockerfile", "app/main.py"), "2:hit 3:miss 4:miss");
  EXPECT_EQ(story("python-app/Dockerfile.good", "app/main.py"), "3:hit 4:hit 5:hit 7:miss");
  EXPECT_EQ(story("python-app/Dockerfile.good", "tests/test_main.py"), "3:hit 4:hit 5:hit 7:hit");
}

TEST(WhatIf, SaysWhatBecomesOfEachPath) {
  auto build = Build::load({.dockerfile = kFixtures + "go-monorepo/Dockerfile.narrow"});
  ASSERT_TRUE(build);
  const WhatIf what_if = what_if_changed(
      *build,
      locate(*build, {"README.md", "cmd/app2/main.go", "pkg", "pkg/new.go", "/etc/passwd", "no/such"}, "/"));
  std::vector<ChangedPath::Fate> fates;
  for (const ChangedPath& path : what_if.paths)
    fates.push_back(path.fate);
  using Fate = ChangedPath::Fate;
  EXPECT_EQ(fates, (std::vector<Fate>{Fate::kIgnored, Fate::kNotRead, Fate::kRead, Fate::kOutside,
                                      Fate::kOutside, Fate::kOutside}));
  EXPECT_EQ(what_if.paths[0].pattern_line, 5u);
}

// Tried with Docker 28.5: only FROM and what refers to stages is looked at in a stage that nobody needs.
TEST(Build, IsNotRefusedForAStageThatTheTargetDoesNotNeed) {
  const auto builds = [](const std::string& unneeded, const std::string& target = "") {
    const std::string text = "FROM x AS a\n" + unneeded + "\nFROM x AS b\nRUN 1\n";
    return Build::make({.dockerfile = "Dockerfile", .plan = {.target = target}}, {text, {}}).has_value();
  };
  for (const char* line : {"EXPOSE x", "ENV a=${}", "RUN --mount=type=nothing 1"}) {
    EXPECT_TRUE(builds(line)) << line;
    EXPECT_FALSE(builds(line, "a")) << line;
  }
  EXPECT_FALSE(builds("COPY --from=7 / /"));
}

TEST(Load, ReportsWhatIsWrongWithItsPlace) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY x\n");
  const auto bad = Build::load({.dockerfile = folder / "Dockerfile"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error()[0].line, 2u);
  folder.write("Dockerfile", "FROM a\nCOPY . .\n");
  folder.write(".dockerignore", "a\n[\n");
  const auto bad_ignore = Build::load({.dockerfile = folder / "Dockerfile"});
  ASSERT_FALSE(bad_ignore);
  EXPECT_EQ(bad_ignore.error()[0].line, 2u);
  folder.write("Dockerfile.dockerignore", "*\n");
  const auto good = Build::load({.dockerfile = folder / "Dockerfile"});
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->context().records().empty());
}

}  // namespace
}  // namespace dcache::cache
