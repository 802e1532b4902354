// What is an image of a repository, and what is only a part of how others are defined.
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/repository.h"
#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::Files;
using test::Outcome;
using test::Repository;
using test::run_dcache;

// "api web" for the images, then what is skipped and what is an error.
std::string images_of(const Repository& repository, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), "images");
  arguments.insert(arguments.end(), {"--format", "json"});
  const Outcome outcome = run_dcache(arguments, repository.path());
  if (outcome.out.empty()) return outcome.err;
  std::string text;
  const json answer = json::parse(outcome.out);
  for (const json& image : answer.at("images"))
    text += (text.empty() ? "" : " ") + image.at("name").get<std::string>();
  for (const json& skipped : answer.at("skipped"))
    text += " -" + skipped.at("name").get<std::string>();
  return text + (outcome.err.empty() ? "" : " ! " + outcome.err);
}

const Files kModules = {
    {"skaffold.yaml",
     "apiVersion: skaffold/v4beta6\nkind: Config\nrequires:\n- path: mod\n  activeProfiles: [{name: fast, "
     "activatedBy: [prod]}]\nbuild: {artifacts: [{image: app}]}\nprofiles:\n- name: prod\n  patches:\n  - "
     "{op: "
     "add, path: /build/artifacts/0/docker, value: {buildArgs: {A: x}}}\n"},
    {"mod/skaffold.yaml",
     "apiVersion: skaffold/v4beta6\nkind: Config\nbuild: {artifacts: [{image: lib}]}\nprofiles:\n- name: "
     "fast\n  patches:\n  - {op: add, path: /build/artifacts/0/docker, value: {buildArgs: {B: x}}}\n"},
    {"Dockerfile", "FROM alpine\n"},
    {"mod/Dockerfile", "FROM alpine\n"}};

TEST(Images, OfSkaffoldNeedAProfileOnce) {
  const Repository repository(kModules);
  EXPECT_EQ(images_of(repository), "lib app");
  EXPECT_EQ(images_of(repository, {"--profile", "prod"}), "lib app");
  EXPECT_EQ(images_of(repository, {"--profile", "fast"}), "lib app");
  EXPECT_EQ(images_of(repository, {"--profile", "nope"}),
            "lib app ! dcache: no skaffold.yaml has a profile 'nope'; name one that they have\n");
  EXPECT_EQ(run_dcache({"explain", "-f", "mod/Dockerfile", "--profile", "prod", "--changed", "x"},
                       repository.path())
                .status,
            0);
}

TEST(Images, ArePlatformsOfComposeServices) {
  const Repository repository(
      {{"compose.yaml",
        "services:\n  a: {build: ., platform: linux/amd64}\n  b: {build: ., platform: "
        "linux/arm64}\n  c: {build: {context: ., platforms: [linux/s390x]}, platform: linux/s390x}\n"},
       {"Dockerfile", "FROM alpine\nARG TARGETARCH\nCOPY f-$TARGETARCH /f\n"},
       {"f-amd64", "1"},
       {"f-arm64", "1"},
       {"f-s390x", "1"}});
  EXPECT_EQ(images_of(repository), "a b c");
  EXPECT_EQ(repository.effects({"--changed", "f-arm64"}), "a:unaffected b:rebuilt@3 c:unaffected");
  repository.write(
      "compose.yaml",
      "services:\n  a: {build: ., platform: linux/arm64}\n  b: {build: ., platform: "
      "linux/arm64}\n  c: {build: {context: ., platforms: [linux/s390x]}, platform: linux/s390x}\n");
  EXPECT_EQ(repository.effects({"--git", "HEAD"}), "a:new b:unaffected c:unaffected");
}

TEST(Images, AreNotTargetsThatAreOnlyInherited) {
  const Files files = {{"docker-bake.hcl",
                        "target \"docker-metadata-action\" {}\ntarget \"meta\" { tags = [\"x:1\"] }\n"
                        "target \"lib\" { context = \"lib\" }\ntarget \"t\" {\n  inherits = "
                        "[\"docker-metadata-action\", \"meta\", \"lib\"]\n  context = \"a\"\n}\n"},
                       {"a/Dockerfile", "FROM alpine\nCOPY f /f\n"},
                       {"a/f", "1"},
                       {"lib/Dockerfile", "FROM alpine\nCOPY f /f\n"},
                       {"lib/f", "1"}};
  const Repository repository(files);
  EXPECT_EQ(images_of(repository), "lib t -docker-metadata-action -meta");
  EXPECT_EQ(repository.effects({"--changed", "a/f"}), "lib:unaffected t:rebuilt@2");
  // A group that builds it makes it an image, which can't be built.
  repository.write("docker-bake.hcl",
                   files.front().second + "group \"all\" { targets = [\"meta\", \"t\"] }\n");
  EXPECT_EQ(images_of(repository), "meta lib t -docker-metadata-action");
}

// Nothing says what it is for: bake builds it.
TEST(Images, AreTargetsThatSayNothing) {
  const Repository repository({{"docker-bake.hcl",
                                "group \"default\" { targets = [\"app\"] }\n"
                                "target \"app\" { dockerfile = \"app.Dockerfile\" }\ntarget \"tools\" {}\n"
                                "target \"plat\" { platforms = [\"linux/arm64\"] }\n"},
                               {"app.Dockerfile", "FROM scratch\nCOPY f /\n"},
                               {"f", "1"}});
  EXPECT_EQ(images_of(repository), "app tools plat");
  EXPECT_EQ(repository.effects({"--changed", "f"}), "app:rebuilt@2 tools:unknown plat:unknown");
  repository.write("Dockerfile", "FROM scratch\nCOPY f /\n");
  EXPECT_EQ(repository.effects({"--changed", "f"}), "app:rebuilt@2 tools:rebuilt@2 plat:rebuilt@2");
}

TEST(Images, OfIncludedFilesAreReadAsTheyAreIncluded) {
  const Repository repository(
      {{"compose.yaml",
        "include:\n- path: [sub/compose.yaml, sub/compose.extra.yaml]\n  env_file: sub/my.env\n"},
       {"sub/compose.yaml", "services: {s: {build: {context: ., args: {V: '${V2}'}}}}\n"},
       {"sub/compose.extra.yaml", "services: {s: {build: {args: {W: '${V2}'}}}}\n"},
       {"sub/my.env", "V2=1\n"},
       {"sub/Dockerfile", "FROM scratch\nARG V\nARG W\nRUN x\n"}});
  EXPECT_EQ(images_of(repository), "s");
}

TEST(Images, TakeOverridesAsBakeDoes) {
  const Repository repository({{"docker-bake.hcl", "target \"app\" {}\n"}, {"Dockerfile", "FROM scratch\n"}});
  const auto images = [&](const std::string& set) {
    return run_dcache({"images", "--format", "json", "--set", set}, repository.path());
  };
  test::set_variable("DCACHE_TEST_X", "from-env");
  EXPECT_NE(images("app.args.DCACHE_TEST_X").out.find(R"("args":{"DCACHE_TEST_X":"from-env"})"),
            std::string::npos);
  test::remove_variable("DCACHE_TEST_X");
  EXPECT_EQ(images("app.args.DCACHE_TEST_X").status, 0);
  EXPECT_NE(images("app.args.DCACHE_TEST_X").out.find(R"("args":{})"), std::string::npos);
  for (const char* set : {"app.dockerfile-inline=FROM x", "app.secret=id=a", "app.inherits=x"}) {
    const Outcome outcome = images(set);
    EXPECT_EQ(outcome.status, 2) << set;
    EXPECT_NE(outcome.err.find("can't be set"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(images("app.secrets=id=a").status, 0);
  for (const char* set : {"app.args", "app.args.", "app.target", "app"}) {
    EXPECT_NE(images(set).err.find("write TARGET.ATTRIBUTE=VALUE"), std::string::npos) << set;
  }
}

// Each is a name that people build with.
TEST(Images, ThatAreDefinedTogetherKeepTheirNames) {
  const std::string head = "apiVersion: skaffold/v4beta6\nkind: Config\n";
  const Repository skaffold(
      {{"skaffold.yaml", head + "requires: [{path: m.yaml}]\nbuild:\n  artifacts:\n"
                                "  - {image: one, context: base}\n  - {image: three, context: base}\n"},
       {"m.yaml", head + "build:\n  artifacts:\n  - {image: two, context: base}\n"},
       {"base/Dockerfile", "FROM scratch\nCOPY f /\n"},
       {"base/f", ""}});
  EXPECT_EQ(images_of(skaffold), "two one three");
  EXPECT_EQ(run_dcache({"affected", "--changed", "base/f", "--format", "names"}, skaffold.path()).out,
            "two\none\nthree\n");
  const Repository compose({{"compose.yaml", "include: [sub/compose.yaml]\nservices: {one: {build: base}}\n"},
                            {"sub/compose.yaml", "services: {two: {build: ../base}}\n"},
                            {"base/Dockerfile", "FROM scratch\nCOPY f /\n"},
                            {"base/f", ""}});
  EXPECT_EQ(images_of(compose), "one two");
  // One build that two programs know under different names is one image.
  compose.write("docker-bake.hcl", "target \"three\" { context = \"base\" }\n");
  const Outcome outcome = run_dcache({"images", "--format", "json"}, compose.path());
  const json image = json::parse(outcome.out).at("images").at(0);
  EXPECT_EQ(image.at("name"), "one");
  EXPECT_EQ(image.at("also_defined").at(0).at("name"), "three") << image.dump();
}

TEST(Images, AreWrittenFromTheCurrentFolder) {
  const Repository repository(
      {{"compose.yaml", "services: {api: {build: services/api}, web: {build: web}}\n"},
       {"services/api/Dockerfile", "FROM scratch\n"},
       {"web/Dockerfile", "FROM scratch\n"}});
  const auto line_of = [&](const std::string& folder, const std::string& image) {
    const std::string out = run_dcache({"images"}, repository.path() + "/" + folder).out;
    const std::string line = out.substr(out.find("\n" + image) + 1);
    std::string words;
    for (std::istringstream stream(line.substr(0, line.find('\n'))); !stream.eof();) {
      std::string word;
      stream >> word;
      words += word + " ";
    }
    return words;
  };
  EXPECT_EQ(line_of("services", "api"), "api api/Dockerfile api ../compose.yaml:1 ");
  EXPECT_EQ(line_of("services", "web"), "web ../web/Dockerfile ../web ../compose.yaml:1 ");
  EXPECT_EQ(line_of("services/api", "api"), "api Dockerfile . ../../compose.yaml:1 ");
}

TEST(Images, OfFilesThatAreNamedTogetherAreOneBuildOfBake) {
  const Repository repository({{"compose.yaml", "services: {a: {build: {context: ., args: {A: 1}}}}\n"},
                               {"docker-bake.hcl", "target \"a\" { args = { B = \"2\" } }\n"},
                               {"Dockerfile", "FROM scratch\n"}});
  const Outcome outcome = run_dcache(
      {"images", "--format", "json", "--definition", "docker-bake.hcl", "--definition", "compose.yaml"},
      repository.path());
  const json images = json::parse(outcome.out).at("images");
  ASSERT_EQ(images.size(), 1U) << outcome.out;
  EXPECT_EQ(images.at(0).at("args"), (json{{"A", "1"}, {"B", "2"}}));
}

// It may be given to Compose alone, or after the main file.
TEST(Images, OfAComposeFileWithANameOfItsOwnAreReadBothWays) {
  const Files files = {{"compose.yaml", "services: {web: {build: {context: ., target: prod}}}\n"},
                       {"Dockerfile", "FROM scratch AS prod\nCOPY f /\nFROM scratch\nCOPY g /\n"},
                       {"f", ""},
                       {"g", ""}};
  Files separate = files, variant = files;
  separate.emplace_back("docker-compose-dev.yml", "services: {web: {build: {context: ., args: {A: 1}}}}\n");
  EXPECT_EQ(images_of(Repository(separate)), "web web@docker-compose-dev.yml web@docker-compose-dev.yml#2");
  EXPECT_EQ(Repository(separate).effects({"--changed", "g"}),
            "web:unaffected web@docker-compose-dev.yml:rebuilt@4 web@docker-compose-dev.yml#2:unaffected");
  variant.emplace_back("docker-compose.dev.yml", "services: {web: {build: {context: ., args: {A: 1}}}}\n");
  EXPECT_EQ(images_of(Repository(variant)), "web web@docker-compose.dev.yml");
}

const std::string kCalled =
    "on: {workflow_call: {inputs: {image: {type: string}, context: {type: string}}}}\njobs:\n  b:\n    "
    "steps:\n    - uses: docker/build-push-action@v6\n      with:\n"
    "        context: ${{ inputs.context }}\n        tags: acme/${{ inputs.image }}\n";

TEST(Images, AreNotWorkflowsThatOthersCall) {
  const Repository repository(
      {{".github/workflows/build.yml",
        "on: push\njobs:\n  j:\n    uses: ./.github/workflows/one.yml\n    with: {image: "
        "job, context: job}\n"},
       {".github/workflows/one.yml", kCalled},
       {"job/Dockerfile", "FROM alpine\n"}});
  EXPECT_EQ(images_of(repository), "job");
  EXPECT_EQ(run_dcache({"explain"}, repository.path()).status, 0);
  // Started by hand it builds what somebody types.
  std::string also = kCalled;
  also.replace(
      0, also.find('\n'),
      "on: {workflow_dispatch: , workflow_call: {inputs: {image: {type: string}, context: {type: string}}}}");
  repository.write(".github/workflows/one.yml", also);
  EXPECT_EQ(images_of(repository), "job b");
  // Called by nobody here it may be called from elsewhere.
  repository.write(".github/workflows/one.yml", kCalled);
  repository.shell("rm .github/workflows/build.yml");
  EXPECT_EQ(images_of(repository), "b job/Dockerfile");
}

TEST(Images, NeedThoseWhoseTagsOnlyCIKnows) {
  const Repository repository(
      {{".github/workflows/build.yml",
        "on: push\njobs:\n  j:\n    steps:\n    - id: m\n      uses: docker/metadata-action@v5\n      with: "
        "{images: ghcr.io/acme/base}\n    - uses: docker/build-push-action@v6\n      with: {context: base, "
        "tags: "
        "'${{ steps.m.outputs.tags }}'}\n    - uses: docker/build-push-action@v6\n      with: {context: lib, "
        "tags: 'acme/lib:${{ github.sha }}'}\n    - uses: docker/build-push-action@v6\n      with: {context: "
        "app, "
        "tags: acme/app}\n"},
       {"base/Dockerfile", "FROM alpine\nCOPY f /f\n"},
       {"base/f", "1"},
       {"lib/Dockerfile", "FROM alpine\nCOPY f /f\n"},
       {"lib/f", "1"},
       {"app/Dockerfile", "FROM ghcr.io/acme/base:2\nCOPY --from=acme/lib /f /g\n"}});
  EXPECT_EQ(repository.effects({"--changed", "base/f"}), "base:rebuilt@2 lib:unaffected app:may-rebuild@1");
  EXPECT_EQ(repository.effects({"--changed", "lib/f"}), "base:unaffected lib:rebuilt@2 app:may-rebuild@2");
  EXPECT_EQ(repository.effects({"--changed", "app/f"}), "base:unaffected lib:unaffected app:unaffected");
}

TEST(Images, AreNotThoseOfOtherWorkTrees) {
  const Repository repository(
      {{"compose.yaml", "services: {a: {build: .}}\n"}, {"Dockerfile", "FROM alpine\n"}});
  repository.git("worktree add -q .wt/x -b x");
  repository.shell("mkdir other && cp Dockerfile other && git -C other init -q");
  EXPECT_EQ(images_of(repository), "a");
  // A submodule is a part of the repository, and a folder is what somebody asks for.
  repository.git("-C other add -A");
  repository.git("-C other commit -qm one");
  repository.git("-c protocol.file.allow=always submodule add ./other sub");
  EXPECT_EQ(images_of(repository), "a sub/Dockerfile");
}

TEST(Images, AreNotReadFromAFileThatIsNotYaml) {
  const std::string compose = "services: {a: {build: .}}\n";
  const Repository repository({{"compose.yaml", compose}, {"Dockerfile", "FROM alpine\n"}});
  repository.write("compose.yaml", compose + "<<<<<<< HEAD\n");
  EXPECT_EQ(
      images_of(repository),
      "Dockerfile ! dcache: compose.yaml:2:1: a conflict of a merge is left here; resolve it and remove the "
      "marks of git\n");
  repository.write("compose.yaml", "\n\t" + compose);
  EXPECT_EQ(images_of(repository),
            "Dockerfile ! dcache: compose.yaml:1:1: a tab can't indent a line of YAML; indent with spaces\n");
  repository.write("compose.yaml", "\t# tabs before comments\n \t\n" + compose);
  EXPECT_EQ(images_of(repository), "a");
}

TEST(Images, AreThoseThatComposeFileNames) {
  const Files files = {{"compose.yaml", "services: {a: {build: .}}\n"},
                       {"deploy/prod.yaml", "services: {a: {build: {args: {V: 1}}}, b: {build: ./b}}\n"},
                       {".env", "COMPOSE_FILE=compose.yaml:deploy/prod.yaml\n"},
                       {"Dockerfile", "FROM alpine\nARG V\nRUN x\n"},
                       {"b/Dockerfile", "FROM alpine\n"}};
  const Repository repository(files);
  EXPECT_EQ(images_of(repository), "a b");
  repository.write(".env", "COMPOSE_FILE=compose.yaml;gone.yaml\nCOMPOSE_PATH_SEPARATOR=;\n");
  EXPECT_EQ(images_of(repository), "a b/Dockerfile");
}

TEST(Images, AreThoseOfFilesOfAnyNameThatComposeFileNames) {
  const Repository repository({{"one.yaml", "services: {a: {build: ./b}}\n"},
                               {"two.yaml", "services: {a: {build: {target: t}}, c: {build: .}}\n"},
                               {".env", "COMPOSE_FILE=one.yaml:two.yaml\n"},
                               {"Dockerfile", "FROM alpine\n"},
                               {"b/Dockerfile", "FROM alpine AS t\n"}});
  EXPECT_EQ(images_of(repository), "a c");
  const json below = json::parse(run_dcache({"images", "--format", "json"}, repository.path() + "/b").out);
  EXPECT_EQ(below.at("images").size(), 2U) << below;
}

TEST(Images, HaveEachGroupOnce) {
  const Repository repository(
      {{"compose.yaml", "services: {a: {build: ./a}}\n"},
       {"docker-bake.hcl", "group \"default\" { targets = [\"b\"] }\ntarget \"b\" { context = \"b\" }\n"},
       {"a/Dockerfile", "FROM alpine\n"},
       {"b/Dockerfile", "FROM alpine\n"}});
  const json answer = json::parse(run_dcache({"images", "--format", "json"}, repository.path()).out);
  ASSERT_EQ(answer.at("groups").size(), 1U) << answer;
  EXPECT_EQ(answer.at("groups")[0].at("members"), (std::vector<std::string>{"a", "b"})) << answer;
}

TEST(Images, SayThatTheirContextIsAssumed) {
  const Repository repository(Files{{"a/Dockerfile", "FROM alpine\n"}});
  const std::string out = run_dcache({"images"}, repository.path()).out;
  EXPECT_NE(out.find("a/Dockerfile: no definition sets the context: dcache assumes the folder of the "
                     "Dockerfile\n"),
            std::string::npos)
      << out;
}

TEST(Images, WithTheNameOfAnOptionAreNotHandedToACommand) {
  const Repository repository({{"compose.yaml", "services: {--push: {build: .}, b: {build: .}}\n"},
                               {"Dockerfile", "FROM alpine\nCOPY f /f\n"},
                               {"f", "1"}});
  for (const char* const format : {"bake-targets", "compose-services"}) {
    const Outcome outcome = run_dcache({"affected", "--changed", "f", "--format", format}, repository.path());
    EXPECT_EQ(outcome.out, "b\n") << format;
    EXPECT_EQ(outcome.status, 2) << format;
    EXPECT_NE(outcome.err.find("would take its name for an option"), std::string::npos) << outcome.err;
  }
}

TEST(Images, AreBuiltByTheBuilderThatIsAskedAbout) {
  const Repository repository({{".dcache.toml", "[[images]]\nname = \"a\"\nbuilder = \"classic\"\n"},
                               {"Dockerfile", "FROM alpine\nCOPY f /f\n"},
                               {"f", "1"}});
  const auto keys = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"keys", "--image", "a"});
    return run_dcache(more, repository.path()).out;
  };
  EXPECT_EQ(keys({}), keys({"--builder", "classic"}));
  EXPECT_NE(keys({}), keys({"--builder", "buildkit"}));
}

// The number of steps shows it: the classic builder makes one for each instruction.
TEST(Images, AreBuiltByTheBuilderOfTheSettings) {
  const char* const kDockerfile =
      "FROM node:22\nWORKDIR /app\nLABEL a=1\nCOPY . ./\nRUN npm ci\nENV X=1\nCMD [\"node\"]\n";
  const Repository repository({{".dcache.toml", "builder = \"classic\"\n"},
                               {"Dockerfile", kDockerfile},
                               {"package.json", "{}"},
                               {"package-lock.json", "{}"},
                               {"server.js", ""}});
  const auto says = [&](std::vector<std::string> arguments, const std::string& part) {
    const Outcome outcome = run_dcache(arguments, repository.path());
    return outcome.out.find(part) != std::string::npos ? "" : outcome.out + outcome.err;
  };
  EXPECT_EQ(says({"explain", "--changed", "server.js"}, "4 of 6 steps rebuild"), "");
  EXPECT_EQ(says({"explain", "-f", "Dockerfile", "--changed", "server.js"}, "4 of 6 steps rebuild"), "");
  EXPECT_EQ(says({"affected", "--changed", "server.js"}, "4 of 6"), "");
  EXPECT_EQ(says({"lint", "--select", "DC1001"}, "rebuilds 4 of 6 steps now"), "");
  EXPECT_EQ(says({"explain", "--builder", "buildkit", "--changed", "server.js"}, "2 of 3 steps rebuild"), "");
  EXPECT_EQ(says({"lint", "--builder", "buildkit", "--select", "DC1001"}, "rebuilds 2 of 3 steps now"), "");
  const auto keys = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"keys"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_dcache(arguments, repository.path()).out;
  };
  EXPECT_EQ(keys({}), keys({"--builder", "classic"}));
  EXPECT_NE(keys({}), keys({"--builder", "buildkit"}));
  // What is said of one image counts for more.
  repository.write(".dcache.toml",
                   "builder = \"classic\"\n[[images]]\nname = \"a\"\nbuilder = \"buildkit\"\n");
  EXPECT_EQ(says({"explain", "--changed", "server.js"}, "2 of 3 steps rebuild"), "");
  EXPECT_EQ(says({"lint", "--select", "DC1001"}, "rebuilds 2 of 3 steps now"), "");
  // The program that CI runs counts for less.
  repository.write(".dcache.toml", "builder = \"buildkit\"\n");
  repository.write(".github/workflows/ci.yml",
                   "on: push\njobs:\n  j:\n    steps:\n    - run: DOCKER_BUILDKIT=0 docker build .\n");
  EXPECT_EQ(says({"explain", "--changed", "server.js"}, "2 of 3 steps rebuild"), "");
  EXPECT_EQ(says({"lint", "--select", "DC1001", "Dockerfile"}, "rebuilds 2 of 3 steps now"), "");
  repository.write(".dcache.toml", "builder = \"clasic\"\n");
  const Outcome wrong = run_dcache({"explain", "--changed", "server.js"}, repository.path());
  EXPECT_NE(wrong.err.find(".dcache.toml:1:11: unknown builder 'clasic'; did you mean 'classic'?"),
            std::string::npos)
      << wrong.err;
}

// One definition says which program builds, the other one everything else.
TEST(Images, HaveTheBuilderOfAnyOfTheirDefinitions) {
  const Repository repository(
      {{"compose.yaml", "services:\n  a:\n    build: .\n"},
       {".github/workflows/ci.yml", "on: push\njobs:\n  j:\n    steps:\n    - run: podman build .\n"},
       {"Dockerfile", "FROM alpine\nCOPY f /f\n"},
       {"f", ""}});
  const Outcome outcome = run_dcache({"explain", "--changed", "f"}, repository.path());
  EXPECT_NE(outcome.out.find(", builder buildah"), std::string::npos) << outcome.out;
}

TEST(Images, AreLintedForTheTargetOfTheirDefinition) {
  const Repository repository(
      {{"compose.yaml", "services:\n  a:\n    build: {context: ., target: dev}\n"},
       {"Dockerfile",
        "FROM node:22 AS dev\nWORKDIR /app\nCOPY . ./\nRUN npm ci\nFROM dev AS prod\nRUN npm run build\n"
        "RUN npm prune\n"},
       {"package.json", "{}"},
       {"package-lock.json", "{}"},
       {"server.js", ""}});
  const auto impact = [&] {
    const Outcome outcome =
        run_dcache({"lint", "--select", "DC1001", "--format", "json", "Dockerfile"}, repository.path());
    const auto findings = nlohmann::json::parse(outcome.out);
    return findings.at(0).contains("impact") ? findings[0]["impact"].at("steps").get<int>() : 0;
  };
  EXPECT_EQ(impact(), 3);
  repository.write("compose.yaml", "services:\n  a:\n    build: {context: ., target: prod}\n");
  EXPECT_EQ(impact(), 5);
  // Of several images the first that builds what the fix changes.
  repository.write("compose.yaml",
                   "services:\n  x:\n    build: {context: ., target: other}\n  a:\n    build: {context: ., "
                   "target: dev}\n");
  repository.write("Dockerfile", repository.read("Dockerfile") + "FROM alpine AS other\nRUN true\n");
  EXPECT_EQ(impact(), 3);
  // An image that is not built from it gains nothing.
  repository.write("compose.yaml", "services:\n  x:\n    build: {context: ., target: other}\n");
  EXPECT_EQ(impact(), 0);
}

// A cache mount would end the build.
TEST(Images, AreLintedForTheBuilderOfTheirDefinition) {
  struct Case {
    std::string command;
    std::string builder;
    bool has_mounts;
  };
  const Case cases[] = {{"docker build .", "", true},
                        {"DOCKER_BUILDKIT=0 docker build .", "classic", false},
                        {"DOCKER_BUILDKIT=0 docker build . && docker build -t b .", "classic", false},
                        {"podman build .", "buildah", true}};
  for (const auto& [command, builder, has_mounts] : cases) {
    SCOPED_TRACE(command);
    const Repository repository(
        {{".github/workflows/ci.yml", "on: push\njobs:\n  j:\n    steps:\n    - run: " + command + "\n"},
         {"Dockerfile", "FROM node:22\nCOPY package.json package-lock.json ./\nRUN npm ci\n"},
         {"package.json", "{}"},
         {"package-lock.json", "{}"}});
    const auto image =
        nlohmann::json::parse(run_dcache({"images", "--format", "json"}, repository.path()).out)["images"][0];
    EXPECT_EQ(image.value("builder", ""), builder);
    const Outcome explained = run_dcache({"explain", "--changed", "package.json"}, repository.path());
    EXPECT_EQ(explained.out.find(", builder " + builder) != std::string::npos, !builder.empty())
        << explained.out;
    EXPECT_EQ(run_dcache({"lint", "--fix", "--select", "DC1003", "Dockerfile"}, repository.path()).status, 0);
    EXPECT_EQ(repository.read("Dockerfile").find("--mount") != std::string::npos, has_mounts);
    // It is not safe, since CI still builds without it.
    const Outcome given = run_dcache(
        {"lint", "--diff", "--unsafe-fixes", "--builder", "buildkit", "--select", "DC1003", "Dockerfile"},
        repository.path());
    EXPECT_EQ(given.out.find("--mount") != std::string::npos, !has_mounts) << given.out;
    repository.write("Dockerfile", "FROM node:22\nRUN --mount=type=cache,target=/x npm ci\n");
    const Outcome linted = run_dcache({"lint", "--select", "DC0001", "Dockerfile"}, repository.path());
    EXPECT_EQ(linted.status, has_mounts ? 0 : 2) << linted.out;
  }
}

TEST(Images, DefinedTwiceHaveTheInputsOfBoth) {
  const Repository repository({{"compose.yaml", "services: {api: {image: me/api, build: {context: .}}}\n"},
                               {".github/workflows/ci.yml",
                                "on: push\njobs:\n  j:\n    steps:\n    - uses: "
                                "docker/build-push-action@v6\n      with: {context: ., tags: "
                                "me/api, pull: true, ssh: default, cache-from: 'type=gha'}\n"},
                               {"Dockerfile", "FROM alpine\nCOPY f /f\n"},
                               {"f", "1"}});
  const json answer = json::parse(
      run_dcache({"affected", "--changed", "f", "--format", "github-matrix"}, repository.path()).out);
  const json& row = answer.at("include").at(0);
  EXPECT_EQ(row.at("pull"), "true") << answer;
  EXPECT_EQ(row.at("ssh"), "default") << answer;
  EXPECT_EQ(row.at("cache_from"), "type=gha") << answer;
}

// As services of Compose and targets of bake are.
TEST(Images, OfSettingsThatNeedWhatCannotBeAreErrors) {
  const test::Files files = {{"Dockerfile", "FROM busybox:1\n"}, {"a/Dockerfile", "FROM busybox:1\n"}};
  const auto images = [&](const std::string& settings, const test::Files& more = {}) {
    const Repository repository(files);
    for (const auto& [name, content] : more)
      repository.write(name, content);
    repository.write(".dcache.toml", settings);
    const Outcome outcome = run_dcache({"images", "--format", "json"}, repository.path());
    std::string names;
    const json answer = json::parse(outcome.out);
    for (const json& image : answer.at("images"))
      names += image.at("name").get<std::string>() + " ";
    return fmt::format("{}: {}\n{}", outcome.status, names, outcome.err);
  };
  const auto image = [](const std::string& name, const std::string& contexts) {
    return fmt::format("[[images]]\nname = \"{}\"\ncontexts = {{ q = \"{}\" }}\n", name, contexts);
  };
  EXPECT_EQ(
      images(image("y", "target:y") + image("ok", "./a")),
      "2: ok a/Dockerfile \ndcache: .dcache.toml:1:1: the image 'y' needs its own image, or one that does; "
      "remove one of its contexts with target:\n");
  EXPECT_EQ(
      images(image("ok", "docker-image://x") + image("p", "target:r") + image("r", "target:p")),
      "2: ok a/Dockerfile \ndcache: .dcache.toml:4:1: the image 'p' needs its own image, or one that does; "
      "remove one of its contexts with target:\ndcache: .dcache.toml:7:1: the image 'r' needs its own "
      "image, or one that does; remove one of its contexts with target:\n");
  EXPECT_EQ(
      images(image("n", "target:nope")),
      "2: Dockerfile a/Dockerfile \ndcache: .dcache.toml:1:1: the image 'n' needs the target 'nope', which "
      "does not exist; name an image that is defined here\n");
  EXPECT_EQ(images(image("n", "./a") + image("n", "./b")),
            "2: n a/Dockerfile \ndcache: .dcache.toml:4:1: another image is called 'n'; rename it\n");
  // Names of other definitions, and of Dockerfiles that none names.
  EXPECT_EQ(images(image("n", "target:a/Dockerfile") + image("m", "target:n")), "0: n m a/Dockerfile \n");
  const test::Files bake = {{"docker-bake.hcl", "target \"y\" {\n  context = \"a\"\n}\n"}};
  EXPECT_EQ(images(image("n", "target:y"), bake), "0: n y \n");
  EXPECT_EQ(images(image("y", "target:y"), bake).substr(0, 2), "0:") << "the one of bake is meant";
  // What can't be read may define it.
  const std::string open = images(image("n", "target:nope"), {{"docker-bake.hcl", "target \"nope\" {\n"}});
  EXPECT_EQ(open.find("does not exist"), std::string::npos) << open;
}

TEST(Images, SayWhichArgumentOfAMissingFileHasNoValue) {
  const Repository repository(
      {{"a/Dockerfile", "FROM busybox:1\nARG NAME\nCOPY ${NAME}.jar /x\n"},
       {"b/Dockerfile", "FROM busybox:1\nARG D E=\nCOPY [\"$D/${E}r.txt\", \"/x\"]\n"},
       {"c/Dockerfile", "FROM busybox:1\nARG D=x\nCOPY $D.jar /x\n"}});
  const std::string out = run_dcache({"images"}, repository.path()).out;
  EXPECT_NE(out.find("though it lacks ${NAME}.jar (NAME has no value)\n"), std::string::npos) << out;
  EXPECT_NE(out.find("though it lacks $D/${E}r.txt (D and E have no value)\n"), std::string::npos) << out;
  EXPECT_NE(out.find("though it lacks x.jar\n"), std::string::npos) << out;
}

TEST(Images, OfAnIncludeWhoseFolderIsThatOfTheProject) {
  const test::Repository repository(
      {{"Dockerfile", "FROM x\n"},
       {"x/inc.yml", "services: { api: { build: { context: . } } }\n"},
       {"compose.yaml", "include:\n  - path: x/inc.yml\n    project_directory: .\n"}});
  const auto images = test::run_dcache({"images", "--format", "json"}, repository.path());
  EXPECT_EQ(images.status, 0) << images.err;
  const auto image = nlohmann::json::parse(images.out).at("images").at(0);
  EXPECT_EQ(image.at("name"), "api");
  EXPECT_EQ(image.at("context"), ".");
}

}  // namespace
}  // namespace dcache
