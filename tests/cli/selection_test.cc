// Which build a command is about: in a subfolder, and with options that name it twice.
#include <string>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::Files;
using test::Repository;
using test::run_dcache;

// A bake file in a folder next to those of the images.
const Files kMono = {
    {"build/docker-bake.hcl",
     "target \"base\" {\n  context = \"base\"\n}\ntarget \"gen\" {\n  context = \"tools/gen\"\n  contexts = "
     "{ base-img = \"target:base\" }\n}\n"},
    {"compose.yaml", "services:\n  api:\n    build: api\n"},
    {"base/Dockerfile", "FROM alpine:3.20\nCOPY e /e\n"},
    {"base/e", "1\n"},
    {"api/Dockerfile", "FROM alpine:3.20\nCOPY f /f\n"},
    {"api/f", "1\n"},
    {"web/Dockerfile", "FROM alpine:3.20\nCOPY f /f\n"},
    {"web/f", "1\n"},
    {"tools/gen/Dockerfile", "FROM base-img\nCOPY g /g\n"},
    {"tools/gen/g", "1\n"}};

TEST(Selection, ASubfolderIsBuiltAsTheRepositoryDefinesIt) {
  const Repository repository(kMono);
  repository.write("base/e", "2\n");
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"explain"},
                                                    {"explain", "-f", "Dockerfile"},
                                                    {"explain", "--image", "gen"}}) {
    const auto outcome = run_dcache(arguments, repository / "tools/gen");
    EXPECT_TRUE(outcome.out.starts_with("1 of 1 step rebuilds since HEAD")) << outcome.out;
    EXPECT_NE(outcome.out.find("the image base is rebuilt"), std::string::npos) << outcome.out;
  }
}

TEST(Selection, SaysThatThereAreOtherImages) {
  const Repository repository(kMono);
  for (const char* folder : {"web", "base", "tools/gen"})
    EXPECT_NE(run_dcache({"explain"}, repository / folder).err.find("lists all images"), std::string::npos)
        << folder;
}

TEST(Selection, AnImageHasNoOtherDockerfile) {
  const Repository repository(kMono);
  const auto outcome = run_dcache({"explain", "--image", "api", "-f", "web/Dockerfile"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "dcache: --image api is built from api/Dockerfile: leave out -f, or --image\n");
}

TEST(Missing, ReasonsAreTold) {
  const Repository repository({{".dockerignore", "src/\n"},
                               {"src/a", "1\n"},
                               {"a.Dockerfile", "FROM scratch\nCOPY src /s\n"},
                               {"b.Dockerfile", "FROM scratch\nCOPY dangling /s\n"},
                               {"c.Dockerfile", "FROM scratch\nCOPY lnk /s\n"},
                               {"d.Dockerfile", "FROM scratch\nCOPY made /s\n"},
                               {"e.Dockerfile", "FROM scratch\nCOPY sub/f /s\n"},
                               {".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = x\n"},
                               {"target", "1\n"}});
  repository.shell("ln -s /etc/hostname dangling; ln -s target lnk");
  repository.commit("links");
  const struct {
    const char* dockerfile;
    const char* reason;
  } cases[] = {
      {"a.Dockerfile", "src (line 2) is ignored by 'src/' (.dockerignore:1)"},
      {"b.Dockerfile", "dangling (line 2) is a link to /etc/hostname, which does not exist in the context"},
      {"d.Dockerfile", "made (line 2) does not exist in the context"},
      {"e.Dockerfile", "the git submodule sub is not checked out (git submodule update --init)"},
  };
  const std::string affected = run_dcache({"affected", "--git", "HEAD"}, repository.path()).out;
  for (const auto& c : cases) {
    EXPECT_NE(affected.find(c.reason), std::string::npos) << affected;
    const auto explained = run_dcache({"explain", "-f", c.dockerfile, "--git", "HEAD"}, repository.path());
    EXPECT_NE(explained.out.find(c.reason), std::string::npos) << explained.out;
  }
  const std::string changed = run_dcache({"affected", "--changed", "lnk"}, repository.path()).out;
  EXPECT_NE(changed.find("lnk (line 2) is a link that changes: it may lead to nothing"), std::string::npos)
      << changed;
}

TEST(Missing, WhatAVariableOrAStepBeforeTheBuildSaysIsUnknown) {
  const Repository repository(
      {{"compose.yaml", "services:\n  a:\n    build: \"${UNSET_HERE}\"\n  b:\n    build: b\n"},
       {"b/Dockerfile", "FROM scratch\nCOPY f /f\n"},
       {"b/f", "1\n"},
       {".github/workflows/ci.yml",
        "on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - run: |\n          echo FROM x > "
        "gen.Dockerfile\n"
        "          docker build -t c -f gen.Dockerfile b\n"}});
  const auto affected = run_dcache({"affected", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(affected.status, 0) << affected.err;
  EXPECT_NE(affected.out.find("the context uses UNSET_HERE, which is not set"), std::string::npos)
      << affected.out;
  EXPECT_NE(affected.out.find("gen.Dockerfile does not exist; a step before the build"), std::string::npos)
      << affected.out;
  const test::GitFolder snapshots;
  const auto snapshot = run_dcache({"snapshot", "-o", snapshots / "s/"}, repository.path());
  EXPECT_EQ(snapshot.status, 0) << snapshot.err;
  EXPECT_NE(snapshot.err.find("warning: .github/workflows/ci.yml:"), std::string::npos) << snapshot.err;
  EXPECT_NE(snapshot.err.find(" c: gen.Dockerfile does not exist"), std::string::npos) << snapshot.err;
}

TEST(Missing, ABrokenDefinitionIsSaidInTheAnswer) {
  const Repository repository({{"compose.yaml", "services: {a: {build: .}\n"}, {"Dockerfile", "FROM x\n"}});
  const auto affected =
      run_dcache({"affected", "--changed", "f", "--definition", "compose.yaml"}, repository.path());
  EXPECT_EQ(affected.status, 2);
  EXPECT_NE(affected.out.find("The list may be incomplete: some definitions can't be read."),
            std::string::npos)
      << affected.out;
  const auto images = run_dcache({"images", "--definition", "compose.yaml"}, repository.path());
  EXPECT_EQ(images.status, 2);
  EXPECT_EQ(images.out.find("no Dockerfile"), std::string::npos) << images.out;
}

TEST(Changed, NamesThatAreNoneAreRefused) {
  const Repository repository({{"Dockerfile", "FROM x\nCOPY f /f\n"}, {"f", "1\n"}});
  const auto status = run_dcache({"affected", "--changed", "-"}, repository.path(), "M\tf\n");
  EXPECT_EQ(status.status, 2);
  EXPECT_EQ(status.err,
            "dcache: --changed -: there is a status before the name of a file; use git diff --name-only\n");
  const auto gone = run_dcache({"affected", "--changed", "nowhere", "x/y"}, repository.path());
  EXPECT_EQ(gone.err,
            "dcache: warning: nowhere and x/y do not exist and git does not track them, so they count as "
            "deleted\n");
  EXPECT_EQ(run_dcache({"affected", "--changed", "-"}, repository.path(), "nowhere\nx/y\n").err,
            "dcache: warning: none of the changed files exists, so all of them count as deleted\n");
  EXPECT_EQ(run_dcache({"affected", "--changed", "nowhere", "f"}, repository.path()).err,
            "dcache: warning: nowhere does not exist and git does not track it, so it counts as deleted\n");
}

TEST(ContextWhy, KnowsLinksAndPatterns) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY lnk /f\nCOPY folder/g /g\nCOPY d* /d/\n"},
                               {".dockerignore", "out\n"},
                               {"out", "12\n"},
                               {"file", "1\n"},
                               {"real/g", "1\n"}});
  repository.shell("ln -s file lnk; ln -s real folder; ln -s file dlink; ln -s nowhere zlink");
  const auto why = [&](const std::string& path, const std::string& format = "text") {
    const auto outcome = run_dcache({"context", "--why", path, "--format", format}, repository.path());
    return outcome.out + outcome.err;
  };
  EXPECT_NE(why("lnk").find("read in line 2"), std::string::npos) << why("lnk");
  EXPECT_NE(why("folder").find("read in line 3"), std::string::npos) << why("folder");
  EXPECT_NE(why("dlink").find("read in line 4"), std::string::npos) << why("dlink");
  EXPECT_NE(why("zlink").find("it is a link to nowhere, which does not exist"), std::string::npos)
      << why("zlink");
  EXPECT_EQ(why("rea*"), "dcache: --why rea*: it is a pattern; name a file or a folder\n");
  EXPECT_NE(why("out", "json").find("\"bytes\":3"), std::string::npos) << why("out", "json");
}

}  // namespace
}  // namespace dcache
