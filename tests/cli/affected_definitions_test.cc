// `dcache affected` where definitions come to mean the same build, move to another file or change places.
#include <string>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

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

TEST(AffectedDefinitions, BakeBesideComposeIsAnImageOfItsOwn) {
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

}  // namespace
}  // namespace dcache
