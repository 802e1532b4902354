// The images of a repository: what their definitions rest on, and which of them need which.
#include "dcache/project/images.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "dcache/project/definitions.h"
#include "dcache/project/needs.h"
#include "dcache/text/path.h"
#include "tests/cpu_time.h"
#include "tests/run_program.h"

namespace dcache::project {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

// The files that the target of a name rests on.
std::string sources(const Files& files, const std::vector<std::string>& definitions,
                    const std::string& name = "a") {
  const auto memory = std::make_shared<context::MemoryFiles>();
  for (const auto& [path, text] : files)
    memory->write(path, text);
  ReadOptions options;
  options.files = memory;
  for (const Target& target : read_definitions(definitions, ".", options).targets) {
    if (target.name == name) return fmt::format("{}", fmt::join(target.sources, " "));
  }
  return "there is no such target";
}

TEST(Sources, OfComposeAreAllFilesThatCount) {
  const std::string names =
      "compose.override.yaml compose.override.yml compose.yaml compose.yml docker-compose.override.yaml "
      "docker-compose.override.yml docker-compose.yaml docker-compose.yml";
  EXPECT_EQ(sources({{"compose.yaml", "services: {a: {build: .}}\n"}}, {"compose.yaml"}), ".env " + names);
  EXPECT_EQ(
      sources({{"compose.yaml",
                "include: [inner/c.yaml]\nservices:\n  a:\n    build: {args: [X]}\n    env_file: a.env\n"
                "    extends: {file: base/common.yaml, service: b}\n"},
               {"inner/c.yaml", "services: {}\n"},
               {"a.env", "X=1\n"},
               {"base/common.yaml", "services: {b: {image: x}}\n"}},
              {"compose.yaml"}),
      ".env a.env base/common.yaml " + names + " inner/.env inner/c.yaml");
}

// Each of many files is compared with those that have the same place alone.
TEST(Definitions, ThatManyFilesIncludeTakeNoTime) {
  constexpr size_t kFiles = 1000;
  const auto memory = std::make_shared<context::MemoryFiles>();
  memory->write("common.yaml", "services: {base: {build: app}}\n");
  memory->write("app/Dockerfile", "FROM x\n");
  std::vector<std::string> definitions{"common.yaml"};
  for (size_t i = 0; i < kFiles; ++i) {
    definitions.push_back(fmt::format("s{}/compose.yaml", i));
    memory->write(definitions.back(),
                  fmt::format("include: [../common.yaml]\nservices: {{s{}: {{build: ../app}}}}\n", i));
  }
  ReadOptions options;
  options.files = memory;
  const tests::CpuTime time;
  const Definitions read = read_definitions(definitions, ".", options);
  EXPECT_EQ(read.targets.size(), kFiles * 2);
  EXPECT_TRUE(read.failures.empty());
  EXPECT_LT(time.seconds(), 30);
}

TEST(Sources, OfOtherDefinitions) {
  EXPECT_EQ(sources({{"docker-bake.hcl", "target \"a\" {}\n"}}, {"docker-bake.hcl"}),
            "docker-bake.hcl docker-bake.json docker-bake.override.hcl docker-bake.override.json");
  EXPECT_EQ(sources({{"x/c.hcl", "target \"a\" {}\n"}, {"x/Dockerfile", "FROM a\n"}}, {"x/c.hcl"}),
            "x/c.hcl");
  EXPECT_EQ(sources({{".gitlab-ci.yml", "include: [{local: /ci/build.yml}]\n"},
                     {"ci/build.yml", "b:\n  script: docker build -t a .\n"}},
                    {".gitlab-ci.yml"}),
            ".gitlab-ci.yml ci/build.yml");
  EXPECT_EQ(
      sources({{".github/workflows/ci.yml",
                "on: push\njobs: {b: {runs-on: x, steps: [{uses: ./act}, {run: docker build -t a .}]}}\n"},
               {"act/action.yml", "runs: {using: composite, steps: []}\n"}},
              {".github/workflows/ci.yml"}),
      ".github/workflows/ci.yml act/action.yml");
}

// "a: app/Dockerfile; b: b/Dockerfile": where the Dockerfiles of definitions are.
std::string dockerfiles(const Files& files, const std::vector<std::string>& definitions,
                        bool is_named = false) {
  const auto memory = std::make_shared<context::MemoryFiles>();
  for (const auto& [path, text] : files)
    memory->write(path, text);
  ReadOptions options;
  options.files = memory;
  options.is_named = is_named;
  std::string text;
  for (const Target& target : read_definitions(definitions, ".", options).targets)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", target.name,
                        text::join_path(target.folder, text::join_path(target.context, target.dockerfile)));
  return text;
}

TEST(Definitions, OfComposeStartWhereTheirDockerfilesAre) {
  const std::string compose = "services: {a: {build: {context: app, dockerfile: Df}}}\n";
  // As with docker compose -f compose.yaml -f deploy/compose.dev.yaml.
  EXPECT_EQ(dockerfiles({{"deploy/compose.dev.yaml", compose}, {"app/Df", "FROM x\n"}},
                        {"deploy/compose.dev.yaml"}),
            "a: app/Df");
  EXPECT_EQ(dockerfiles(
                {{"deploy/compose.dev.yaml", compose}, {"app/Df", "FROM x\n"}, {"deploy/app/Df", "FROM x\n"}},
                {"deploy/compose.dev.yaml"}),
            "a: deploy/app/Df");
  EXPECT_EQ(dockerfiles({{"deploy/compose.dev.yaml", compose}}, {"deploy/compose.dev.yaml"}),
            "a: deploy/app/Df");
}

TEST(Definitions, ThatAreNamedOverrideEachOther) {
  const Files composes = {{"one.yaml", "services: {a: {build: {context: a}}}\n"},
                          {"two.yaml", "services: {a: {build: {dockerfile: D2}}, b: {build: b}}\n"}};
  EXPECT_EQ(dockerfiles(composes, {"one.yaml", "two.yaml"}, true), "a: a/D2; b: b/Dockerfile");
  const Files bakes = {{"one.hcl", "target \"a\" { context = \"a\" }\n"},
                       {"two.hcl", "target \"a\" { dockerfile = \"D2\" }\n"}};
  EXPECT_EQ(dockerfiles(bakes, {"one.hcl", "two.hcl"}, true), "a: a/D2");
  EXPECT_EQ(dockerfiles(bakes, {"one.hcl", "two.hcl"}), "a: a/Dockerfile; a: D2");
}

// "a: base, b: ": each image with the others that it needs.
std::string needs(const Files& files) {
  const test::TemporaryFolder folder;
  for (const auto& [path, text] : files)
    folder.write(path, text);
  Project project = read_project(folder.path(), {});
  add_needs(project.images);
  std::string text;
  for (const Image& image : project.images)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", image.target.name,
                        fmt::join(image.target.needs, ","));
  const ImageNeeds all(project.images);
  for (const text::Failure& failure : all.failures())
    text += "! " + words_of(failure);
  return text;
}

TEST(Needs, GoByTheNameThatComposeGivesAnImage) {
  const auto files = [](const std::string& compose, const std::string& from) -> Files {
    return {{"My.App/compose.yaml", compose + "services: {a: {build: a}, w: {build: w}}\n"},
            {"My.App/a/Dockerfile", "FROM x\n"},
            {"My.App/w/Dockerfile", "FROM " + from + "\n"},
            {"My.App/.env", "A=1\n"}};
  };
  EXPECT_EQ(needs(files("", "myapp-a")), "a: ; w: a");
  EXPECT_EQ(needs(files("name: other\n", "other-a:latest")), "a: ; w: a");
  EXPECT_EQ(needs(files("name: other\n", "myapp-a")), "a: ; w: ");
  EXPECT_EQ(needs({{"compose.yaml", "services: {a: {build: a, image: me/a}, w: {build: w}}\n"},
                   {".env", "COMPOSE_PROJECT_NAME=p\n"},
                   {"a/Dockerfile", "FROM x\n"},
                   {"w/Dockerfile", "FROM p-a\nCOPY --from=docker.io/me/a / /\n"}}),
            "a: ; w: a");
}

TEST(Needs, GoToAllImagesOfATag) {
  EXPECT_EQ(needs({{"compose.yaml",
                    "services: {q: {build: q}, y: {build: y, image: same}, z: {build: z, image: same}}\n"},
                   {"q/Dockerfile", "FROM same\n"},
                   {"y/Dockerfile", "FROM same\n"},
                   {"z/Dockerfile", "FROM x\n"}}),
            "q: y,z; y: ; z: ");
}

TEST(Needs, GoByExpressionsThatAreTheSame) {
  const std::string step =
      "      - uses: docker/build-push-action@v6\n        with:\n          context: {0}\n"
      "          tags: ghcr.io/${{{{ github.repository_owner }}}}/{0}\n"
      "          build-args: OWNER=${{{{ github.repository_owner }}}}\n";
  EXPECT_EQ(needs({{".github/workflows/ci.yml", "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n" +
                                                    fmt::format(fmt::runtime(step), "base") +
                                                    fmt::format(fmt::runtime(step), "app")},
                   {"base/Dockerfile", "FROM x\n"},
                   {"app/Dockerfile", "ARG OWNER=me\nFROM ghcr.io/$OWNER/base\n"}}),
            "base: ; app: base");
}

TEST(Needs, InACircleAreAFailure) {
  EXPECT_EQ(needs({{"compose.yaml", "services: {a: {build: a, image: i/a}, b: {build: b, image: i/b}}\n"},
                   {"a/Dockerfile", "FROM i/b\n"},
                   {"b/Dockerfile", "FROM i/a\n"}})
                .substr(0, 11),
            "a: b; b: a!");
}

}  // namespace
}  // namespace dcache::project
