// `dcache affected` and `dcache images`, on repositories made with git itself.
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::contains;
using test::Files;
using test::Outcome;
using test::Repository;
using test::run_dcache;

// Two programs of one root: before, each copies everything; after, they share a base and copy their own.
const std::vector<std::pair<std::string, std::string>> kWasteful = {
    {"go.mod", "module x\n"},
    {"cmd/app1/main.go", "1\n"},
    {"cmd/app2/main.go", "1\n"},
    {"app1.Dockerfile", "FROM golang\nWORKDIR /src\nCOPY . .\nRUN go build ./cmd/app1\n"},
    {"app2.Dockerfile", "FROM golang\nWORKDIR /src\nCOPY . .\nRUN go build ./cmd/app2\n"},
    {"skaffold.yaml",
     "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts:\n  - image: app1\n    docker: "
     "{dockerfile: app1.Dockerfile}\n  - image: app2\n    docker: {dockerfile: app2.Dockerfile}\n"}};
const std::vector<std::pair<std::string, std::string>> kShared = {
    {"go.mod", "module x\n"},
    {"cmd/app1/main.go", "1\n"},
    {"cmd/app2/main.go", "1\n"},
    {"base.Dockerfile", "FROM golang\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\n"},
    {"app1.Dockerfile", "ARG BASE\nFROM $BASE\nCOPY cmd/app1 cmd/app1\nRUN go build ./cmd/app1\n"},
    {"app2.Dockerfile", "ARG BASE\nFROM $BASE\nCOPY cmd/app2 cmd/app2\nRUN go build ./cmd/app2\n"},
    {"skaffold.yaml",
     "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts:\n  - image: base\n    docker: "
     "{dockerfile: base.Dockerfile}\n  - image: app1\n    docker: {dockerfile: app1.Dockerfile}\n    "
     "requires: "
     "[{image: base, alias: BASE}]\n  - image: app2\n    docker: {dockerfile: app2.Dockerfile}\n    "
     "requires: "
     "[{image: base, alias: BASE}]\n"}};

TEST(Affected, APatternThatMatchesNothingChangesNothing) {
  const Repository repository({{"a/Dockerfile", "FROM scratch\nCOPY f1 /\n"},
                               {"a/f1", "1\n"},
                               {"b/Dockerfile", "FROM scratch\nCOPY g /\n"},
                               {"b/g", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "f*"}), "a/Dockerfile:rebuilt@2 b/Dockerfile:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "*.md"}), "a/Dockerfile:unaffected b/Dockerfile:unaffected");
}

TEST(Affected, ReadsNamesInTheQuotesOfGit) {
  const Repository repository({{"a/Dockerfile", "FROM scratch\nCOPY \u00e9.txt /\n"},
                               {"a/\u00e9.txt", "1\n"},
                               {"b/Dockerfile", "FROM scratch\nCOPY . /\n"},
                               {"b/.dockerignore", "x\n"},
                               {"b/n", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", R"("a/\303\251.txt")", "README"}),
            "a/Dockerfile:rebuilt@2 b/Dockerfile:unaffected");
  EXPECT_EQ(repository.effects({"--changed", R"("a/\303\251.txt")", "b/n"}),
            "a/Dockerfile:rebuilt@2 b/Dockerfile:rebuilt@2");
  const Outcome below = run_dcache({"affected", "--changed", R"("a/\303\251.txt")", "--format", "names"},
                                   repository.path() + "/b");
  EXPECT_EQ(below.out, "../a/Dockerfile\n") << below.err;
  repository.write(R"(b/"q")", "1\n");
  EXPECT_EQ(repository.effects({"--changed", R"(b/"q")"}), "a/Dockerfile:unaffected b/Dockerfile:rebuilt@2");
}

TEST(Affected, NamesTheChangedFilesThatNobodyKnows) {
  const Repository repository(
      {{"Dockerfile", "FROM scratch\nCOPY f /\n"}, {"f", "1\n"}, {"old", "1\n"}, {"older", "1\n"}});
  repository.git("rm -q older");
  std::filesystem::remove(repository / "old");
  const auto said = [&](const std::vector<std::string>& names, const std::string& list = "") {
    std::vector<std::string> words = {"affected", "--changed"};
    words.insert(words.end(), names.begin(), names.end());
    return run_dcache(words, repository.path(), list).err;
  };
  EXPECT_EQ(said({"f", "old", "older"}), "");
  EXPECT_EQ(said({"f", "unlike"}),
            "dcache: warning: unlike does not exist and git does not track it, so it counts as deleted\n");
  EXPECT_EQ(
      said({"x/ff", "f", "ff"}),
      "dcache: warning: x/ff and ff do not exist and git does not track them, so they count as deleted; "
      "did you mean 'f'?\n");
  EXPECT_EQ(
      said({"-"}, "f\nff\nx/y\nold\nolder\n"),
      "dcache: warning: ff and x/y do not exist and git does not track them, so they count as deleted; did "
      "you mean 'f'?\n");
  // Also if no other one exists.
  EXPECT_EQ(said({"ff"}),
            "dcache: warning: ff does not exist and git does not track it, so it counts as deleted; did you "
            "mean 'f'?\n");
  EXPECT_EQ(said({"old"}), "");
}

// A list of git names what was deleted before the last commit.
TEST(Affected, KnowsTheFilesOfAListThatEarlierCommitsHave) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\n"}, {"f", "1\n"}, {"old", "1\n"}});
  repository.git("checkout -q -b feature");
  repository.git("rm -q old");
  repository.git("commit -q -m second");
  repository.git("commit -q --allow-empty -m third");
  const std::vector<std::string> words = {"affected", "--changed", "-"};
  EXPECT_EQ(run_dcache(words, repository.path(), "f\nold\n").err, "");
  EXPECT_EQ(run_dcache(words, repository.path(), "f\nold\nnew\n").err,
            "dcache: warning: new does not exist and git does not track it, so it counts as deleted\n");
}

TEST(Affected, RefusesARangeWithoutAStart) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\n"}, {"f", "1\n"}});
  for (const char* range : {"...HEAD", "..HEAD", "..main", "...main"}) {
    for (const char* command : {"affected", "explain"}) {
      const Outcome outcome = run_dcache({command, "--git", range}, repository.path());
      EXPECT_EQ(outcome.status, 2) << range;
      EXPECT_TRUE(
          contains(outcome.err, "has no revision before the dots, so it compares HEAD with itself; name"))
          << outcome.err;
    }
  }
  repository.git("checkout -q -b topic");
  repository.write("f", "2\n");
  repository.commit("second");
  EXPECT_EQ(repository.effects({"--git", "main...HEAD"}), "Dockerfile:rebuilt@2");
  EXPECT_EQ(repository.effects({"--git", "..main"}), "Dockerfile:rebuilt@2");
}

TEST(Affected, AVariableOfTheBaseImageInCopyTakesWhatFits) {
  const Repository repository({{"Dockerfile", "FROM a\nCOPY conf/app.$VARIANT.json $SRC/main.c /\n"},
                               {"conf/app.x.json", "1\n"},
                               {"main.c", "1\n"},
                               {"a/b/main.c", "1\n"},
                               {"conf/other.json", "1\n"}});
  const std::string name = repository.effects({"--changed", "README"});
  EXPECT_NE(name.find(":unaffected"), std::string::npos) << name;
  for (const char* path : {"conf/app.x.json", "main.c", "a/b/main.c"})
    EXPECT_NE(repository.effects({"--changed", path}).find(":rebuilt@2"), std::string::npos) << path;
  EXPECT_NE(repository.effects({"--changed", "conf/other.json"}).find(":unaffected"), std::string::npos);
}

TEST(Affected, TellsWhatASharedBaseGains) {
  const Repository before(kWasteful);
  EXPECT_EQ(before.effects({"--changed", "cmd/app1/main.go"}), "app1:rebuilt@3 app2:rebuilt@3");
  const Repository after(kShared);
  EXPECT_EQ(after.effects({"--changed", "cmd/app1/main.go"}),
            "base:unaffected app1:rebuilt@3 app2:unaffected");
  EXPECT_EQ(after.effects({"--changed", "go.mod"}), "base:rebuilt@3 app1:rebuilt@2 app2:rebuilt@2");
  after.write("go.mod", "module y\n");
  EXPECT_EQ(after.effects({"--git", "HEAD"}), "base:rebuilt@3 app1:rebuilt@2 app2:rebuilt@2");
}

TEST(Affected, AgreesWithExplain) {
  const Repository shared(kShared);
  EXPECT_EQ(steps_of(shared, {"--image", "app1", "--changed", "go.mod"}),
            "2:miss:image 3:miss:image 4:miss:image");
  EXPECT_EQ(steps_of(shared, {"-f", "app1.Dockerfile", "--changed", "go.mod"}),
            "2:miss:image 3:miss:image 4:miss:image");
  shared.write("go.mod", "module y\n");
  EXPECT_EQ(steps_of(shared, {"--image", "app1", "--git", "HEAD"}), "2:miss:image 3:miss:image 4:miss:image");
  EXPECT_EQ(steps_of(shared, {"--image", "app1", "--changed", "cmd/app2/main.go"}), "2:hit 3:hit 4:hit");
}

TEST(Affected, FollowsEachPlatformForItself) {
  const Repository repository(
      {{"docker-bake.hcl",
        "target \"base\" {\n  context = \"base\"\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n}\n"
        "target \"small\" {\n  context = \"app\"\n  platforms = [\"linux/amd64\"]\n  contexts = { base = "
        "\"target:base\" }\n}\ntarget \"any\" {\n  context = \"app\"\n  contexts = { base = \"target:base\" "
        "}\n}\ntarget \"other\" {\n  context = \"app\"\n  dockerfile = \"Other\"\n  platforms = "
        "[\"linux/amd64\"]\n  contexts = { base = \"target:base\" }\n}\n"},
       {"base/Dockerfile", "FROM alpine\nARG TARGETARCH\nCOPY f-$TARGETARCH /f\n"},
       {"base/f-amd64", "1"},
       {"base/f-arm64", "1"},
       {"app/Dockerfile", "FROM base\nCOPY g /g\n"},
       {"app/Other", "FROM --platform=linux/arm64 base\nCOPY g /g\n"},
       {"app/g", "1"}});
  EXPECT_EQ(repository.effects({"--changed", "base/f-arm64"}),
            "base:rebuilt@3 small:unaffected any:rebuilt@1 other:rebuilt@1");
  EXPECT_EQ(repository.effects({"--changed", "base/f-amd64"}),
            "base:rebuilt@3 small:rebuilt@1 any:rebuilt@1 other:rebuilt@1");
}

TEST(Affected, BlamesAnOptionForAStageThatDoesNotExist) {
  const Repository repository({{"compose.yaml", "services: {a: {build: .}}\n"},
                               {"Dockerfile", "FROM x AS one\nCOPY f /f\n"},
                               {"f", ""}});
  const Outcome outcome =
      run_dcache({"explain", "--image", "a", "--target", "nope", "--changed", "f"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "dcache: unknown stage 'nope'; known stages: one\n");
}

TEST(Affected, ExplainsWhatADefinitionChanged) {
  const Repository repository(
      {{"Dockerfile",
        "FROM a@sha256:0000000000000000000000000000000000000000000000000000000000000000\nARG V\nRUN make "
        "$V\n"},
       {"compose.yaml", "services: {web: {build: {context: ., args: {V: 1}}}}\n"}});
  const Outcome open =
      run_dcache({"explain", "--image", "web", "--changed", "compose.yaml"}, repository.path());
  EXPECT_TRUE(open.out.starts_with("Can't tell what rebuilds when compose.yaml changes\n")) << open.out;
  repository.write("compose.yaml", "services: {web: {build: {context: ., args: {V: 2}}}}\n");
  EXPECT_EQ(steps_of(repository, {"--image", "web", "--git", "HEAD"}), "1:hit 3:miss:variable");
  EXPECT_EQ(steps_of(repository, {"-f", "Dockerfile", "--git", "HEAD"}), "1:hit 3:miss:variable");
}

TEST(Affected, ComparesWithSnapshotsOfAllImages) {
  const Repository repository(kShared);
  const std::string folder = repository.path() + "/states/";
  EXPECT_EQ(run_dcache({"snapshot", "-o", folder}, repository.path()).status, 0);
  EXPECT_EQ(repository.effects({"--since", folder}), "base:unaffected app1:unaffected app2:unaffected");
  repository.write("cmd/app1/main.go", "2\n");
  EXPECT_EQ(repository.effects({"--since", folder}), "base:unaffected app1:rebuilt@3 app2:unaffected");
  repository.write("go.mod", "module y\n");
  EXPECT_EQ(repository.effects({"--since", folder}), "base:rebuilt@3 app1:rebuilt@2 app2:rebuilt@2");
  const Outcome missing = run_dcache({"affected", "--since", "nowhere"}, repository.path());
  EXPECT_EQ(missing.status, 2);
  EXPECT_NE(missing.err.find("there is no folder of snapshots nowhere"), std::string::npos) << missing.err;
}

TEST(Snapshot, HasEachPlatform) {
  const Repository repository(
      {{"docker-bake.hcl", "target \"a\" { platforms = [\"linux/amd64\", \"linux/arm64\"] }\n"},
       {"Dockerfile", "FROM alpine\nARG TARGETARCH\nCOPY f-$TARGETARCH /f\n"},
       {"f-amd64", "1"},
       {"f-arm64", "1"}});
  const test::TemporaryFolder snapshots;
  const std::string folder = snapshots.path() + "/", file = snapshots / "a.json";
  EXPECT_EQ(run_dcache({"snapshot", "-o", folder}, repository.path()).status, 0);
  EXPECT_EQ(repository.effects({"--since", folder}), "a:unaffected");
  repository.write("f-arm64", "2");
  EXPECT_EQ(repository.effects({"--since", folder}), "a:rebuilt@3");
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--since", file}), "1:unknown:network 3:miss:file");
  repository.write("f-arm64", "1");
  repository.write("f-amd64", "2");
  EXPECT_EQ(repository.effects({"--since", folder}), "a:rebuilt@3");
}

TEST(Snapshot, OfOnePlatformSaysNothingOfAnother) {
  const Repository repository(
      {{"docker-bake.hcl", "target \"a\" { platforms = [\"linux/amd64\", \"linux/arm64\"] }\n"},
       {"Dockerfile", "FROM alpine\nARG TARGETARCH\nCOPY f-$TARGETARCH /f\n"},
       {"f-amd64", "1"},
       {"f-arm64", "1"}});
  const test::TemporaryFolder snapshots;
  const std::string folder = snapshots.path() + "/", file = snapshots / "a.json";
  run_dcache({"snapshot", "--platform", "linux/arm64", "-o", folder}, repository.path());
  const Outcome outcome = run_dcache({"affected", "--since", folder}, repository.path());
  EXPECT_NE(outcome.out.find("no snapshot of it was recorded for linux/amd64"), std::string::npos)
      << outcome.out;
  EXPECT_EQ(steps_of(repository, {"--image", "a", "--since", file}), "1:unknown:network 3:hit");
}

TEST(Affected, TakesAnImageWithoutSnapshotForNew) {
  const Repository repository(kWasteful);
  const std::string folder = repository.path() + "/../states-of-one";
  EXPECT_EQ(run_dcache({"snapshot", "--image", "app1", "-o", folder + "/"}, repository.path()).status, 0);
  EXPECT_EQ(repository.effects({"--since", folder}), "app1:unaffected app2:new");
}

TEST(Snapshot, OfAnotherTargetSaysSo) {
  const Repository repository(
      {{"Dockerfile",
        "FROM a@sha256:0000000000000000000000000000000000000000000000000000000000000000 AS one\nCOPY x "
        ".\nFROM one\nCOPY y .\n"},
       {"x", ""},
       {"y", ""}});
  run_dcache({"snapshot", "--target", "one", "-o", "one.json"}, repository.path());
  const Outcome outcome = run_dcache({"explain", "--since", "one.json"}, repository.path());
  EXPECT_NE(outcome.out.find("Note: the snapshot was recorded with the target one; this build has 1\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("the earlier build had a target that does not need it"), std::string::npos)
      << outcome.out;
}

TEST(Snapshot, WithAbsolutePathsIsOfTheSameBuild) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY x .\n");
  folder.write("x", "");
  const std::string state = folder / "state.json";
  run_dcache({"snapshot", "-f", folder / "Dockerfile", "--context", folder.path(), "-o", state},
             folder.path());
  const Outcome outcome =
      run_dcache({"explain", "--since", state, "-f", "Dockerfile", "--context", "."}, folder.path());
  EXPECT_EQ(outcome.out.find("was recorded with"), std::string::npos) << outcome.out;
}

// BuildKit builds as if it were not there.
TEST(IgnoreFile, MayBeAFolder) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM a\nCOPY x .\n");
  folder.write("x", "");
  folder.write(".dockerignore/y", "");
  const Outcome outcome = run_dcache({"keys", "-f", "Dockerfile", "--context", "."}, folder.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST(Snapshot, OfTheSameBuildFromAnotherFolderSaysNothing) {
  const Repository repository({{"web/Dockerfile", "FROM a\nCOPY f /\n"},
                               {"web/f", ""},
                               {"api/Dockerfile", "FROM a\nCOPY f /\n"},
                               {"api/f", ""}});
  run_dcache({"snapshot", "-f", "web/Dockerfile", "-o", "web.json"}, repository.path());
  const auto notes = [&](const std::string& folder) {
    return run_dcache({"explain", "--since", "../web.json"}, repository.path() + "/" + folder)
               .out.find("the snapshot was recorded with") != std::string::npos;
  };
  EXPECT_FALSE(notes("web"));
  EXPECT_TRUE(notes("api"));
}

TEST(Explain, ChoosesThePlatformThatRebuilds) {
  const Repository repository(
      {{"Dockerfile",
        "ARG TARGETARCH\nFROM a AS base-amd64\nFROM a AS base-arm64\nCOPY arm.txt /\nFROM "
        "base-$TARGETARCH\nRUN make\n"},
       {"arm.txt", ""},
       {"docker-bake.hcl", "target \"default\" { platforms = [\"linux/amd64\", \"linux/arm64\"] }\n"}});
  const Outcome outcome =
      run_dcache({"explain", "--image", "default", "--changed", "arm.txt"}, repository.path());
  EXPECT_NE(outcome.out.find(", platform linux/arm64, "), std::string::npos) << outcome.out;
  EXPECT_TRUE(outcome.out.starts_with("2 of 2 steps rebuild")) << outcome.out;
}

TEST(Explain, IsAboutWhatBakeBuildsByDefault) {
  const Repository repository({{"Dockerfile", "FROM a AS one\nRUN one\nFROM one AS two\nRUN two\n"},
                               {"docker-bake.hcl",
                                "group \"default\" { targets = [\"b\"] }\ntarget \"a\" { target = \"one\" }\n"
                                "target \"b\" { target = \"two\" }\n"}});
  const Outcome outcome = run_dcache({"explain", "--changed", "x"}, repository.path());
  EXPECT_NE(outcome.err.find(
                "note: this shows the image b; Dockerfile is also built as a (choose one with --image)"),
            std::string::npos)
      << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("Can't tell what rebuilds when x, which does not exist, changes\n"))
      << outcome.out;
}

TEST(Explain, TakesNoOtherFileThatChangedForADefinition) {
  const Repository repository({{"Dockerfile", "FROM a\nCOPY x /\n"}, {"x", ""}, {"notes.log", ""}});
  repository.write("notes.log", "changed");
  const Outcome outcome = run_dcache({"explain", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(outcome.err, "");
}

TEST(Affected, SeesAnImageThatEndsWithAnotherStep) {
  const Repository repository(
      {{"compose.yaml", "services:\n  base: {build: base, image: acme/base}\n  app: {build: app}\n"},
       {"base/Dockerfile", "FROM x\nCOPY a /\nCOPY b /\n"},
       {"base/a", ""},
       {"base/b", ""},
       {"app/Dockerfile", "FROM acme/base\nCOPY m /\n"},
       {"app/m", ""}});
  repository.write("base/Dockerfile", "FROM x\nCOPY a /\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:rebuilt app:rebuilt@1");
}

TEST(Affected, CountsADockerfileThatCannotBeBuiltWhereItChanges) {
  const Repository repository({{"Dockerfile", "ARG FROM\nFROM $FROM\nCOPY a /\n"}, {"a", ""}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected");
  repository.write("a", "changed");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unknown");
  EXPECT_EQ(repository.effects({"--changed", "a"}), "Dockerfile:unknown");
  repository.write("a", "");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected");
  const test::TemporaryFolder snapshots;
  run_dcache({"snapshot", "-o", snapshots.path() + "/"}, repository.path());
  EXPECT_EQ(repository.effects({"--since", snapshots.path()}), "Dockerfile:unknown");
  repository.write(".gitignore", "b\n");
  repository.commit("ignored");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected");
  repository.write("b", "changed");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unknown");
}

TEST(Affected, SeesPlatformsThatComeAndGo) {
  const std::string with = "target \"a\" { platforms = [\"linux/arm64\"] }\n", without = "target \"a\" {}\n";
  const Repository repository({{"docker-bake.hcl", without}, {"Dockerfile", "FROM x\nRUN a\n"}});
  repository.write("docker-bake.hcl", with);
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:new");
  repository.commit("second");
  repository.write("docker-bake.hcl", without);
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:new");
}

TEST(Affected, SeesWhatABuildSaysInAdditionToFiles) {
  const std::string both = "[\"linux/amd64\", \"linux/arm64\"]";
  const auto target = [](const std::string& tag, const std::string& platforms) {
    return "target \"a\" {\n  tags = [\"a:" + tag + "\"]\n  platforms = " + platforms + "\n}\n";
  };
  const Repository repository(
      {{"docker-bake.hcl", target("1", both)}, {"Dockerfile", "FROM scratch\nCOPY f /f\n"}, {"f", "1"}});
  const test::GitFolder snapshots;
  run_dcache({"snapshot", "-o", snapshots / "s/"}, repository.path());
  repository.write("docker-bake.hcl", target("2", both));
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:configuration");
  repository.write("docker-bake.hcl", target("1", "[\"linux/amd64\"]"));
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:configuration");
  EXPECT_EQ(repository.effects({"--since", snapshots / "s"}), "a:configuration");
}

TEST(Affected, SeesANewImageOfAKnownDockerfile) {
  const Repository repository(
      {{"docker-bake.hcl", "target \"a\" { args = { V = 1 } }\n"}, {"Dockerfile", "FROM x\nARG V\nRUN a\n"}});
  repository.write("docker-bake.hcl",
                   "target \"a\" { args = { V = 1 } }\ntarget \"z\" { args = { V = 2 } }\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:unaffected z:new");
}

TEST(Affected, FollowsLinksAsARevisionHasThem) {
  const Repository repository({{"compose.yaml", "services: {web: {build: link}}\n"},
                               {"one/Dockerfile", "FROM x\nCOPY . /\n"},
                               {"two/Dockerfile", "FROM x\nCOPY . /\n"},
                               {"two/more", ""},
                               {"docker/api.Dockerfile", "FROM x\nRUN hi\n"},
                               {"api/main.c", ""}});
  repository.shell("ln -s one link && ln -s ../docker/api.Dockerfile api/Dockerfile");
  repository.commit("links");
  EXPECT_EQ(repository.effects({"--git", "HEAD", "--only", "web"}), "web:unaffected");
  repository.write("docker/api.Dockerfile", "FROM x\nRUN ho\n");
  EXPECT_NE(repository.effects({"--git", "HEAD"}).find(":rebuilt@2"), std::string::npos);
  repository.shell("ln -sfn two link");
  EXPECT_EQ(repository.effects({"--git", "HEAD", "--only", "web"}), "web:rebuilt@2");
}

TEST(Affected, FindsFilesInEveryContextThatHasThem) {
  const Repository repository(
      {{"compose.yaml", "services: {web: {build: {context: ., additional_contexts: {lib: ./lib}}}}\n"},
       {"Dockerfile", "FROM x\nCOPY --from=lib l /\n"},
       {"lib/l", ""}});
  EXPECT_EQ(repository.effects({"--changed", "lib/l"}), "web:rebuilt@2");
  EXPECT_EQ(repository.effects({"--changed", "**/l"}), "web:rebuilt@2");
}

TEST(Affected, TakesArgumentsOfTheEnvironmentForUnknown) {
  const Repository repository(
      {{"compose.yaml", "services: {web: {build: {context: ., args: [V_OF_NOBODY]}}}\n"},
       {"docker-bake.hcl",
        "variable \"W_OF_NOBODY\" {}\ntarget \"b\" {\n  dockerfile = \"b.Dockerfile\"\n"
        "  args = { W = W_OF_NOBODY }\n}\ntarget \"c\" {\n  dockerfile = \"c.Dockerfile\"\n"
        "  args = { W = W_OF_NOBODY }\n}\n"},
       {"Dockerfile", "FROM x\nARG V_OF_NOBODY\nRUN a\n"},
       {"b.Dockerfile", "FROM x\nARG W\nRUN a\n"},
       {"c.Dockerfile", "FROM x\nRUN a\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "web:unknown b:unknown c:unaffected");
  const std::string text = run_dcache({"affected", "--git", "HEAD"}, repository.path()).out;
  EXPECT_NE(text.find("the build argument V_OF_NOBODY has no value in the environment"), std::string::npos)
      << text;
  EXPECT_NE(text.find("the build argument W uses W_OF_NOBODY, which is not set"), std::string::npos) << text;
}

TEST(Affected, HasNothingToCompareWithoutAContext) {
  const Repository repository(
      {{".github/workflows/ci.yml",
        "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n      - run: docker build -t tools - < "
        "ci/Dockerfile\n      - run: docker build -t sent - < made.tar\n"},
       {"ci/Dockerfile", "FROM busybox:1\nCOPY . /all\nRUN one\n"},
       {"ci/.dockerignore", "x\n"},
       {"f", "1\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "tools:unaffected sent:unknown");
  repository.write("f", "2\n");
  repository.write("ci/new", "2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "tools:unaffected sent:unknown");
  EXPECT_EQ(repository.effects({"--changed", "f", "ci/.dockerignore"}), "tools:unaffected sent:unknown");
  EXPECT_EQ(steps_of(repository, {"--image", "tools", "--changed", "f"}), "1:unknown:network 2:hit 3:hit");
  const std::string text = run_dcache({"explain", "--image", "tools"}, repository.path()).out;
  EXPECT_NE(text.find("no context (.github/workflows/ci.yml:6)"), std::string::npos) << text;
  const auto images = run_dcache({"images"}, repository.path()).out;
  EXPECT_NE(images.find("tools: has no context: standard input is its Dockerfile"), std::string::npos)
      << images;
  EXPECT_NE(images.find("sent: the context is the archive made.tar"), std::string::npos) << images;
  const auto context = run_dcache({"context", "--image", "tools"}, repository.path());
  EXPECT_EQ(context.status, 0) << context.err;
  EXPECT_NE(context.out.find("This build has no context"), std::string::npos) << context.out;
  EXPECT_EQ(run_dcache({"context", "--image", "tools", "--why", "f"}, repository.path()).err,
            "dcache: --why f: the build has no context, so no step can read it\n");
  // There is no place for an ignore file, and none is missing.
  EXPECT_EQ(run_dcache({"lint", "--select", "DC2001", "ci/Dockerfile"}, repository.path()).out.find("DC2001"),
            std::string::npos);
  repository.shell("sed -i s/one/two/ ci/Dockerfile");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "tools:rebuilt@3 sent:unknown");
  EXPECT_NE(run_dcache({"affected", "--git", "HEAD", "--format", "github-matrix"}, repository.path())
                .err.find("tools is affected and left out of github-matrix: it has no context"),
            std::string::npos);
  const auto history = run_dcache({"history", "--image", "tools"}, repository.path());
  EXPECT_EQ(history.status, 0) << history.err;
}

TEST(Affected, TakesAVariableThatIsNotSetForUnknown) {
  const Repository repository(
      {{"compose.yaml", "services: {web: {build: {context: ., args: {V: \"${V_OF_NOBODY}\"}}}}\n"},
       {"Dockerfile", "FROM x\nARG V\nRUN a\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "web:unknown");
}

const std::vector<std::pair<std::string, std::string>> kTwoServices = {
    {"compose.yaml",
     "services:\n  api:\n    build: {context: ., dockerfile: api/Dockerfile, args: {V: '1'}}\n  web:\n    "
     "build: "
     "./web\n"},
    {"api/Dockerfile", "FROM a\nARG V\nCOPY api/src /src\nRUN make $V\nCMD [\"a\"]\n"},
    {"api/src/a", "1\n"},
    {"web/Dockerfile", "FROM a\nCOPY src /src\n"},
    {"web/src/a", "1\n"}};

TEST(Affected, ReadsDefinitionsOfBothSides) {
  const Repository repository(kTwoServices);
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected web:unaffected");
  repository.shell("sed -i s/\"'1'\"/\"'2'\"/ compose.yaml");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:rebuilt@4 web:unaffected");
  repository.commit("second");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1..HEAD"}), "api:rebuilt@4 web:unaffected");
  // A range does not see the work tree.
  repository.write("compose.yaml", "services: {}\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1..HEAD"}), "api:rebuilt@4 web:unaffected");
}

TEST(Affected, ListsConfigurationsAndNewImages) {
  const Repository repository(kTwoServices);
  repository.shell("sed -i 's/CMD.*/CMD [\"b\"]/' api/Dockerfile");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:configuration web:unaffected");
  repository.write("new/Dockerfile", "FROM a\nRUN b\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:configuration web:unaffected new/Dockerfile:new");
}

TEST(Affected, StaysOnTheSafeSide) {
  const Repository repository(kTwoServices);
  EXPECT_EQ(repository.effects({"--changed", "compose.yaml"}), "api:unknown web:unknown");
  EXPECT_EQ(repository.effects({"--changed", ".env"}), "api:unknown web:unknown");
  EXPECT_EQ(repository.effects({"--changed", "web/Dockerfile"}), "api:unaffected web:may-rebuild@2");
  EXPECT_EQ(repository.effects({"--changed", "README.md"}), "api:unaffected web:unaffected");
  repository.shell("rm -r web/src");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected web:unknown");
}

TEST(Affected, PrintsNamesForCi) {
  const Repository repository(kTwoServices);
  repository.write("web/src/a", "2\n");
  const auto printed = [&](const std::string& format) {
    return run_dcache({"affected", "--git", "HEAD", "--format", format}, repository.path()).out;
  };
  EXPECT_EQ(printed("names"), "web\n");
  EXPECT_EQ(printed("compose-services"), "web\n");
  EXPECT_EQ(printed("bake-targets"), "web\n");
  const json matrix = json::parse(printed("github-matrix"));
  EXPECT_TRUE(matrix.at("any"));
  EXPECT_EQ(matrix.at("include").size(), 1U);
  EXPECT_EQ(matrix.at("include")[0].at("dockerfile"), "web/Dockerfile");
  EXPECT_EQ(run_dcache({"affected", "--git", "HEAD", "--exit-code"}, repository.path()).status, 1);
}

// The matrix for changes of files, and the exit status.
std::pair<json, int> matrix_of(const Repository& repository, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"affected", "--format", "github-matrix"});
  const Outcome outcome = run_dcache(arguments, repository.path());
  return {json::parse(outcome.out), outcome.status};
}

// The members of a row that say something.
std::string row_of(const json& row) {
  std::string text;
  for (const auto& [name, value] : row.items()) {
    if (value != "" && value != "false") text += fmt::format("{}={};", name, value.get<std::string>());
  }
  return text;
}

TEST(Affected, GivesAMatrixWhatTheActionTakes) {
  const Repository repository(
      {{"docker-bake.hcl",
        "target \"a\" {\n  context = \"a\"\n  args = { V = \"1\", W = \"x\\ny\" }\n"
        "  contexts = { lib = \"lib\", base = \"docker-image://alpine\" }\n"
        "  platforms = [\"linux/amd64\", \"linux/arm64\"]\n  tags = [\"me/a:1\", \"me/a\"]\n"
        "  labels = { team = \"core\" }\n}\n"
        "target \"b\" {\n  dockerfile-inline = \"FROM x\\nCOPY f /\"\n}\n"
        "target \"c\" {\n  contexts = { b = \"target:b\" }\n  dockerfile-inline = \"FROM b\"\n}\n"
        "target \"d\" {\n  context = \"https://github.com/a/b.git#v1\"\n  dockerfile = "
        "\"d/Dockerfile\"\n}\n"},
       {"a/Dockerfile", "FROM base\nCOPY f /\n"},
       {"a/f", "1\n"},
       {"f", "1\n"},
       {"lib/l", "1\n"}});
  const auto [matrix, status] = matrix_of(repository, {"--changed", "a/f", "f"});
  EXPECT_EQ(status, 2);
  EXPECT_TRUE(matrix.at("any"));
  EXPECT_FALSE(matrix.at("empty"));
  EXPECT_EQ(matrix.at("bake_targets"), "c");
  EXPECT_EQ(matrix.at("left_out"), json::parse(R"([{"image": "c",
      "reason": "its context b is the target b, which only a build with bake or Compose has"}])"));
  std::vector<std::string> rows;
  for (const json& row : matrix.at("include"))
    rows.push_back(row_of(row));
  EXPECT_EQ(rows,
            (std::vector<std::string>{
                "build_args=V=1\n\"W=x\ny\";build_contexts=base=docker-image://alpine\nlib=lib;context=a;"
                "dockerfile=a/Dockerfile;image=a;labels=team=core;platforms=linux/amd64,linux/arm64;"
                "tags=me/a:1,me/a;",
                "context=.;dockerfile_inline=FROM x\nCOPY f /;image=b;",
                "context=https://github.com/a/b.git#v1;dockerfile=d/Dockerfile;image=d;"}));
  EXPECT_EQ(matrix_of(repository, {"--left-out", "bake", "--changed", "f"}).second, 0);
  EXPECT_EQ(matrix_of(repository, {"--left-out", "warn", "--changed", "f"}).second, 0);
}

TEST(Affected, GivesAMatrixAllInputsOfTheBuild) {
  const Repository repository(
      {{"docker-bake.hcl",
        "target \"base\" {\n  secret = [\"id=k,src=k.txt\"]\n}\n"
        "target \"a\" {\n  inherits = [\"base\"]\n  context = \"a\"\n"
        "  secret = [{ type = \"env\", id = \"t\", env = \"TOKEN\" }]\n"
        "  ssh = [{ id = \"default\" }, { id = \"key\", paths = [\"a.pem\", \"b.pem\"] }]\n  network = "
        "\"host\"\n"
        "  extra-hosts = { h = \"1.2.3.4\" }\n  shm-size = \"64m\"\n  ulimits = [\"nofile=1:2\"]\n"
        "  no-cache = true\n  no-cache-filter = [\"s\"]\n  pull = true\n  cache-from = [\"type=gha\"]\n"
        "  cache-to = [\"type=inline\"]\n  attest = [\"type=sbom\"]\n  output = [\"type=registry\"]\n}\n"
        "group \"default\" { targets = [\"a\"] }\n"},
       {"compose.yaml",
        "services:\n  s:\n    build: {context: s, secrets: [k], ssh: [default], pull: true, privileged: "
        "true}\n"},
       {"Dockerfile", "FROM x\n"},
       {"a/Dockerfile", "FROM x\nCOPY f /\n"},
       {"a/f", "1\n"},
       {"s/Dockerfile", "FROM x\nCOPY f /\n"},
       {"s/f", "1\n"}});
  const auto [matrix, status] = matrix_of(repository, {"--changed", "a/f", "s/f"});
  EXPECT_EQ(status, 0);
  ASSERT_EQ(matrix.at("include").size(), 2U) << matrix;
  EXPECT_EQ(row_of(matrix.at("include")[1]),
            "add_hosts=h=1.2.3.4;cache_from=type=gha;cache_to=type=inline;context=a;dockerfile=a/Dockerfile;"
            "image=a;network=host;no_cache=true;no_cache_filters=s;pull=true;secret_envs=t=TOKEN;"
            "secret_files=k=k.txt;shm_size=64m;ssh=default\nkey=a.pem,b.pem;ulimit=nofile=1:2;"
            "unknown=attests,outputs;");
  EXPECT_EQ(row_of(matrix.at("include")[0]),
            "context=s;dockerfile=s/Dockerfile;image=s;pull=true;ssh=default;unknown=secrets,allow;");
}

TEST(Affected, LeavesOutOfAMatrixWhatNeedsAnAffectedImage) {
  const Repository repository({{"compose.yaml",
                                "services:\n  a: {image: me/a, build: a}\n  b: {image: me/b, build: b}\n"
                                "  c: {build: {context: c, additional_contexts: {base: 'service:a'}}}\n"},
                               {"a/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"a/f", "1\n"},
                               {"b/Dockerfile", "FROM me/a\nCOPY f /\n"},
                               {"b/f", "1\n"},
                               {"c/Dockerfile", "FROM base\nCOPY f /\n"},
                               {"c/f", "1\n"}});
  const auto [both, failed] = matrix_of(repository, {"--changed", "a/f"});
  EXPECT_EQ(failed, 2);
  EXPECT_EQ(both.at("include").size(), 1U) << both;
  EXPECT_EQ(both.at("bake_targets"), "c");
  EXPECT_EQ(both.at("left_out")[0].at("reason"),
            "it needs a, which is affected too: the jobs of a matrix run at the same time");
  EXPECT_EQ(matrix_of(repository, {"--left-out", "bake", "--changed", "a/f"}).second, 2);
  // The base of before is the one that is needed.
  const auto [one, status] = matrix_of(repository, {"--changed", "b/f"});
  EXPECT_EQ(status, 0);
  EXPECT_EQ(one.at("include").size(), 1U) << one;
  const auto [none, no_row] = matrix_of(repository, {"--changed", "c/f"});
  EXPECT_EQ(no_row, 2);
  EXPECT_TRUE(none.at("any"));
  EXPECT_TRUE(none.at("empty"));
  const Outcome bake =
      run_dcache({"affected", "--changed", "a/f", "--format", "bake-targets"}, repository.path());
  EXPECT_EQ(bake.out, "a b c\n");
  EXPECT_EQ(bake.status, 0);
  EXPECT_NE(bake.err.find("b needs a by its tag"), std::string::npos) << bake.err;
  const Repository shared(kShared);
  const auto [skaffold, left_out] = matrix_of(shared, {"--changed", "cmd/app1/main.go"});
  EXPECT_EQ(left_out, 2);
  EXPECT_EQ(skaffold.at("left_out")[0].at("reason"),
            "its build argument BASE is the image base, which only Skaffold can tell");
}

TEST(Affected, NamesOnlyWhatTheCommandBuilds) {
  const Repository repository({{"compose.yaml", "include: [inc/compose.yaml]\nservices: {a: {build: a}}\n"},
                               {"inc/compose.yaml", "services: {i: {build: .}}\n"},
                               {"inc/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"inc/f", "1\n"},
                               {"sub/compose.yaml", "services: {a: {build: a}}\n"},
                               {"sub/a/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"sub/a/f", "1\n"},
                               {"a/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"a/f", "1\n"},
                               {"lone/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"lone/f", "1\n"}});
  const auto asked = [&](std::vector<std::string> arguments, const std::string& folder = ".") {
    arguments.insert(arguments.begin(), "affected");
    const Outcome outcome = run_dcache(arguments, repository / folder);
    return fmt::format("{}{}[{}]", outcome.out, outcome.err, outcome.status);
  };
  for (const std::string format : {"bake-targets", "compose-services"}) {
    EXPECT_EQ(asked({"--format", format, "--changed", "a/f", "inc/f"}), "a i\n[0]");
    const std::string other = asked({"--format", format, "--changed", "sub/a/f"});
    EXPECT_NE(other.find("a@sub/compose.yaml is affected and left out of " + format), std::string::npos)
        << other;
    EXPECT_NE(other.find("--definition sub/compose.yaml"), std::string::npos) << other;
    EXPECT_TRUE(other.ends_with("[2]")) << other;
    EXPECT_EQ(asked({"--format", format, "--definition", "sub/compose.yaml", "--changed", "sub/a/f"}),
              "a\n[0]");
    const std::string lone = asked({"--format", format, "--left-out", "warn", "--changed", "lone/f"});
    EXPECT_NE(lone.find("warning: lone/Dockerfile is affected and left out"), std::string::npos) << lone;
    EXPECT_TRUE(lone.ends_with("[0]")) << lone;
  }
}

TEST(Affected, KnowsTheFilesThatComposeIsGivenByAVariable) {
  const Repository repository({{".env", "COMPOSE_FILE=compose.a.yml:compose.b.yml\n"},
                               {"compose.a.yml", "services: {x: {build: .}}\n"},
                               {"compose.b.yml", "services: {y: {build: {context: ., target: t}}}\n"},
                               {"Dockerfile", "FROM x AS t\nCOPY f /\nFROM t\n"},
                               {"f", ""}});
  const Outcome outcome =
      run_dcache({"affected", "--format", "compose-services", "--changed", "f"}, repository.path());
  EXPECT_EQ(outcome.out, "x y\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Affected, GivesBakeNoServiceOfAnOverride) {
  const Repository repository({{"compose.yaml", "services: {a: {build: .}, c: {build: .}, e: {image: x}}\n"},
                               {"compose.override.yaml",
                                "services: {b: {build: {context: ., target: t}}, c: {environment: {A: 1}}, "
                                "e: {build: {context: ., target: "
                                "u}}}\n"},
                               {"docker-bake.hcl", "target \"d\" { target = \"u\" }\n"},
                               {"Dockerfile", "FROM x AS t\nCOPY f /\nFROM t AS u\nFROM u\n"},
                               {"f", ""}});
  const auto names = [&](const std::string& format) {
    return run_dcache({"affected", "--left-out", "warn", "--format", format, "--changed", "f"},
                      repository.path())
        .out;
  };
  EXPECT_EQ(names("bake-targets"), "a c d\n");
  EXPECT_EQ(names("compose-services"), "a c e b\n");
}

TEST(Affected, NamesNoTargetOfBakeThatStartsElsewhere) {
  const Repository repository({{"build/docker-bake.hcl", "target \"a\" { context = \"app\" }\n"},
                               {"app/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"app/f", ""}});
  const auto bake = [&](const std::string& folder, const std::string& definition) {
    return run_dcache({"affected", "--format", "bake-targets", "--changed", repository / "app/f",
                       "--definition", definition},
                      repository / folder);
  };
  EXPECT_EQ(bake(".", "build/docker-bake.hcl").out, "a\n");
  const Outcome outcome = bake("build", "docker-bake.hcl");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("start in ..: run dcache and bake there"), std::string::npos) << outcome.err;
}

TEST(Images, OfAnUnknownNameAreNotListed) {
  const Repository repository(kTwoServices);
  const Outcome outcome = run_dcache({"images", "--only", "nope"}, repository.path());
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.status, 2);
}

TEST(Images, OfSettingsWithFaultsAreRefused) {
  const Repository repository({{"Dockerfile", "FROM x:1\nRUN a\n"}, {"README.md", ""}});
  struct Case {
    std::string line;
    std::string error;  // empty for none
  };
  const Case cases[] = {
      {"builder = \"docker\"", "3:11: there is no builder 'docker'; write one of buildkit, classic, buildah"},
      {"builder = \"buildah\"", ""},
      {"contxt = \".\"", "3:1: unknown key 'contxt' of an image; did you mean 'context'?"},
      {"target = 1", "3:10: 'target' is not a string; put it in double quotes"}};
  for (const auto& [line, error] : cases) {
    repository.write(".dcache.toml", "[[images]]\nname = \"a\"\n" + line + "\n");
    for (const std::string command : {"images", "lint"}) {
      const Outcome outcome = run_dcache({command}, repository.path());
      EXPECT_EQ(outcome.status, error.empty() ? 0 : 2) << command << ' ' << line;
      EXPECT_EQ(outcome.err, error.empty() ? "" : "dcache: .dcache.toml:" + error + "\n") << command;
    }
  }
}

TEST(Affected, LeavesOutOfAMatrixWhatNoJobCanBuild) {
  const Repository repository(
      {{".github/workflows/ci.yml",
        "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n"
        "      - uses: docker/build-push-action@v6\n        with:\n          context: a\n"
        "          file: a/${{ inputs.file }}\n"
        "      - uses: docker/build-push-action@v6\n        with:\n          context: a\n"
        "          tags: me/a:${{ github.sha }}\n          build-args: V=${{ github.sha }}\n"},
       {"a/Dockerfile", "FROM x\nCOPY f /\n"},
       {"a/f", "1\n"}});
  const json matrix = json::parse(
      run_dcache({"affected", "--changed", "a/f", "--format", "github-matrix"}, repository.path()).out);
  EXPECT_EQ(matrix.at("left_out").size(), 1U) << matrix;
  EXPECT_EQ(matrix.at("left_out")[0].at("reason"), "the Dockerfile contains ${{ inputs.file }}");
  EXPECT_EQ(matrix.at("include").size(), 1U) << matrix;
  EXPECT_EQ(matrix.at("include")[0].at("dockerfile"), "a/Dockerfile");
  EXPECT_EQ(matrix.at("include")[0].at("tags"), "");
  EXPECT_EQ(matrix.at("include")[0].at("build_args"), "");
  EXPECT_EQ(matrix.at("include")[0].at("unknown"), "tags,args.V");
}

TEST(Affected, PrintsTheNamesThatComposeAndBakeKnow) {
  const Repository repository({{"compose.yaml", "services: {a.b: {build: a}}\n"},
                               {"a/Dockerfile", "FROM x\nCOPY f /\n"},
                               {"a/f", "1\n"}});
  const auto printed = [&](const std::string& format) {
    return run_dcache({"affected", "--changed", "a/f", "--format", format}, repository.path()).out;
  };
  EXPECT_EQ(printed("names"), "a_b\n");
  EXPECT_EQ(printed("compose-services"), "a.b\n");
  EXPECT_EQ(printed("bake-targets"), "a_b\n");
}

TEST(Affected, SeesSubmodulesAndWhatGitDoesNotKnow) {
  const Repository inner(Files{{"a", "1\n"}, {"Dockerfile", "FROM x\nCOPY a /\n"}});
  const Repository repository(Files{
      {"repo/compose.yaml",
       "services: {in: {build: sub}, file: {build: {dockerfile: sub/Dockerfile}}, own: {build: own}}\n"},
      {"repo/own/Dockerfile", "FROM x\nCOPY . /\n"},
      {"repo/own/a", "1\n"},
      {"repo/own/.dockerignore", "kept/x\n"},
      {"repo/own/kept/x", "1\n"},
      {"repo/a", "1\n"}});
  repository.git("-c protocol.file.allow=always submodule add " + inner.path() + " repo/sub");
  repository.commit("second");
  const auto effects = [&] {
    const Outcome outcome =
        run_dcache({"affected", "--git", "HEAD", "--format", "names"}, repository / "repo");
    return outcome.out + outcome.err;
  };
  EXPECT_EQ(effects(), "");
  repository.write("repo/sub/a", "2\n");
  EXPECT_EQ(effects(), "in\n");
  repository.git("-C repo/sub checkout -q a");
  // A commit of the submodule changes what it changes.
  repository.write("repo/sub/README", "1\n");
  repository.git("-C repo/sub add -A");
  repository.git("-C repo/sub commit -qm more");
  EXPECT_EQ(effects(), "");
  repository.write("repo/sub/Dockerfile", "FROM x\nRUN y\nCOPY a /\n");
  repository.git("-C repo/sub commit -qam y");
  EXPECT_EQ(effects(), "in\nfile\n");
  repository.commit("third");
  EXPECT_EQ(effects(), "");
  repository.shell("mkdir repo/own/new");
  EXPECT_EQ(effects(), "own\n");
  // Without the commit of then nobody knows what the submodule contained.
  repository.shell("rm -r repo/sub && git clone -q " + inner.path() + " repo/sub");
  EXPECT_EQ(effects(), "in\nfile\nown\n");
}

TEST(Affected, SaysThatASubmoduleIsNotCheckedOut) {
  const Repository inner(Files{{"Dockerfile", "FROM x\n"}});
  const Repository repository(Files{{"compose.yaml", "services: {in: {build: sub}}\n"}});
  repository.git("-c protocol.file.allow=always submodule add " + inner.path() + " sub");
  repository.commit("second");
  repository.git("submodule deinit -f sub");
  const json answer = json::parse(
      run_dcache({"affected", "--changed", "README.md", "--format", "json"}, repository.path()).out);
  EXPECT_EQ(
      answer.at("images")[0].at("reason"),
      "its context is in the git submodule sub, which is not checked out (git submodule update --init)");
}

TEST(Affected, KnowsWhatIsTheSameInAllBuildsOfARepository) {
  const std::string step =
      "      - uses: docker/build-push-action@v6\n        with:\n          context: NAME\n"
      "          tags: ghcr.io/${{ github.repository_owner }}/NAME\n"
      "          build-args: OWNER=${{ github.repository_owner }}\n";
  const auto step_of = [&](const std::string& name) {
    std::string text = step;
    for (size_t at = text.find("NAME"); at != std::string::npos; at = text.find("NAME"))
      text.replace(at, 4, name);
    return text;
  };
  const Repository repository(
      {{".github/workflows/ci.yml",
        "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n" + step_of("app") + step_of("base")},
       {"base/Dockerfile", "ARG OWNER\nFROM x\nARG OWNER\nCOPY f /\n"},
       {"base/f", "1\n"},
       {"app/Dockerfile", "ARG OWNER=me\nFROM ghcr.io/$OWNER/base\nRUN a\n"}});
  EXPECT_EQ(repository.effects({"--changed", "README.md"}), "app:unaffected base:unaffected");
  const json matrix = json::parse(
      run_dcache({"affected", "--changed", "base/f", "--format", "github-matrix"}, repository.path()).out);
  ASSERT_GE(matrix.at("include").size(), 1U);
  EXPECT_EQ(matrix.at("include")[0].at("unknown"), "tags,args.OWNER");
}

TEST(Affected, FollowsNoIgnoreFileOutOfTheContext) {
  const Repository repository({{"compose.yaml", "services: {a: {build: a}, b: {build: b}}\n"},
                               {"ign", "f\n"},
                               {"a/Dockerfile", "FROM x\nCOPY . /\n"},
                               {"a/f", "1\n"},
                               {"b/Dockerfile", "FROM x\nCOPY . /\n"},
                               {"b/f", "1\n"},
                               {"b/ign", "f\n"}});
  repository.shell("ln -s ../ign a/.dockerignore; ln -s ign b/.dockerignore");
  EXPECT_EQ(repository.effects({"--changed", "a/f", "b/f"}), "a:rebuilt@2 b:unaffected");
}

TEST(Affected, DoesNotKnowFilesOutsideOfTheRepository) {
  const test::GitFolder folder;
  folder.write("shared/f", "1\n");
  folder.write("repo/compose.yaml",
               "services:\n  a: {build: {context: .., dockerfile: repo/Dockerfile}}\n"
               "  b: {build: {additional_contexts: {lib: ../shared}, dockerfile: b.Dockerfile}}\n");
  folder.write("repo/Dockerfile", "FROM x\nCOPY shared /\n");
  folder.write("repo/b.Dockerfile", "FROM x\nCOPY --from=lib f /\n");
  folder.git("-C repo init -q -b main");
  folder.git("-C repo add -A");
  folder.git("-C repo commit -q -m first");
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD", "--format", "names"}, folder / "repo");
  EXPECT_EQ(outcome.out, "a\nb\n") << outcome.err;
}

TEST(Affected, DoesNotGuessWhatABranchIsComparedWith) {
  const Repository repository(kTwoServices);
  repository.git("checkout -q -b topic");
  repository.git("branch -D main");
  const Outcome outcome = run_dcache({"affected"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("name a revision with --git"), std::string::npos) << outcome.err;
}

TEST(Affected, TakesNamesAsGitListsThem) {
  const Repository repository(kTwoServices);
  const auto names = [&](const std::string& list, const std::string& folder) {
    return run_dcache({"affected", "--format", "names", "--changed", "-"}, repository / folder, list).out;
  };
  EXPECT_EQ(names("web/src/a\r\n", "."), "web\n");
  EXPECT_EQ(names("\"web/src/\\303\\244\"\n", "."), "web\n");
  EXPECT_EQ(names(std::string("api/src/a\0web/src/a\0", 20), "."), "api\nweb\n");
}

TEST(Affected, TakesNamesFromTheRootInASubfolder) {
  const Repository repository({{"compose.yaml", "services: {api: {build: api}, web: {build: web}}\n"},
                               {"api/Dockerfile", "FROM x\nCOPY src /\n"},
                               {"api/src/a", "1"},
                               {"api/src/gone", "1"},
                               {"web/Dockerfile", "FROM x\nCOPY src go.mod /\n"},
                               {"web/src/a", "1"},
                               {"web/go.mod", "1"}});
  const auto affected = [&](const std::string& folder, std::vector<std::string> changed,
                            const std::string& input = "") {
    std::vector<std::string> arguments{"affected", "--format", "names", "--changed"};
    arguments.insert(arguments.end(), changed.begin(), changed.end());
    return run_dcache(arguments, repository / folder, input).out;
  };
  repository.shell("rm api/src/gone");
  EXPECT_EQ(affected("web", {"api/src/a"}), "api\n");
  EXPECT_EQ(affected("web", {"api/src/gone"}), "api\n");
  EXPECT_EQ(affected("web", {"api/Dockerfile"}), "api\n");
  EXPECT_EQ(affected("web/src", {"web/src/a", "api/src/a"}), "api\nweb\n");
  EXPECT_EQ(affected("web", {"compose.yaml"}), "api\nweb\n");
  EXPECT_EQ(affected("web", {"src/a"}), "web\n");
  EXPECT_EQ(affected("web", {"src/new"}), "web\n");
  EXPECT_EQ(affected("api", {"-"}, repository / "web/src/a\n"), "web\n");
  EXPECT_EQ(affected("api", {repository / "web/src/a"}), "web\n");
  // Such a name may also be one of a context.
  EXPECT_EQ(affected("api", {"go.mod"}), "web\n");
  const Outcome outcome =
      run_dcache({"explain", "--changed", "api/src/a", "--image", "api"}, repository / "web");
  EXPECT_TRUE(outcome.out.starts_with("1 of 1 step rebuilds when ../api/src/a changes")) << outcome.out;
}

TEST(Images, InfersTheContextOfALoneDockerfile) {
  const Repository repository({{"go.mod", "module x\n"},
                               {"cmd/a/main.go", "1\n"},
                               {"cmd/a/Dockerfile", "FROM a\nCOPY go.mod ./\nCOPY cmd/a cmd/a\n"},
                               {"own/Dockerfile", "FROM a\nCOPY file /\n"},
                               {"own/file", "1\n"},
                               {"templates/Dockerfile.in", "FROM @BASE@\n"},
                               {"vendor/x/Dockerfile", "FROM a\n"}});
  const json images =
      json::parse(run_dcache({"images", "--format", "json"}, repository.path()).out).at("images");
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[0]["name"], "cmd/a/Dockerfile");
  EXPECT_EQ(images[0]["context"], ".");
  EXPECT_EQ(images[0]["context_from"], "the nearest folder that contains go.mod");
  EXPECT_EQ(images[1]["context"], "own");
}

TEST(Affected, ListsAnImageWithAnotherName) {
  const Repository repository({{"compose.yaml", "name: p\nservices:\n  b: {build: b}\n"},
                               {"b/Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"b/f", "1\n"}});
  const auto effects = [&](const std::string& compose) {
    repository.write("compose.yaml", compose);
    return repository.effects({"--git", "HEAD"});
  };
  EXPECT_EQ(effects("name: p\nservices:\n  b: {build: ./b}\n"), "b:unaffected");
  EXPECT_EQ(effects("name: p\nservices:\n  bb: {build: b}\n"), "bb:configuration");
  EXPECT_EQ(effects("name: q\nservices:\n  b: {build: b}\n"), "b:configuration");
}

// A script that a job runs builds with the commit as an argument.
TEST(Affected, ReadsScriptsOfJobs) {
  const Repository repository(
      {{".github/workflows/ci.yml",
        "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n    - run: "
        "./ci/build.sh\n"},
       {"ci/build.sh",
        "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\ndocker build -t r/a --build-arg V=2 -f a/Dockerfile .\n"},
       {"ci/test.sh", "#!/bin/sh\n"},
       {"a/Dockerfile", "FROM scratch\nARG V\nCOPY a/f /\nRUN echo $V\n"},
       {"a/f", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "a/f"}), "a:rebuilt@3");
  EXPECT_EQ(repository.effects({"--changed", "ci/test.sh"}), "a:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "ci/build.sh"}), "a:unknown");
  repository.write("ci/build.sh", "#!/bin/sh\ndocker build -t r/a --build-arg V=3 -f a/Dockerfile .\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:rebuilt@4");
}

// COPY . . fits every folder: what may be in the real context may rebuild the image.
TEST(Affected, ListsAnImageWhoseContextNothingTells) {
  const Repository repository({{"lib/a.h", "1\n"},
                               {"svc/Dockerfile", "FROM a\nCOPY . /app\n"},
                               {"svc/index.html", "1\n"},
                               {"web/Dockerfile", "FROM a\nCOPY . /app\nCMD node /app/web.js\n"},
                               {"web/web.js", "1\n"}});
  const auto affected = [&](const std::string& changed) {
    const Outcome outcome =
        run_dcache({"affected", "--changed", changed, "--format", "json"}, repository.path());
    return json::parse(outcome.out).at("images");
  };
  const json images = affected("lib/a.h");
  EXPECT_EQ(images[0]["effect"], "unknown");
  EXPECT_EQ(images[0]["reason"],
            "nothing tells its context: lib/a.h is not in svc, which is assumed, but may be in a folder "
            "above; set the "
            "context in [[images]] of .dcache.toml");
  EXPECT_EQ(images[1]["effect"], "unaffected");
  EXPECT_EQ(affected("svc/index.html")[0]["effect"], "rebuilt");
  repository.write("lib/a.h", "2\n");
  const Outcome names = run_dcache({"affected", "--git", "HEAD", "--format", "names"}, repository.path());
  EXPECT_EQ(names.out, "svc/Dockerfile\n");
  repository.write(".dcache.toml",
                   "[[images]]\nname = \"svc\"\ndockerfile = \"Dockerfile\"\ncontext = \"svc\"\n");
  EXPECT_EQ(affected("lib/a.h")[0]["effect"], "unaffected");
}

// As if a job made the file before the build.
TEST(Images, InfersTheContextThatLacksLeast) {
  const Repository repository(
      {{"go.mod", "module x\n"},
       {"cmd/a/Dockerfile", "FROM a\nCOPY go.mod ./\nCOPY cmd/a cmd/a\nCOPY made /\n"},
       {"own/Dockerfile", "FROM a\nCOPY file made /\n"},
       {"own/file", "1\n"},
       {"lone/Dockerfile", "FROM a\nCOPY made /\n"}});
  const json images =
      json::parse(run_dcache({"images", "--format", "json"}, repository.path()).out).at("images");
  ASSERT_EQ(images.size(), 3U);
  EXPECT_EQ(images[0]["context"], ".");
  EXPECT_EQ(images[0]["context_from"],
            "the folder above that contains most of what the Dockerfile names, though it lacks made");
  EXPECT_EQ(images[1]["context"], "lone");
  EXPECT_EQ(images[1]["context_from"], "the folder of the Dockerfile, though it lacks made");
  EXPECT_EQ(images[2]["context"], "own");
}

// A definition with a fault, and the same without.
struct DefinitionFault {
  std::string path, with, without;
};
const std::vector<DefinitionFault>& faults() {
  static const std::vector<DefinitionFault> kFaults = {
      {"compose.yaml", "services:\n  a: {build: {context: a, args: {V: \"1\"}}\n",
       "services:\n  a: {build: {context: a}}\n"},
      {"compose.yaml", "services:\n  a: {build: {context: a, args: {V: \"${Q:?x}\"}}}\n",
       "services:\n  a: {build: {context: a}}\n"},
      {"docker-bake.hcl", "target \"default\" {\n context = \"a\"\n args = { V = NOPE }\n}\n",
       "target \"default\" {\n context = \"a\"\n}\n"},
      {".dcache.toml", "[[images]]\nname = \"a\"\ncontext = \"a\"\nargs = 1\n",
       "[[images]]\nname = \"a\"\ncontext = \"a\"\n"},
      {"skaffold.yaml", "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts:\n  - image: [\n",
       "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts:\n  - image: a\n    context: a\n"},
  };
  return kFaults;
}
const test::Files kOfFault = {
    {"a/Dockerfile", "FROM alpine\nARG V\nCOPY f /\nRUN echo $V\n"}, {"a/f", "1\n"}, {"README.md", "1\n"}};

TEST(Affected, AnEarlierDefinitionThatCanNotBeReadIsNotGuessed) {
  for (const DefinitionFault& fault : faults()) {
    test::Files files = kOfFault;
    files.emplace_back(fault.path, fault.with);
    const Repository repository(files);
    repository.write(fault.path, fault.without);
    repository.commit("second");
    for (const std::string range : {"HEAD~1", "HEAD~1..HEAD"}) {
      const Outcome outcome = run_dcache({"affected", "--git", range, "--format", "json"}, repository.path());
      EXPECT_EQ(outcome.status, 0) << fault.with << outcome.err;
      const json image = json::parse(outcome.out).at("images").at(0);
      EXPECT_EQ(image.at("effect"), "unknown") << fault.with << outcome.out;
      EXPECT_NE(image.value("reason", "").find("its definition at HEAD~1 can't be read: " + fault.path),
                std::string::npos)
          << fault.with << outcome.out;
    }
    // Another build had the image that is asked about.
    EXPECT_NE(repository.effects({"--git", "HEAD~1", "--git", "HEAD"}).find(":unaffected"),
              std::string::npos);
  }
}

TEST(Affected, ADefinitionThatCanNotBeReadNowIsNotGuessed) {
  for (const DefinitionFault& fault : faults()) {
    test::Files files = kOfFault;
    files.emplace_back(fault.path, fault.with);
    const Repository repository(files);
    repository.write("README.md", "2\n");
    repository.commit("second");
    for (const std::vector<std::string>& question :
         {std::vector<std::string>{"--git", "HEAD~1"}, {"--changed", "README.md"}}) {
      std::vector<std::string> arguments{"affected", "--format", "json"};
      arguments.insert(arguments.end(), question.begin(), question.end());
      const Outcome outcome = run_dcache(arguments, repository.path());
      EXPECT_EQ(outcome.status, 2) << fault.with;
      const json answer = json::parse(outcome.out);
      EXPECT_EQ(answer.at("any"), true);
      EXPECT_EQ(answer.at("images").at(0).at("effect"), "unknown") << fault.with << outcome.out;
      EXPECT_EQ(answer.at("images").at(0).at("reason"), fault.path + " may define it, but can't be read");
    }
    EXPECT_NE(repository.effects({"--changed", "a/f"}).find("a/Dockerfile:rebuilt@3"), std::string::npos);
    const Outcome matrix =
        run_dcache({"affected", "--git", "HEAD~1", "--format", "github-matrix"}, repository.path());
    EXPECT_EQ(json::parse(matrix.out).at("any"), true) << matrix.out;
    EXPECT_EQ(json::parse(matrix.out).at("include"), json::array()) << matrix.out;
    EXPECT_EQ(json::parse(matrix.out).at("left_out").at(0).at("image"), "a/Dockerfile") << matrix.out;
  }
}

// A Dockerfile that nothing names may be built with it.
TEST(Affected, AFileOfDefinitionsThatCanNotBeReadIsNotIgnored) {
  const Repository repository(
      {{"a/Dockerfile", "FROM scratch\nARG V\nCOPY f /\n"},
       {"a/f", "1\n"},
       {"b/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"b/f", "1\n"},
       {"compose.yaml", "services:\n  a: {build: {context: a, args: {V: \"${V:-0}\"}}}\n"}});
  repository.shell("mkfifo .env");
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "dcache: can't read .env: it is not a regular file\n");
  for (const char* const reason : {"its definition can't be read: can't read .env: it is not a regular file",
                                   "what defines it may depend on .env, which can't be read"})
    EXPECT_NE(outcome.out.find(reason), std::string::npos) << outcome.out;
  // A virtual environment may have that name.
  repository.shell("rm .env && mkdir .env");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:unaffected b/Dockerfile:unaffected");
}

// It may be about what it names.
TEST(Affected, ADefinitionElsewhereThatCanNotBeReadIsNotGuessed) {
  const Repository repository(
      {{"a/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"a/f", "1\n"},
       {"b/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"b/f", "1\n"},
       {"deploy/compose.yaml", "services:\n  a: {build: {context: ../a, args: {V: \"${Q:?x}\"}}}\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a/Dockerfile:unknown b/Dockerfile:unaffected");
  repository.write("deploy/compose.yaml", "services: {}\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a/Dockerfile:unknown b/Dockerfile:unaffected");
}

// Only the part with the fault is not known.
TEST(Affected, OtherImagesOfAFileWithAFaultAreJudged) {
  const std::string fine = "  b: {build: {context: b}}\n";
  const Repository repository(
      {{"a/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"a/f", "1\n"},
       {"b/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"b/f", "1\n"},
       {"compose.yaml", "services:\n  a: {build: {context: a, args: {V: \"${Q:?x}\"}}}\n" + fine}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "b:unaffected a/Dockerfile:unknown");
  repository.write("compose.yaml", "services:\n  a: {build: {context: a}}\n" + fine);
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:unknown b:unaffected");
}

// What a job builds from a file is another build than that of people who use the file.
TEST(Affected, CommandsOfCiAreBuildsOfTheirOwn) {
  const auto workflow = [](const std::string& command) {
    return "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: " + command + "\n";
  };
  const std::string compose =
      "services:\n  app: {build: {context: ., dockerfile: a/Dockerfile, args: {A: \"${A:-1}\"}}}\n";
  const struct {
    const char *before, *after;
  } kCases[] = {
      {"A=5 docker compose build app", "A=6 docker compose build app"},
      {"docker compose build app --build-arg A=5", "docker compose build app --build-arg A=6"},
      {"docker buildx bake -f compose.yaml --set app.args.B=8",
       "docker buildx bake -f compose.yaml --set app.args.B=9"},
      {"docker buildx bake app --set app.args.B=8", "docker buildx bake app --set app.args.B=9"},
  };
  for (const auto& [before, after] : kCases) {
    const Repository repository({{"compose.yaml", compose},
                                 {"a/Dockerfile", "FROM x\nARG A\nARG B\nRUN echo $A $B\n"},
                                 {".github/workflows/ci.yml", workflow(before)}});
    repository.write(".github/workflows/ci.yml", workflow(after));
    repository.commit("second");
    EXPECT_EQ(repository.effects({"--git", "HEAD~1"}),
              "app:unaffected app@.github/workflows/ci.yml:rebuilt@4")
        << after;
  }
  const Repository repository(
      {{"compose.yaml", compose},
       {"other.yaml", "services: {app: {build: {args: {B: \"2\"}}}}\n"},
       {"a/Dockerfile", "FROM x\nARG A\nARG B\nRUN echo $A $B\n"},
       {".gitlab-ci.yml", "b:\n  script: docker compose -f compose.yaml -f other.yaml build\n"}});
  repository.write("other.yaml", "services: {app: {build: {args: {B: \"3\"}}}}\n");
  repository.commit("second");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "app:unaffected app@.gitlab-ci.yml:rebuilt@4");
}

// Nobody knows what is built where the file is not there that says it.
TEST(Affected, WhatCiBuildsFromAnUnknownFileMayBeAnything) {
  const auto effect_with = [](const std::string& command) {
    const Repository repository(
        {{"a/Dockerfile", "FROM scratch\nCOPY a/f /\n"},
         {"a/f", "1\n"},
         {"lib/f", "1\n"},
         {"ci/broken.hcl", "target \"a\" {\n  tags = [nosuch(1)]\n}\n"},
         {".github/workflows/ci.yml",
          "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: " + command + "\n"}});
    EXPECT_EQ(repository.effects({"--git", "HEAD"}).find(":rebuilt"), std::string::npos);
    return repository.effects({"--changed", "lib/f"});
  };
  for (const char* const command :
       {"docker buildx bake -f gen.hcl", "docker buildx bake -f $FILE", "docker compose -f gen.yaml build",
        "docker buildx bake -f ci/broken.hcl"})
    EXPECT_EQ(effect_with(command), "a/Dockerfile:unknown") << command;
  EXPECT_EQ(effect_with("docker buildx bake https://example.org/x.git"), "a/Dockerfile:unaffected");
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"f", "1\n"},
                               {"README.md", "1\n"},
                               {".github/workflows/ci.yml",
                                "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: docker "
                                "compose -f gen.yaml build\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "Dockerfile:unaffected");
  const Outcome outcome = run_dcache({"affected", "--changed", "README.md"}, repository.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(
      outcome.out.find(".github/workflows/ci.yml:6 may build it in another way: it builds what gen.yaml "
                       "defines, which is not in the repository"),
      std::string::npos)
      << outcome.out;
}

TEST(Affected, FilesThatLinksLeadToAreThoseOfADefinition) {
  const Repository repository(
      {{"a/Dockerfile", "FROM scratch\nARG V\nCOPY f /\n"},
       {"a/f", "1\n"},
       {"env.real", "V=1\n"},
       {"real/c.yml", "services:\n  a: {build: {context: a, args: {V: \"${V:-0}\"}}}\n"}});
  repository.shell("ln -s env.real .env && ln -s real/c.yml compose.yaml");
  repository.commit("links");
  for (const std::string file : {"env.real", ".env", "real/c.yml", "compose.yaml", "real"})
    EXPECT_EQ(repository.effects({"--changed", file}), "a:unknown") << file;
  repository.shell("rm env.real");
  EXPECT_EQ(repository.effects({"--changed", "env.real"}), "a:unknown");
}

TEST(Affected, ADeletedSettingsFileMayHaveDefinedImages) {
  const Repository repository({{"a/Dockerfile", "FROM scratch\nCOPY f /\n"}, {"a/f", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", ".dcache.toml"}), "a/Dockerfile:unknown");
  EXPECT_EQ(repository.effects({"--changed", "b/.dcache.toml"}), "a/Dockerfile:unaffected");
}

TEST(Affected, AttributesMayChangeWhatGitWrites) {
  const Repository repository({{"a/Dockerfile", "FROM scratch\nRUN a\nCOPY f /\n"},
                               {"a/f", "1\n"},
                               {"b/Dockerfile", "FROM scratch\nRUN a\n"},
                               {"b/sub/x", "1\n"}});
  const auto effects = [&](const std::string& file) { return repository.effects({"--changed", file}); };
  EXPECT_EQ(effects(".gitattributes"), "a/Dockerfile:may-rebuild@3 b/Dockerfile:unaffected");
  EXPECT_EQ(effects("a/.gitattributes"), "a/Dockerfile:may-rebuild@3 b/Dockerfile:unaffected");
  EXPECT_EQ(effects("a/sub/.gitattributes"), "a/Dockerfile:unaffected b/Dockerfile:unaffected");
  EXPECT_EQ(effects("b/.gitattributes"), "a/Dockerfile:unaffected b/Dockerfile:unaffected");
}

TEST(Affected, AnotherFrontendMayBuildAnotherImage) {
  const std::string text = "FROM scratch\nCOPY f /\n";
  const Repository repository({{"Dockerfile", "# syntax=acme/front:2\n" + text},
                               {"f", "1\n"},
                               {"compose.yaml", "services:\n  a: {build: {context: .}}\n"}});
  const auto effects_with = [&](const std::string& directive, const std::string& arguments) {
    repository.write("Dockerfile", directive + text);
    repository.write("compose.yaml", "services:\n  a: {build: {context: ., args: {" + arguments + "}}}\n");
    return repository.effects({"--git", "HEAD"});
  };
  EXPECT_EQ(effects_with("# syntax=acme/front:2\n", ""), "a:unaffected");
  EXPECT_EQ(effects_with("# syntax=acme/front:3\n", ""), "a:unknown");
  EXPECT_EQ(effects_with("", ""), "a:unknown");
  repository.write("Dockerfile", "# syntax=docker/dockerfile:1\n" + text);
  repository.commit("ours");
  EXPECT_EQ(effects_with("# syntax=docker.io/docker/dockerfile:1.7\n", ""), "a:unaffected");
  EXPECT_EQ(effects_with("", "BUILDKIT_SYNTAX: acme/front"), "a:unknown");
  EXPECT_EQ(effects_with("", "SOURCE_DATE_EPOCH: 0"), "a:configuration");
  EXPECT_EQ(effects_with("", "UNUSED: 0"), "a:unaffected");
}

TEST(Affected, OtherInputsOfTheBuilderCount) {
  const std::string start = "target \"a\" {\n context = \".\"\n";
  const Repository repository(
      {{"Dockerfile", "FROM scratch\nCOPY f /\n"}, {"f", "1\n"}, {"docker-bake.hcl", start + "}\n"}});
  for (const std::string more : {"output = [\"type=docker\"]", "attest = [\"type=sbom\"]"}) {
    repository.write("docker-bake.hcl", start + " " + more + "\n}\n");
    EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:configuration") << more;
  }
}

// By default Skaffold makes the tag of the commit.
TEST(Affected, ATagOfSkaffoldInAnArgumentIsAnotherEachTime) {
  const std::string start =
      "apiVersion: skaffold/v4beta11\nkind: Config\nbuild:\n  artifacts:\n    - image: api\n      context: "
      ".\n";
  const Repository repository(
      {{"Dockerfile", "FROM scratch\nARG V\nRUN echo $V\n"},
       {".dockerignore", ".git\n"},
       {"skaffold.yaml", start + "      docker: {buildArgs: {V: '{{.IMAGE_TAG}}'}}\n"}});
  repository.write("README", "1\n");
  repository.commit("edit");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "api:unknown");
  repository.write("Dockerfile", "FROM scratch\nRUN echo\n");
  repository.commit("argument");
  repository.write("README", "2\n");
  repository.commit("edit");
  EXPECT_EQ(repository.effects({"--git", "HEAD~1"}), "api:unaffected");
}

TEST(Affected, SaysWhatSnapshotsDoNotHold) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"f", "1\n"},
                               {"docker-bake.hcl", "target \"a\" {\n context = \".\"\n}\n"}});
  const auto answer = [&] {
    run_dcache({"snapshot", "-o", "states/"}, repository.path());
    return run_dcache({"affected", "--since", "states"}, repository.path()).out;
  };
  const std::string note = "Tags, labels, annotations and outputs that definitions give are not compared";
  EXPECT_EQ(answer().find(note), std::string::npos);
  repository.write("docker-bake.hcl", "target \"a\" {\n context = \".\"\n tags = [\"a:1\"]\n}\n");
  EXPECT_NE(answer().find(note), std::string::npos) << answer();
}

TEST(Images, GoesOnAfterADefinitionThatCanNotBeRead) {
  const Repository repository(kTwoServices);
  repository.write("docker-bake.hcl", "target \"x\" {\n  context = \n}\n");
  const Outcome outcome = run_dcache({"images", "--format", "json"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("docker-bake.hcl:2:"), std::string::npos) << outcome.err;
  EXPECT_GE(json::parse(outcome.out).at("images").size(), 2U);
}

TEST(Context, SaysWhyAFileIsInOrOut) {
  const Repository repository({{"Dockerfile", "FROM a\nCOPY src /src\n"},
                               {".dockerignore", "*.log\n!src/keep.log\n"},
                               {"src/a", "1\n"},
                               {"src/keep.log", "1\n"},
                               {"b.log", "1\n"}});
  const auto why = [&](const std::string& path) {
    return run_dcache({"context", "--why", path}, repository.path()).out;
  };
  EXPECT_EQ(why("b.log"),
            "b.log is ignored by '*.log' (.dockerignore:1)\n  no step of this target reads it\n");
  EXPECT_EQ(why("src/a"),
            "src/a is in the build context: no pattern in .dockerignore matches it\n  read in line 2: COPY "
            "src /src\n");
  const std::string listed = run_dcache({"context", "--list", "--ignored"}, repository.path()).out;
  EXPECT_NE(listed.find("b.log"), std::string::npos) << listed;
  EXPECT_EQ(listed.find("src/a"), std::string::npos) << listed;
}

}  // namespace
}  // namespace dcache
