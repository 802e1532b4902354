// `dcache graph`: what depends on what.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/cli/repository.h"

namespace dcache {
namespace {

using test::Outcome;
using test::run_dcache;

const test::Files kApp = {
    {"Dockerfile",
     "FROM node:20 AS deps\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\n"
     "FROM node:20 AS build\nCOPY --from=deps /app /app\nCOPY src /app/src\nRUN npm run build\n"
     "FROM nginx:1.27 AS unused\nRUN nothing\n"
     "FROM nginx:1.27\nCOPY --from=build /app/dist /www\nCOPY --from=deps /app/LICENSE /www/\n"},
    {".dockerignore", ".git\n"},
    {"package.json", "{}\n"},
    {"src/a.js", "1\n"}};

std::string graph(const test::Repository& repository, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), "graph");
  const Outcome outcome = run_dcache(arguments, repository.path());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return outcome.out;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Graph, ShowsStagesBelowTheStepsThatNeedThem) {
  const test::Repository repository(kApp);
  EXPECT_EQ(graph(repository),
            "Dockerfile\n\n"
            "stage 3  FROM nginx:1.27\n"
            "├─ 11   FROM nginx:1.27\n"
            "├─ 12   COPY --from=build /app/dist /www\n"
            "│  └─ build  FROM node:20 AS build\n"
            "│     ├─ 5    FROM node:20 AS build\n"
            "│     ├─ 6    COPY --from=deps /app /app\n"
            "│     │  └─ deps  FROM node:20 AS deps\n"
            "│     │     ├─ 1    FROM node:20 AS deps\n"
            "│     │     ├─ 2    WORKDIR /app\n"
            "│     │     ├─ 3    COPY package.json ./\n"
            "│     │     └─ 4    RUN npm ci\n"
            "│     ├─ 7    COPY src /app/src\n"
            "│     └─ 8    RUN npm run build\n"
            "└─ 13   COPY --from=deps /app/LICENSE /www/\n"
            "   └─ deps, shown above\n\n");
}

TEST(Graph, FitsAHundredColumns) {
  const std::string wide(300, 'x');
  const test::Repository repository(
      test::Files{{"Dockerfile", "FROM a" + wide + " AS s" + wide + "\nCOPY f /\nRUN " + wide +
                                     "\nFROM x\nCOPY --from=s" + wide + " / /" + wide + "\nCOPY f /\n"},
                  {"f", "1\n"}});
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, std::vector<std::string>{"--changed", "f"}}) {
    std::istringstream lines(graph(repository, arguments));
    for (std::string line; std::getline(lines, line);) {
      const auto width = std::ranges::count_if(
          line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
      EXPECT_LE(width, 100) << line;
    }
  }
}

TEST(Graph, ShowsWhatAChangeRebuilds) {
  const test::Repository repository(kApp);
  const std::string text = graph(repository, {"--changed", "src/a.js"});
  EXPECT_TRUE(has(text, "Dockerfile, when src/a.js changes\n")) << text;
  EXPECT_TRUE(has(text, "7    ✗ COPY src /app/src  src/a.js changed (selected by src)\n")) << text;
  EXPECT_TRUE(has(text, "4    ✓ RUN npm ci\n")) << text;
  EXPECT_TRUE(has(graph(repository, {"--changed", "src/a.js", "--format", "svg"}), "#f4b6ad"));
}

TEST(Graph, ColoursByHistory) {
  const test::Repository repository(kApp);
  repository.write("src/a.js", "2\n");
  repository.commit("edit");
  const std::string text = graph(repository, {"--history", "10"});
  EXPECT_TRUE(has(text, "7    COPY src /app/src  2 of 2 commits\n")) << text;
  EXPECT_TRUE(has(text, "4    RUN npm ci  1 of 2 commits\n")) << text;
  EXPECT_TRUE(has(text, "12   COPY --from=build /app/dist /www  1 of 2 commits, perhaps 1 more\n")) << text;
  const Outcome both = run_dcache({"graph", "--history", "10", "--changed", "src/a.js"}, repository.path());
  EXPECT_EQ(both.status, 2);
}

// Commits name an image by what CI says, or by its folder.
TEST(Graph, FindsTheHistoryOfADockerfile) {
  const test::Repository repository(kApp);
  repository.write(".github/workflows/ci.yml",
                   "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n"
                   "      - uses: actions/checkout@v4\n      - uses: docker/build-push-action@v6\n"
                   "        with:\n          context: .\n");
  repository.write("src/a.js", "2\n");
  repository.commit("edit");
  const std::string name = repository.path().substr(repository.path().rfind('/') + 1);
  const std::string above = repository.path().substr(0, repository.path().rfind('/'));
  const Outcome outcome = run_dcache({"graph", "-f", name + "/Dockerfile", "--history", "10"}, above);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.out, "7    COPY src /app/src  2 of 2 commits\n")) << outcome.out << outcome.err;
}

TEST(Graph, ShowsTheLongestWayIfTimesAreKnown) {
  const test::Repository repository(kApp);
  repository.write(
      "build.log",
      "#2 [deps 4/4] RUN npm ci\n#2 DONE 60.0s\n\n#3 [build 4/4] RUN npm run build\n#3 DONE 30.0s\n");
  ASSERT_EQ(run_dcache({"log", "build.log", "--remember"}, repository.path()).status, 0);
  const std::string text = graph(repository);
  EXPECT_TRUE(has(text, "4    » RUN npm ci  1 min 0 s\n")) << text;
  EXPECT_TRUE(has(text, "Longest way through what is known: 1 min 30 s, marked »\n")) << text;
  EXPECT_FALSE(has(graph(repository, {"--no-store"}), "»"));
}

TEST(Graph, ShowsTheStageThatOneWithoutStepsIs) {
  const test::Repository repository(
      test::Files{{"Dockerfile", "FROM a AS a-linux\nRUN make\nFROM a-linux AS last\n"}});
  EXPECT_EQ(graph(repository),
            "Dockerfile\n\nlast  FROM a-linux AS last\n└─ a-linux  FROM a AS a-linux\n"
            "   ├─ 1    FROM a AS a-linux\n   └─ 2    RUN make\n\n");
}

class Images : public test::Repository {
 public:
  Images()
      : Repository(
            {{"docker-bake.hcl",
              "target base { dockerfile = \"base.Dockerfile\" }\n"
              "target api {\n dockerfile = \"api.Dockerfile\"\n contexts = { base = \"target:base\" }\n}\n"
              "target web {\n dockerfile = \"web.Dockerfile\"\n contexts = { base = \"target:base\" }\n}\n"
              "group default { targets = [\"api\", \"web\"] }\n"},
             {"base.Dockerfile", "FROM a\nCOPY lib /lib\n"},
             {"api.Dockerfile", "FROM base\nCOPY api /api\n"},
             {"web.Dockerfile", "FROM base\nCOPY web /web\n"},
             {"lib", "1\n"},
             {"api", "1\n"},
             {"web", "1\n"}}) {}
};

TEST(Graph, ShowsWhatImagesNeedOfEachOther) {
  const Images repository;
  const std::string text = graph(repository);
  EXPECT_TRUE(has(text, "api  api.Dockerfile\n└─ base  base.Dockerfile\n")) << text;
  EXPECT_TRUE(has(text, "web  web.Dockerfile\n└─ base  base.Dockerfile\n")) << text;
  EXPECT_TRUE(has(graph(repository, {"--changed", "web"}), "web  web.Dockerfile  rebuilt\n"));
  EXPECT_TRUE(has(graph(repository, {"--history", "5"}), "base  base.Dockerfile  1 of 1 commit\n"));
  const std::string steps = graph(repository, {"--steps"});
  EXPECT_TRUE(has(steps, "2    COPY api /api")) << steps;
  EXPECT_TRUE(has(steps, "2    COPY web /web")) << steps;
}

TEST(Graph, CutsNoPathThatFits) {
  const std::string folder = "services/" + std::string(60, 'a');
  const test::Repository repository({{folder + "/Dockerfile", "FROM x\nRUN a\n"},
                                     {"compose.yaml", "services: {api: {build: " + folder + "}}\n"},
                                     {"other/Dockerfile", "FROM x\nRUN b\n"},
                                     {std::string(120, 'b') + "/Dockerfile", "FROM x\nRUN b\n"}});
  const std::string text = graph(repository);
  EXPECT_TRUE(has(text, "api  " + folder + "/Dockerfile\n")) << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), 102U) << line;  // an ellipsis has three bytes
}

TEST(Graph, WritesNothingThatAFormatWouldTakeForItsOwn) {
  const test::Repository repository(test::Files{{"Dockerfile",
                                                 "FROM x\nRUN echo \"</text><script>alert(1)</script>\" `ls` "
                                                 "[a](b) && echo 'a\"]; end' # ; \\\\ {|}\n"}});
  const std::string svg = graph(repository, {"--format", "svg"});
  EXPECT_FALSE(has(svg, "<script")) << svg;
  EXPECT_TRUE(has(svg, "&lt;script&gt;")) << svg;
  const std::string mermaid = graph(repository, {"--format", "mermaid"});
  for (const char* mark : {"<", "`", "|", "{", "\\"})
    EXPECT_FALSE(has(mermaid, mark)) << mark << '\n' << mermaid;
  const std::string dot = graph(repository, {"--format", "dot"});
  EXPECT_TRUE(has(dot, "echo \\\"</text>")) << dot;
}

TEST(Graph, RefusesWhatItCantPlan) {
  const test::Repository repository(
      test::Files{{"Dockerfile", "FROM x\nCOPY --from=lost /a /b\nNONSENSE\n"}});
  const Outcome outcome = run_dcache({"graph"}, repository.path());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_TRUE(has(outcome.err, "Dockerfile:3")) << outcome.err;
  EXPECT_EQ(run_dcache({"graph", "-f", "other"}, repository.path()).status, 2);
}

}  // namespace
}  // namespace dcache
