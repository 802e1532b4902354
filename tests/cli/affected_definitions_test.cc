// `dcache affected` where definitions come to mean the same build, move to another file or change places.
#include <string>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

using test::contains;
using test::Outcome;
using test::Repository;
using test::run_dcache;

const std::string kTwoStages = "FROM busybox:1 AS dev\nRUN one\nFROM busybox:1 AS prod\nRUN two\n";

std::string service(const std::string& context, const std::string& stage) {
  return "services: { gw: { build: { context: " + context + ", target: " + stage + " } } }\n";
}

TEST(AffectedDefinitions, OneThatBecomesEqualToAnotherIsComparedWithItself) {
  const Repository repository(
      {{"a/Dockerfile", kTwoStages},
       {"compose.yaml", "services: { api: { build: { context: a, target: prod } } }\n"},
       {"docker-bake.hcl", "target \"api\" {\n  context = \"a\"\n  target = \"dev\"\n}\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected api@docker-bake.hcl:unaffected");
  repository.shell("sed -i s/dev/prod/ docker-bake.hcl");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:rebuilt@4");
  EXPECT_EQ(run_dcache({"affected", "--git", "HEAD", "--format", "bake-targets"}, repository.path()).out,
            "api\n");
  repository.commit("second");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected");
  // Both states are known to the builder, and each of the two definitions was one of them.
  EXPECT_EQ(repository.effects({"--git", "HEAD~1", "--git", "HEAD"}), "api:unaffected");
  repository.shell("sed -i s/prod/dev/ docker-bake.hcl");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected api@docker-bake.hcl:rebuilt@2");
}

TEST(AffectedDefinitions, OneOfTheSameBuildUnderAnotherNameIsComparedWithItself) {
  const Repository repository(
      {{"a/Dockerfile", kTwoStages},
       {"compose.yaml", "services: { api: { build: { context: a, target: prod } } }\n"},
       {"ci/docker-bake.hcl", "target \"other\" {\n  context = \"a\"\n  target = \"dev\"\n}\n"}});
  repository.shell("sed -i s/dev/prod/ ci/docker-bake.hcl");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:rebuilt@4");
  // A definition that is only added is of a build that there was.
  repository.commit("second");
  repository.write("docker-bake.hcl", "target \"third\" {\n  context = \"a\"\n  target = \"prod\"\n}\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected");
}

TEST(AffectedDefinitions, AnAliasIsNotTakenForTheImageOfThatName) {
  const Repository repository(
      {{"a/Dockerfile", "FROM busybox:1\nRUN one\n"},
       {"b/Dockerfile", "FROM busybox:1\nRUN two\n"},
       {"e2e/compose.yaml", "services:\n  migrate: { build: ../a }\n  gw: { build: ../b }\n"},
       {"ui/compose.yaml", "services:\n  gw: { build: ../a }\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "migrate:unaffected gw:unaffected");
  repository.shell("cp a/Dockerfile b/Dockerfile");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "migrate:unaffected gw:rebuilt@2");
}

TEST(AffectedDefinitions, ANameThatMovesDoesNotChangeTheImage) {
  const Repository repository({{"a/Dockerfile", kTwoStages},
                               {"e2e/compose.yaml", service("../a", "dev")},
                               {"ui/compose.yaml", service("../a", "prod")}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "gw:unaffected gw@ui/compose.yaml:unaffected");
  repository.shell("rm e2e/compose.yaml");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "gw:unaffected");
  // It comes before the others.
  repository.commit("second");
  repository.write("e2e/compose.yaml", service("../a", "dev"));
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "gw:new gw@ui/compose.yaml:unaffected");
}

TEST(AffectedDefinitions, AFileThatMovesDefinesTheSameImages) {
  const Repository repository({{"a/Dockerfile", kTwoStages},
                               {"e2e/compose.yaml", service("../a", "dev")},
                               {"ui/compose.yaml", service("../a", "prod")}});
  repository.shell("mkdir x z && mv e2e/compose.yaml z/ && mv ui/compose.yaml x/");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "gw:unaffected gw@z/compose.yaml:unaffected");
}

TEST(AffectedDefinitions, AFolderThatMovesKeepsItsImage) {
  const Repository repository({{"old/Dockerfile", kTwoStages}, {"old/compose.yaml", service(".", "prod")}});
  repository.shell("mv old new");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "gw:unaffected");
}

TEST(AffectedDefinitions, BakeNextToComposeIsAnImageOfItsOwn) {
  // Bake reads both files: its target has the service's place too.
  const Repository repository(
      {{"a/Dockerfile", kTwoStages},
       {"compose.yaml", "services: { api: { build: { context: a, target: prod } } }\n"}});
  repository.write("docker-bake.hcl", "target \"api\" {\n  target = \"dev\"\n}\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:unaffected api@docker-bake.hcl:new");
  repository.commit("second");
  repository.shell("sed -i s/prod/dev/ compose.yaml");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "api:rebuilt@2");
}

// What a definition built that can't be read now may be another image, whatever else builds its Dockerfile.
TEST(AffectedDefinitions, ListsWhatABrokenFileBuilt) {
  const Repository repository({{"compose.yaml", "services:\n  x: { build: a }\n  z: { build: b }\n"},
                               {"docker-bake.hcl",
                                "target \"t\" {\n  context = \"b\"\n  args = { A = \"1\" }\n}\n"
                                "target \"same\" {\n  context = \"b\"\n}\n"},
                               {"a/Dockerfile", "FROM busybox:1\nCOPY f /f\n"},
                               {"a/f", "1"},
                               {"b/Dockerfile", "FROM busybox:1\nCOPY f /f\n"},
                               {"b/f", "1"}});
  repository.write("docker-bake.hcl",
                   "target \"t\" {\n  context = \"b\"\n  args = { A = NOPE }\n}\n"
                   "target \"same\" {\n  context = \"b\"\n}\n");
  EXPECT_TRUE(contains(repository.effects({"--git", "HEAD"}), "t:unknown"))
      << repository.effects({"--git", "HEAD"});
  repository.write("docker-bake.hcl", "target \"t\" {\n  context = NOPE(\n");
  const std::string broken = repository.effects({"--git", "HEAD"});
  EXPECT_TRUE(contains(broken, "x:unaffected z:unaffected")) << broken;
  EXPECT_TRUE(contains(broken, " t:unknown")) << broken;
  EXPECT_TRUE(contains(broken, " same:unknown")) << broken;
  const Outcome names = run_dcache({"affected", "--git", "HEAD", "--format", "names"}, repository.path());
  EXPECT_EQ(names.status, 2);
  EXPECT_TRUE(contains(names.out, "t\n")) << names.out;
  const Outcome matrix =
      run_dcache({"affected", "--git", "HEAD", "--format", "github-matrix"}, repository.path());
  EXPECT_TRUE(contains(matrix.out, "{\"any\":true,\"empty\":true,")) << matrix.out;
  EXPECT_TRUE(contains(matrix.out,
                       "{\"image\":\"t\",\"reason\":\"the context can't be told: docker-bake.hcl "
                       "can't be read\"}"))
      << matrix.out;
  // It was removed, and not broken.
  repository.write("docker-bake.hcl", "target \"same\" {\n  context = \"b\"\n}\n");
  EXPECT_FALSE(contains(repository.effects({"--git", "HEAD"}), "t:"))
      << repository.effects({"--git", "HEAD"});
  // A file that was broken before as well.
  repository.write("docker-bake.hcl", "target \"t\" {\n  context = NOPE(\n");
  repository.commit("broken");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:unaffected z:unaffected");
}

}  // namespace
}  // namespace dcache
