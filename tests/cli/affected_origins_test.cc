// `dcache affected` on repositories where several definitions, or parts of one, say how an image is built.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/cli/repository.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using test::Files;
using test::Outcome;
using test::Repository;
using test::run_dcache;

constexpr const char* kWorkflow = ".github/workflows/w.yml";

// A workflow that builds and pushes the image org/x.
std::string workflow_with(const std::string& inputs, const std::string& strategy = "") {
  return "on: push\njobs:\n  b:\n" + strategy +
         "    runs-on: ubuntu-latest\n    steps:\n    - uses: docker/build-push-action@v6\n      with:\n"
         "        context: .\n        tags: org/x\n" +
         inputs;
}

TEST(SeveralDefinitions, AddTheirPlatforms) {
  const Repository repository({{"Dockerfile",
                                "FROM scratch AS arm64\nCOPY g /\nFROM scratch AS amd64\n"
                                "COPY f /\nFROM ${TARGETARCH}\nCOPY end /\n"},
                               {"compose.yaml", "services: {x: {build: .}}\n"},
                               {kWorkflow, workflow_with("        platforms: linux/arm64\n")},
                               {"end", ""},
                               {"f", "1\n"},
                               {"g", "1\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "f"}), "x:rebuilt@4");
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:rebuilt@2");
  repository.write("g", "2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:rebuilt@2");
}

TEST(SeveralDefinitions, OfOtherOptionsAreOtherBuilds) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\nRUN make\n"},
                               {"compose.yaml", "services: {x: {build: .}}\n"},
                               {"f", "1\n"}});
  const std::string other = std::string("x@") + kWorkflow;
  for (const auto& [before, after] :
       std::vector<std::pair<std::string, std::string>>{{"network: none", "network: host"},
                                                        {"shm-size: 1g", "shm-size: 2g"},
                                                        {"add-hosts: a:10.0.0.1", "add-hosts: b:10.0.0.1"},
                                                        {"ulimit: nofile=1", "ulimit: nofile=2"},
                                                        {"no-cache-filter: a", "no-cache: true"}}) {
    repository.write(kWorkflow, workflow_with("        " + before + "\n"));
    repository.commit("one");
    repository.write(kWorkflow, workflow_with("        " + after + "\n"));
    const std::string effects = repository.effects({"--git", "HEAD"});
    EXPECT_TRUE(effects.starts_with("x:unaffected " + other + ":rebuilt")) << after << '\n' << effects;
  }
}

TEST(SeveralDefinitions, OfComposeAndBakeInOneFolderAreReadAsBakeDoes) {
  const Repository repository(
      {{"s/Dockerfile", "ARG MODE\nFROM scratch AS p\nCOPY p /\nFROM scratch AS f\nCOPY f /\nFROM ${MODE}\n"},
       {"compose.yaml",
        "services:\n  x: {build: {context: s, args: {MODE: f}}}\n  y: {build: {context: s, args: {MODE: "
        "f}}}\n"},
       {"docker-bake.hcl",
        "target \"x\" {\n  args = { MODE = \"p\" }\n}\ntarget \"z\" {\n  inherits = [\"x\"]\n}\n"},
       {"s/p", "1\n"},
       {"s/f", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "s/p"}),
            "x:unaffected y:unaffected x@docker-bake.hcl:rebuilt@3 z:rebuilt@3");
  EXPECT_EQ(repository.effects({"--changed", "s/f"}),
            "x:rebuilt@5 y:rebuilt@5 x@docker-bake.hcl:unaffected z:unaffected");
  const Outcome names =
      run_dcache({"affected", "--changed", "s/p", "--format", "bake-targets"}, repository.path());
  EXPECT_EQ(names.out, "x z\n") << names.err;
  const Outcome alone = run_dcache({"affected", "--changed", "s/p", "--definition", "compose.yaml",
                                    "--definition", "docker-bake.hcl", "--format", "bake-targets"},
                                   repository.path());
  EXPECT_EQ(alone.out, "x z\n") << alone.err;
}

TEST(BakeFiles, StartWhereBakeIsRun) {
  const Repository repository(
      {{"deploy/docker-bake.hcl",
        "target \"a\" { context = \"a\" }\ntarget \"b\" { context = \"b\" }\ntarget \"c\" {}\n"},
       {"a/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"a/f", ""},
       {"b/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"b/f", ""},
       {"Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"f", ""},
       {"deploy/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"deploy/f", ""}});
  // Most of the Dockerfiles are found from the root.
  EXPECT_EQ(repository.effects({"--changed", "a/f", "f"}),
            "a:rebuilt@2 b:unaffected c:rebuilt@2 deploy/Dockerfile:unaffected");
  // All are, with the files in both folders.
  for (const char* folder : {"a", "b"}) {
    repository.write(fmt::format("deploy/{}/Dockerfile", folder), "FROM scratch\nCOPY f /\n");
    repository.write(fmt::format("deploy/{}/f", folder), "");
  }
  EXPECT_EQ(repository.effects({"--changed", "a/f", "f", "--only", "a,b,c"}),
            "a:unaffected b:unaffected c:unaffected");
  const std::vector<std::string> named{"--definition", "deploy/docker-bake.hcl"};
  std::vector<std::string> arguments{"--changed", "a/f", "f"};
  arguments.insert(arguments.begin(), named.begin(), named.end());
  EXPECT_EQ(repository.effects(arguments), "a:rebuilt@2 b:unaffected c:rebuilt@2");
  test::set_variable("BUILDX_BAKE_FILE_RELATIVE_PATHS", "1");
  EXPECT_EQ(repository.effects(arguments), "a:unaffected b:unaffected c:unaffected");
  test::remove_variable("BUILDX_BAKE_FILE_RELATIVE_PATHS");
}

TEST(Platforms, ThatOnlyCiKnowsAreJudgedForTheTwoUsualOnes) {
  const std::string strategy = "    strategy: {matrix: {platform: '${{ fromJSON(needs.a.outputs.p) }}'}}\n";
  const Repository repository(
      {{"Dockerfile",
        "FROM scratch AS arm64\nCOPY g /\nFROM scratch AS amd64\nCOPY f /\nFROM ${TARGETARCH}\n"},
       {kWorkflow, workflow_with("        platforms: ${{ matrix.platform }}\n", strategy)},
       {"f", "1\n"},
       {"g", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:rebuilt@2");
  EXPECT_EQ(repository.effects({"--changed", "f"}), "x:rebuilt@4");
  EXPECT_EQ(repository.effects({"--changed", "h"}), "x:unaffected");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:unaffected");
  repository.write("snapshots/other.txt", "");
  EXPECT_EQ(repository.effects({"--since", "snapshots"}), "x:new");
  repository.write("Dockerfile", "FROM scratch\nCOPY f /\n");
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:unaffected");
}

TEST(ChangedFolder, AboveAContextMeansAllOfIt) {
  const Repository repository({{"svc/api/Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"svc/api/f", "1\n"},
                               {"web/Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"web/f", "1\n"},
                               {"docker/Dockerfile", "FROM scratch\nCOPY web /\n"},
                               {"compose.yaml",
                                "services: {api: {build: svc/api}, web: {build: web}, all: {build: {context: "
                                "., dockerfile: docker/Dockerfile}}}\n"}});
  EXPECT_EQ(repository.effects({"--changed", "svc"}), "api:rebuilt@2 web:unaffected all:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "svc/"}), "api:rebuilt@2 web:unaffected all:unaffected");
  EXPECT_EQ(repository.effects({"--changed", repository.path() + "/svc"}),
            "api:rebuilt@2 web:unaffected all:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "docker"}), "api:unaffected web:unaffected all:may-rebuild@2");
  EXPECT_EQ(repository.effects({"--changed", "."}), "api:rebuilt@2 web:rebuilt@2 all:rebuilt@2");
  const Outcome explained = run_dcache({"explain", "--image", "api", "--changed", "svc"}, repository.path());
  EXPECT_NE(explained.out.find("rebuild"), std::string::npos) << explained.out;
}

TEST(ChangedLink, OnTheWayToAContextMeansAllOfIt) {
  const Repository repository({{"real/Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"real/f", "1\n"},
                               {"compose.yaml", "services: {x: {build: ctx}}\n"}});
  repository.shell("ln -s real ctx");
  EXPECT_EQ(repository.effects({"--changed", "ctx"}), "x:rebuilt@2");
}

TEST(DeletedFiles, ThatSaidHowToBuildCount) {
  const Repository repository(
      {{"docker/Dockerfile", "FROM scratch\nCOPY src /\n"},
       {"src/x", "1\n"},
       {"app/[id].tsx", "1\n"},
       {"app/Dockerfile", "FROM scratch\nCOPY . /\n"},
       {"other/Dockerfile", "FROM scratch\n"},
       {"compose.yaml",
        "services: {x: {build: {context: ., dockerfile: docker/Dockerfile}}, app: {build: app}}\n"}});
  const std::string opened = "x:may-rebuild@2 app:unaffected other/Dockerfile:unaffected";
  EXPECT_EQ(repository.effects({"--changed", ".dockerignore"}), opened);
  EXPECT_EQ(repository.effects({"--changed", "docker/Dockerfile.dockerignore"}), opened);
  EXPECT_EQ(repository.effects({"--changed", "docker/.dockerignore"}),
            "x:unaffected app:unaffected other/Dockerfile:unaffected");
  repository.shell("rm 'app/[id].tsx'");
  EXPECT_EQ(repository.effects({"--changed", "app/[id].tsx"}),
            "x:unaffected app:rebuilt@2 other/Dockerfile:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "other/docker-bake.hcl"}),
            "x:unaffected app:unaffected other/Dockerfile:unknown");
  EXPECT_EQ(repository.effects({"--changed", ".github/workflows/w.yml"}),
            "x:unknown app:unknown other/Dockerfile:unknown");
}

TEST(Platforms, InOneTextAreSeveral) {
  const Repository repository(
      {{"Dockerfile",
        "FROM scratch AS arm64\nCOPY g /\nFROM scratch AS amd64\nCOPY f /\nFROM ${TARGETARCH}\n"},
       {"docker-bake.hcl", "target \"x\" { platforms = [\"linux/amd64,linux/arm64\"] }\n"},
       {"f", "1\n"},
       {"g", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "g"}), "x:rebuilt@2");
  EXPECT_EQ(repository.effects({"--changed", "f"}), "x:rebuilt@4");
}

// What the image that a Dockerfile starts from sets is not empty.
TEST(BaseImage, MaySetVariablesAndTheWorkdir) {
  const Repository repository(
      {{"base/Dockerfile", "FROM alpine\nENV SRC=src/\n"},
       {"app/Dockerfile", "FROM org/base\nCOPY ${SRC}x /\n"},
       {"app/src/x", "1\n"},
       {"compose.yaml", "services: {base: {build: base, image: org/base}, app: {build: app}}\n"}});
  EXPECT_EQ(repository.effects({"--changed", "app/src/x"}), "base:unaffected app:rebuilt@2");
  repository.write("app/src/x", "2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:rebuilt@2");
  for (const std::string line :
       {"COPY $SRC/x /", "VOLUME $V", "STOPSIGNAL $SIG", "COPY f ${GOPATH:?no}", "WORKDIR $HOME/a",
        "RUN --mount=type=bind,target=$GOPATH ls", "RUN --mount=type=cache,target=$C ls",
        "RUN --mount=type=cache,target=/c,uid=$UID ls", "RUN --mount=type=bind,target=. ls"}) {
    repository.write("app/Dockerfile", "FROM org/base\nCOPY f /\n" + line + "\n");
    repository.write("app/f", "");
    const Outcome outcome = run_dcache({"affected", "--changed", "app/f"}, repository.path());
    EXPECT_EQ(outcome.status, 0) << line << '\n' << outcome.err;
    EXPECT_NE(outcome.out.find("COPY f"), std::string::npos) << line << '\n' << outcome.out;
  }
}

TEST(Revisions, MayBeWrittenWithAnAt) {
  const Repository repository({{"Dockerfile", "FROM scratch\nCOPY f /\n"}, {"f", "1\n"}});
  repository.write("f", "2\n");
  repository.commit("second");
  for (const std::string revision : {"@~1", "@^", "@~1..@", "@~1...HEAD"})
    EXPECT_EQ(repository.effects({"--git", revision}), "Dockerfile:rebuilt@2") << revision;
}

TEST(Dockerfiles, AreNotWhatIsNamedAfterOne) {
  const Repository repository({{"Dockerfile", "FROM scratch\n"}, {"Dockerfile.rego", "package docker\n"}});
  EXPECT_EQ(repository.effects({"--changed", "f"}), "Dockerfile:unaffected");
}

TEST(Dockerfiles, MayBeInLowerCase) {
  const Repository repository({{"s/dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"s/f", "1\n"},
                               {"compose.yaml", "services: {x: {build: s}}\n"}});
  EXPECT_EQ(repository.effects({"--changed", "s/f"}), "x:rebuilt@2");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "x:unaffected");
}

TEST(Dockerfiles, InLowerCaseAreFoundWhereThereIsNoOther) {
  const Repository repository({{"a/dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"a/f", "1\n"},
                               {"b/Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"b/dockerfile", "FROM scratch\nCOPY g /\n"},
                               {"b/f", "1\n"}});
  EXPECT_EQ(repository.effects({"--changed", "a/f"}), "a/dockerfile:rebuilt@2 b/Dockerfile:unaffected");
  const Outcome own = run_dcache({"explain", "--changed", "f"}, repository / "a");
  EXPECT_TRUE(own.out.starts_with("1 of 1 step rebuilds when f changes")) << own.out << own.err;
  EXPECT_EQ(run_dcache({"lint", "a"}, repository.path()).out.find("no Dockerfile"), std::string::npos);
}

TEST(NamedContexts, ThatAreNoFoldersAreUnknown) {
  const std::string digest(64, '0'), commit(40, 'a');
  const auto effects = [&](const std::string& context, const std::string& dockerfile) {
    const Repository repository(
        {{"docker-bake.hcl", "target \"a\" {\n contexts = { base = \"" + context + "\" }\n}\n"},
         {"Dockerfile", dockerfile},
         {"f", ""},
         {"layout/index.json", "{}"}});
    return repository.effects({"--git", "HEAD"}) + " " +
           repository.effects({"--changed", "layout/index.json"});
  };
  const std::string from = "FROM base\nCOPY f /\n", copy = "FROM scratch\nCOPY --from=base f /\n";
  for (const std::string& dockerfile : {from, copy}) {
    EXPECT_EQ(effects("oci-layout://layout", dockerfile), "a:unknown a:unknown");
    EXPECT_EQ(effects("oci-layout://layout:1", dockerfile), "a:unknown a:unknown");
    EXPECT_EQ(effects("oci-layout://layout@sha256:" + digest, dockerfile), "a:unaffected a:unaffected");
    EXPECT_EQ(effects("https://example.com/a.git", dockerfile), "a:unknown a:unknown");
    EXPECT_EQ(effects("https://example.com/a.git#" + commit, dockerfile), "a:unaffected a:unaffected");
  }
  EXPECT_EQ(effects("oci-layout://layout", "FROM scratch\nCOPY f /\n"), "a:unaffected a:unaffected");
}

TEST(Folders, ThatCiMakesAreUnknown) {
  const Repository repository(
      {{"app/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"app/f", ""},
       {"docker-bake.hcl", "target \"r\" {\n context = \"app\"\n contexts = { artifacts = \"./bin\" }\n}\n"},
       {kWorkflow,
        "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n"
        "    - run: git clone https://github.com/q/w && cd w && docker build -t org/w .\n"
        "    - uses: actions/download-artifact@v4\n      with: {path: dl}\n"
        "    - uses: docker/build-push-action@v6\n      with: {context: dl, file: app/Dockerfile, tags: "
        "org/dl}\n"}});
  const Outcome outcome = run_dcache({"affected", "--git", "HEAD"}, repository.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "r:unknown w:unknown dl:unknown") << outcome.out;
  EXPECT_NE(outcome.out.find(" w does not exist; a step before the build may make it"), std::string::npos)
      << outcome.out;
}

TEST(RequiredArtifacts, OfOtherBuildersAreUnknown) {
  const Repository repository(
      {{"other/Dockerfile", "ARG TOOL\nFROM ${TOOL}\nCOPY f /\n"},
       {"other/f", ""},
       {"skaffold.yaml",
        "apiVersion: skaffold/v4beta6\nkind: Config\nbuild:\n  artifacts:\n"
        "  - {image: tool, context: tools, custom: {buildCommand: ./x.sh}}\n"
        "  - {image: other, context: other, requires: [{image: tool, alias: TOOL}]}\n"}});
  const Outcome outcome = run_dcache({"affected", "--changed", "tools/f"}, repository.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("a required image is tool, which is built by custom"), std::string::npos)
      << outcome.out;
}

constexpr const char* kSkaffoldHead = "apiVersion: skaffold/v4beta6\nkind: Config\n";

// `base` and `app`, which is given the reference of `base` as X.
Files with_alias(const std::string& app) {
  return {{"skaffold.yaml", std::string(kSkaffoldHead) +
                                "build:\n  artifacts:\n  - {image: base, context: base}\n"
                                "  - {image: app, context: app, requires: [{image: base, alias: X}]}\n"},
          {"base/Dockerfile", "FROM scratch\nCOPY f /\n"},
          {"base/f", "1\n"},
          {"app/Dockerfile", app},
          {"app/f", "1\n"}};
}

// A build argument with the reference of an image is another one with another image.
TEST(RequiredArtifacts, ChangeTheStepsThatTheirReferencesReach) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"FROM scratch\nARG X\nRUN x\n", "3:miss:image"},
      {"FROM scratch\nARG X\nENV I=$X\nRUN x\n", "4:miss:image"},
      {"FROM scratch\nARG X\nLABEL i=$X\nRUN x\n", "4:miss:image"},
      {"FROM scratch\nARG X\nCOPY f /$X/\n", "3:miss:image"},
      {"FROM scratch\nCOPY f /\nARG X\nWORKDIR /$X\nCOPY f ./\n", "2:hit 4:miss:image 5:miss:image"},
      {"FROM scratch AS a\nARG X\nENV I=$X\nFROM a\nRUN x\n", "5:miss:image"},
      {"ARG X\nARG Y=$X\nFROM scratch\nARG Y\nRUN x\n", "5:miss:image"},
      {"ARG X\nFROM scratch AS z\nARG X\nRUN x\nFROM $X\nCOPY --from=z / /\n",
       "4:miss:image 5:miss:image 6:miss:stage"},
      {"FROM scratch\nCOPY f /\nRUN before\nARG X\nRUN --mount=type=bind,target=/m x\n",
       "2:hit 3:hit 5:miss:image"},
      // It reaches no step.
      {"FROM scratch\nRUN x\n", "2:hit"},
      {"FROM scratch\nRUN x\nARG X\n", "2:hit"},
      {"ARG X\nFROM scratch\nRUN x\n", "3:hit"},
      {"FROM scratch\nARG X\nCOPY f /\n", "3:hit"},
      {"FROM scratch\nARG X\nARG X=own\nRUN x\nENV X=e\nRUN y\n", "4:miss:image 6:miss:image"},
  };
  for (const auto& [app, steps] : cases) {
    const Repository repository(with_alias(app));
    const auto ask = [&](std::vector<std::string> question) {
      question.insert(question.begin(), {"--image", "app"});
      return test::steps_of(repository, question);
    };
    EXPECT_EQ(ask({"--changed", "base/f"}), steps) << app;
    EXPECT_EQ(ask({"--changed", "other"}).find("miss"), std::string::npos) << app;
    EXPECT_EQ(ask({"--git", "HEAD"}).find("miss"), std::string::npos) << app;
    repository.write("base/f", "2\n");
    EXPECT_EQ(ask({"--git", "HEAD"}), steps) << app;
    // The history of the image has the arguments of its stages.
    const bool is_affected =
        steps.find("miss") != std::string::npos || app.find("\nARG X") != std::string::npos;
    const Outcome names = run_dcache({"affected", "--format", "names"}, repository.path());
    EXPECT_EQ(names.out, is_affected ? "base\napp\n" : "base\n") << app;
  }
}

// What an image says is another text with another image, where no step is.
TEST(RequiredArtifacts, ChangeTheConfigurationThatTheirReferencesReach) {
  const char* const configuration = "base:rebuilt@2 app:configuration";
  const char* const nothing = "base:rebuilt@2 app:unaffected";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"FROM scratch\nARG X\nLABEL b=$X\nCOPY f /\n", configuration},
      {"FROM scratch\nARG X\nENV B=$X\nCOPY f /\n", configuration},
      {"FROM scratch\nCOPY f /\nARG X\nENV B=${X:-x}\nCMD x\n", configuration},
      {"FROM scratch\nCOPY f /\nARG X\nUSER $X\n", configuration},
      {"FROM scratch\nCOPY f /\nARG X\nVOLUME $X\n", configuration},
      {"FROM scratch\nCOPY f /\nARG X\nONBUILD RUN x $X\n", configuration},
      {"FROM scratch AS a\nARG X\nENV B=$X\nCOPY f /\nFROM a\nCMD x\n", configuration},
      {"ARG X\nARG Y=a-$X\nFROM scratch\nARG Y\nLABEL b=$Y\nCOPY f /\n", configuration},
      {"ARG X\nARG Y=$X\nARG Z=$Y\nFROM scratch\nARG Z\nENV Z=own\nCOPY f /\n", configuration},
      {"FROM scratch AS a\nARG X\nLABEL b=$X\nCOPY f /\nFROM scratch\nCOPY --from=a /f /\n", nothing},
      {"ARG X\nFROM scratch\nLABEL b=$X\nCOPY f /\n", nothing},
      {"ARG X\nARG Y=own\nFROM scratch\nARG Y\nLABEL b=$Y\nCOPY f /\n", nothing},
  };
  for (const auto& [app, effects] : cases) {
    const Repository repository(with_alias(app));
    EXPECT_EQ(repository.effects({"--changed", "base/f"}), effects) << app;
    EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:unaffected") << app;
    run_dcache({"snapshot", "--image", "base,app", "-o", ".git/states/"}, repository.path());
    repository.write("base/f", "2\n");
    EXPECT_EQ(repository.effects({"--git", "HEAD"}), effects) << app;
    EXPECT_EQ(repository.effects({"--since", ".git/states/"}), effects) << app;
  }
}

TEST(RequiredArtifacts, SayWhyTheConfigurationChanges) {
  const Repository repository(with_alias("FROM scratch\nARG X\nLABEL b=$X\nCOPY f /\n"));
  repository.write("base/f", "2\n");
  const std::string rebuilt = run_dcache({"affected"}, repository.path()).out;
  EXPECT_NE(
      rebuilt.find("no step rebuilds, but the build argument X is the reference of base, which is rebuilt"),
      std::string::npos)
      << rebuilt;
  repository.write("base/f", "1\n");
  repository.write("base/Dockerfile", "FROM scratch\nCOPY f /\nCMD [\"x\"]\n");
  const std::string may = run_dcache({"affected"}, repository.path()).out;
  EXPECT_NE(may.find("is the reference of base, which may be another image"), std::string::npos) << may;
}

TEST(RequiredArtifacts, ThatMayBeOtherOnesAreNamed) {
  const Repository repository(with_alias("FROM scratch\nARG X\nRUN x\n"));
  repository.write("base/Dockerfile", "FROM scratch\nCOPY f /\nCMD [\"x\"]\n");
  const Outcome outcome = run_dcache({"affected"}, repository.path());
  EXPECT_EQ(repository.effects({}), "base:configuration app:may-rebuild@3") << outcome.out;
  EXPECT_NE(outcome.out.find("base may be rebuilt"), std::string::npos) << outcome.out;
}

TEST(RequiredArtifacts, CountInHistoriesAndSnapshots) {
  const Repository repository(with_alias("FROM scratch\nARG X\nRUN x\n"));
  const Outcome snapshot =
      run_dcache({"snapshot", "--image", "base,app", "-o", "states/"}, repository.path());
  repository.write("base/f", "2\n");
  repository.commit("edit");
  repository.write("app/other", "2\n");
  repository.commit("other");
  const Outcome history = run_dcache({"history", "--image", "app", "--format", "json"}, repository.path());
  EXPECT_NE(history.out.find(R"("line":3,"instruction":"RUN x","rebuilt":2,)"), std::string::npos)
      << history.out << history.err;
  EXPECT_EQ(repository.effects({"--since", "states/"}), "base:rebuilt@2 app:rebuilt@3") << snapshot.err;
}

// Skaffold reads the files that others require with them alone.
TEST(RequiredArtifacts, AreLookedForInAllFilesThatAreReadTogether) {
  const std::string head = kSkaffoldHead;
  const std::string base = "  - {image: base, context: BASE}\n";
  const std::string mod = "  - {image: mod, requires: [{image: base, alias: BASE}]}\n";
  Files files = {{"base/Dockerfile", "FROM scratch\nCOPY f /\n"},
                 {"base/f", "1\n"},
                 {"mod/Dockerfile", "ARG BASE\nFROM ${BASE}\nCOPY f /\n"},
                 {"mod/f", "1\n"},
                 {"mod/skaffold.yaml", head + "build:\n  artifacts:\n" + mod}};
  Files modules = files;
  files.emplace_back("skaffold.yaml", head +
                                          "requires: [{path: ./mod}]\nbuild:\n  artifacts:\n"
                                          "  - {image: base, context: base}\n");
  modules.emplace_back("base/skaffold.yaml", head + "build:\n  artifacts:\n  - {image: base}\n");
  modules.emplace_back("skaffold.yaml", head + "requires: [{path: base}, {path: mod}]\n");
  for (const Files& all : {files, modules}) {
    const Repository repository(all);
    const Outcome images = run_dcache({"images"}, repository.path());
    EXPECT_EQ(images.status, 0) << images.err;
    EXPECT_EQ(images.err, "");
    const Outcome nothing = run_dcache({"affected", "--format", "names"}, repository.path());
    EXPECT_EQ(nothing.out, "") << nothing.err;
    repository.write("base/f", "2\n");
    EXPECT_EQ(run_dcache({"affected", "--format", "names"}, repository.path()).out.size(), 9U);
    EXPECT_EQ(run_dcache({"lint", "mod/Dockerfile", "--select", "DC0001"}, repository.path()).err, "");
    // By itself it lacks an image.
    const Outcome alone = run_dcache({"images", "--definition", "mod/skaffold.yaml"}, repository.path());
    EXPECT_EQ(alone.status, 2);
    EXPECT_NE(alone.err.find("the image 'mod' requires 'base', which is not an artifact"), std::string::npos);
  }
  // Nothing has the image.
  std::erase_if(files, [](const auto& file) { return file.first == "skaffold.yaml"; });
  files.emplace_back("skaffold.yaml", head + "requires: [{path: ./mod}]\n");
  const Repository repository(files);
  const Outcome images = run_dcache({"images"}, repository.path());
  EXPECT_EQ(images.status, 2);
  EXPECT_EQ(
      images.err,
      "dcache: mod/skaffold.yaml:5:5: the image 'mod' requires 'base', which is not an artifact; add an "
      "artifact with this image\n");
}

TEST(ChangedFiles, ThatAreNotThereWereDeleted) {
  const Repository repository({{"Dockerfile", "FROM alpine\nCOPY src /src\n"}, {"src/a", "1\n"}});
  const Outcome outcome = run_dcache({"affected", "--changed", "src/gone"}, repository.path());
  EXPECT_NE(outcome.out.find("src/gone was deleted"), std::string::npos) << outcome.out;
}

// An image that starts from another one of the repository, which puts off a COPY.
Files with_onbuild(const std::string& trigger) {
  return {{"base/Dockerfile", "FROM alpine\n" + trigger + "\n"},
          {"app/Dockerfile", "# comment\nFROM org/base\nRUN x\n"},
          {"app/src/a", "1\n"},
          {"app/other", "1\n"},
          {"compose.yaml", "services: {base: {build: base, image: org/base}, app: {build: app}}\n"}};
}

TEST(Onbuild, OfABaseRunsInTheImagesThatStartFromIt) {
  const Repository repository(with_onbuild("onbuild COPY src /src"));
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "app/src/a"}), "base:unaffected app:rebuilt@2");
  EXPECT_EQ(repository.effects({"--changed", "app/other"}), "base:unaffected app:unaffected");
  repository.write("app/src/a", "2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:rebuilt@2");
  const Outcome explained = run_dcache({"explain", "--image", "app", "--git", "HEAD"}, repository.path());
  EXPECT_NE(explained.out.find("2  ONBUILD COPY src /src (base/Dockerfile:2)"), std::string::npos)
      << explained.out;
  EXPECT_NE(explained.out.find("2 of 2 steps rebuild"), std::string::npos) << explained.out;
}

TEST(Onbuild, OfARevisionIsWhatTheBaseSaidThen) {
  const Repository repository(with_onbuild("ONBUILD COPY src /src"));
  repository.write("base/Dockerfile", "FROM alpine\nONBUILD COPY other /src\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:configuration app:rebuilt@2");
  repository.write("base/Dockerfile", "FROM alpine\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:configuration app:rebuilt@3");
}

TEST(Onbuild, OfASnapshotIsWhatTheBaseSaidThen) {
  const Repository repository(with_onbuild("ONBUILD COPY src /src"));
  const test::TemporaryFolder states;
  const std::string folder = states.path() + "/s/";
  ASSERT_EQ(run_dcache({"snapshot", "-o", folder}, repository.path()).status, 0);
  EXPECT_EQ(repository.effects({"--since", folder}), "base:unaffected app:unaffected");
  repository.write("app/src/a", "2\n");
  EXPECT_EQ(repository.effects({"--since", folder}), "base:unaffected app:rebuilt@2");
  repository.write("app/src/a", "1\n");
  repository.write("base/Dockerfile", "FROM alpine\nONBUILD COPY other /src\n");
  EXPECT_EQ(repository.effects({"--since", folder}), "base:configuration app:rebuilt@2");
}

TEST(Onbuild, IsCountedInHistories) {
  const Repository repository(with_onbuild("ONBUILD COPY src /src"));
  repository.write("app/src/a", "2\n");
  repository.commit("edit");
  repository.write("app/other", "2\n");
  repository.commit("other");
  const Outcome history = run_dcache({"history", "--image", "app", "--format", "json"}, repository.path());
  EXPECT_NE(history.out.find(R"("line":2,"instruction":"ONBUILD COPY src /src",)"
                             R"("trigger":{"dockerfile":"base/Dockerfile","line":2},"rebuilt":2,)"),
            std::string::npos)
      << history.out << history.err;
}

TEST(Onbuild, IsTheCauseInHistoriesWhereItIsWritten) {
  const Repository repository(with_onbuild("ONBUILD COPY src /src"));
  repository.write("base/Dockerfile", "FROM alpine\nONBUILD COPY other /src\n");
  repository.commit("edit");
  const Outcome history = run_dcache({"history", "--image", "app", "--format", "json"}, repository.path());
  EXPECT_NE(history.out.find(R"("kind":"instruction","path":"base/Dockerfile","commits":1)"),
            std::string::npos)
      << history.out << history.err;
}

TEST(Onbuild, IsShownWithItsPlace) {
  const Repository repository(with_onbuild("ONBUILD COPY src /src"));
  const std::string shown = "(base/Dockerfile:2)";
  const std::string member = R"("trigger":{"dockerfile":"base/Dockerfile","line":2})";
  struct Case {
    std::vector<std::string> command;
    std::string words;
  };
  for (const Case& c :
       {Case{{"graph", "--image", "app"}, shown},
        {{"graph", "--image", "app", "--format", "dot"}, shown},
        {{"affected", "--changed", "app/src/a"}, shown},
        {{"affected", "--changed", "app/src/a", "--format", "json"}, member},
        {{"history", "--image", "app"}, shown},
        {{"explain", "--image", "app", "--changed", "app/src/a", "--format", "json"}, member}}) {
    const Outcome outcome = run_dcache(c.command, repository.path());
    EXPECT_NE(outcome.out.find(c.words), std::string::npos) << outcome.out << outcome.err;
  }
}

// However a definition says which image is the base.
TEST(Onbuild, OfABaseThatADefinitionNames) {
  const std::string compose =
      "services:\n  base: {build: base}\n  app: {build: {context: app, additional_contexts: "
      "[\"org/base=service:base\"]}}\n";
  const std::string bake =
      "target \"base\" { context = \"base\" }\n"
      "target \"app\" {\n  context = \"app\"\n  contexts = { \"org/base\" = \"target:base\" }\n}\n";
  const std::string skaffold =
      "apiVersion: skaffold/v4beta6\nkind: Config\nbuild:\n  artifacts:\n  - {image: base, context: base}\n"
      "  - {image: app, context: app, requires: [{image: base, alias: BASE}]}\n";
  for (const auto& [name, definition] : {std::pair<std::string, std::string>{"compose.yaml", compose},
                                         {"docker-bake.hcl", bake},
                                         {"skaffold.yaml", skaffold}}) {
    Files files = with_onbuild("ONBUILD COPY src /src");
    std::erase_if(files, [](const auto& file) { return file.first == "compose.yaml"; });
    files.emplace_back(name, definition);
    if (name == "skaffold.yaml") files.emplace_back("app/Dockerfile", "ARG BASE\nFROM ${BASE}\nRUN x\n");
    const Repository repository(files);
    EXPECT_EQ(repository.effects({"--changed", "app/src/a"}), "base:unaffected app:rebuilt@2") << name;
    EXPECT_EQ(repository.effects({"--changed", "app/other"}), "base:unaffected app:unaffected") << name;
  }
}

// What the base of the base puts off runs in the base alone.
TEST(Onbuild, RunsInTheNextImageOnly) {
  Files files = with_onbuild("ONBUILD COPY src /src");
  files.emplace_back("base/Dockerfile", "FROM org/root\nONBUILD COPY src /src\n");
  files.emplace_back("base/f", "1\n");
  files.emplace_back("root/Dockerfile", "FROM alpine\nONBUILD COPY f /f\n");
  files.emplace_back("app/f", "1\n");
  files.emplace_back("compose.yaml",
                     "services: {root: {build: root, image: org/root}, base: {build: base, image: org/base}, "
                     "app: {build: app}}\n");
  const Repository repository(files);
  EXPECT_EQ(repository.effects({"--changed", "app/f"}), "root:unaffected base:unaffected app:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "base/f"}), "root:unaffected base:rebuilt@1 app:rebuilt@2");
  EXPECT_EQ(repository.effects({"--changed", "app/src/a"}), "root:unaffected base:unaffected app:rebuilt@2");
}

TEST(Onbuild, ThatFailsNamesItsPlace) {
  const Repository repository(with_onbuild("ONBUILD COPY --from=nope:x:y a /b"));
  const Outcome outcome =
      run_dcache({"explain", "--image", "app", "--changed", "app/src/a"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(
      outcome.err.find("app/Dockerfile:2:1: ONBUILD in base/Dockerfile:2: 'nope:x:y' is not an image name"),
      std::string::npos)
      << outcome.err;
}

// Which one is the base is not known.
TEST(Onbuild, OfOneOfSeveralBasesMayReadTheContext) {
  const Repository repository(
      {{"base/Dockerfile", "FROM alpine\nONBUILD COPY src /src\n"},
       {"app/Dockerfile", "FROM org/base\nRUN x\n"},
       {"app/src/a", "1\n"},
       {"compose.yaml",
        "services: {base: {build: base, image: org/base}, app: {build: app}, twin: {build: {context: base, "
        "args: {A: 1}}, image: org/base}}\n"}});
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:unaffected twin:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "app/src/a"}), "base:unaffected app:unknown twin:unaffected");
  EXPECT_EQ(repository.effects({"--changed", "x"}), "base:unaffected app:unaffected twin:unaffected");
  repository.write("app/src/a", "2\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "base:unaffected app:unknown twin:unaffected");
}

struct BadInput {
  std::string name;
  Files files;                // next to those of the image `fine`
  std::string place;          // in the error
  bool is_definition = true;  // so that dcache images tells it, too
};

// Each is an error with its place, and the other image is answered.
TEST(BadInput, LeavesTheOtherImages) {
  const std::string bake = "target \"fine\" { context = \"fine\" }\n";
  const BadInput inputs[] = {
      {"missing Dockerfile",
       {{"compose.yaml", "services:\n  fine: {build: fine}\n  a: {build: a}\n"}, {"a/f", ""}},
       "compose.yaml:3:1: a: can't open a/Dockerfile",
       false},
      {"cycle of extends",
       {{"compose.yaml", "services:\n  fine: {build: fine}\n  a: {extends: b}\n  b: {extends: a}\n"}},
       "compose.yaml:4:16: the service 'b' extends itself"},
      {"cycle of target:",
       {{"docker-bake.hcl",
         bake + "target \"a\" { contexts = { x = \"target:b\" } }\ntarget \"b\" { contexts = { x = "
                "\"target:a\" } }\n"}},
       "docker-bake.hcl:3:1: \"b\" needs its own result"},
      {"cycle of requires",
       {{"skaffold.yaml",
         "apiVersion: skaffold/v2beta29\nkind: Config\nbuild:\n  artifacts:\n  - {image: fine, context: "
         "fine}\n  - {image: a, requires: [{image: b}]}\n  - {image: b, requires: [{image: a}]}\n"}},
       "skaffold.yaml:6:5: the image 'a' requires itself"},
      {"name that is there twice",
       {{"compose.yaml", "services:\n  a: {build: a}\n  a: {build: b}\n"}, {"docker-bake.hcl", bake}},
       "compose.yaml:3:3: 'a' is here twice"},
      {"unknown variable",
       {{"docker-bake.hcl", bake + "target \"a\" { context = NOPE }\n"}},
       "docker-bake.hcl:2:24: there is no variable \"NOPE\""},
      {"alias bomb",
       {{"compose.yaml",
         "x: &a [1,1,1,1,1,1,1,1,1]\ny: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nz: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
         "w: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\nv: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nu: &f "
         "[*e,*e,*e,*e,*e,*e,*e,*e,*e]\nservices: {a: {build: .}}\n"},
        {"docker-bake.hcl", bake}},
       "compose.yaml:6:"},
      {"large file",
       {{"docker-bake.hcl", bake + std::string(10'000'000, '\n') + "target \"a\" { context = NOPE }\n"}},
       "docker-bake.hcl:10000002:24: there is no variable"},
  };
  for (const BadInput& input : inputs) {
    Files files = input.files;
    files.emplace_back("fine/Dockerfile", "FROM scratch\nCOPY f /\n");
    files.emplace_back("fine/f", "1\n");
    const Repository repository(files);
    const Outcome affected = run_dcache({"affected", "--changed", "fine/f"}, repository.path());
    EXPECT_EQ(affected.status, 2) << input.name;
    EXPECT_NE(affected.err.find(input.place), std::string::npos) << input.name << ": " << affected.err;
    EXPECT_NE(affected.out.find("fine   rebuilds 1 of 1 step"), std::string::npos)
        << input.name << ": " << affected.out;
    if (!input.is_definition) continue;
    const Outcome images = run_dcache({"images"}, repository.path());
    EXPECT_EQ(images.status, 2) << input.name;
    EXPECT_NE(images.out.find("\nfine "), std::string::npos) << input.name << ": " << images.out;
  }
}

}  // namespace
}  // namespace dcache
