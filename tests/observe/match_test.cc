// Vertices of logs and the steps of a Dockerfile.
#include "dcache/observe/match.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

// "3:[2/3] RUN a 4:-", by line; "-" for one that the log does not have, "?:…" for what the Dockerfile does
// not.
std::string matched(const std::string& dockerfile, const std::string& names, size_t build = 0) {
  std::string text;
  int number = 0;
  for (std::string_view rest = names; !rest.empty();) {
    const size_t end = rest.find('\n');
    text += fmt::format("#{} {}\n#{} CACHED\n\n", ++number, rest.substr(0, end), number);
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
  }
  const auto log = read_text(text);
  const dockerfile::File file = dockerfile::parse(dockerfile);
  const plan::Graph graph = plan::build_graph(file, {});
  const Match match = observe::match(file, graph, *log, build);
  std::string lines;
  for (const ObservedStep& observed : match.steps) {
    lines += fmt::format("{}:{} ", graph.steps[observed.step].instruction->start_line,
                         log->builds[observed.build].vertices[observed.vertex].name);
  }
  for (const size_t step : match.missing)
    lines += fmt::format("{}:- ", graph.steps[step].instruction->start_line);
  for (const size_t vertex : match.unmatched)
    lines += fmt::format("?:{} ", log->builds[build].vertices[vertex].name);
  return lines;
}

TEST(Match, FindsStepsByTheirNames) {
  EXPECT_EQ(matched("FROM a AS b\nCOPY x y\nFROM b\nRUN z\n",
                    "[internal] load .dockerignore\n[stage-1 1/1] RUN z\n"
                    "[b 1/2] FROM docker.io/library/a:latest@sha256:0\n[b 2/2] COPY x y"),
            "1:[b 1/2] FROM docker.io/library/a:latest@sha256:0 2:[b 2/2] COPY x y 4:[stage-1 1/1] RUN z ");
}

TEST(Match, TakesTheNumberWhereTheBaseImageSetsAVariable) {
  EXPECT_EQ(matched("FROM a\nCOPY x $GOPATH/\nRUN y\n",
                    "[1/3] FROM docker.io/library/a:latest\n[2/3] COPY x /go/\n[3/3] RUN y"),
            "1:[1/3] FROM docker.io/library/a:latest 2:[2/3] COPY x /go/ 3:[3/3] RUN y ");
}

TEST(Match, LeavesAnotherCommandAtTheSamePlaceAlone) {
  EXPECT_EQ(
      matched("FROM a\nCOPY docs $HOME\nRUN npm ci --cache $C\nRUN \"$X\"\n",
              "[1/4] FROM docker.io/library/a:latest\n[2/4] COPY other /root\n[3/4] RUN npm install "
              "--cache /c\n[4/4] RUN x y"),
      "1:[1/4] FROM docker.io/library/a:latest 4:[4/4] RUN x y 2:- 3:- ?:[2/4] COPY other /root ?:[3/4] RUN "
      "npm install --cache /c ");
}

TEST(Match, TakesANameWhoseEndIsLeftOut) {
  EXPECT_EQ(matched("FROM a\nRUN make all && make install\n",
                    "[1/2] FROM docker.io/library/a:latest\n[2/2] RUN make all && ..."),
            "1:[1/2] FROM docker.io/library/a:latest 2:[2/2] RUN make all && ... ");
}

// The stages of images that share their start have other lengths, and each vertex has the name of either.
TEST(Match, KnowsStepsThatImagesShareUnderEachOthersNames) {
  const std::string log =
      "[web internal] load .dockerignore\n[api internal] load .dockerignore\n"
      "[web 1/4] FROM docker.io/library/a:latest\n[api 2/5] WORKDIR /a\n[web 3/4] COPY x .\n[web 4/4] RUN w\n"
      "[api 3/5] COPY y .\n[api 4/5] RUN a\n[api 5/5] RUN b";
  const std::string web = "FROM a\nWORKDIR /a\nCOPY x .\nRUN w\n";
  const std::string api = "FROM a\nWORKDIR /a\nCOPY y .\nRUN a\nRUN b\n";
  std::set<std::string> found;
  for (const size_t build : {size_t{0}, size_t{1}}) {
    found.insert(matched(web, log, build));
    found.insert(matched(api, log, build));
  }
  EXPECT_TRUE(
      found.contains("1:[web 1/4] FROM docker.io/library/a:latest 2:[api 2/5] WORKDIR /a 3:[web 3/4] COPY "
                     "x . 4:[web 4/4] RUN w "));
  EXPECT_TRUE(
      found.contains("1:[web 1/4] FROM docker.io/library/a:latest 2:[api 2/5] WORKDIR /a 3:[api 3/5] COPY "
                     "y . 4:[api 4/5] RUN a 5:[api 5/5] RUN b "));
}

TEST(Match, TakesTheTextWhereNumbersDiffer) {
  EXPECT_EQ(
      matched("FROM a\nRUN y\nRUN z\n", "[1/5] FROM docker.io/library/a:latest\n[4/5] RUN y\n[5/5] RUN z"),
      "1:[1/5] FROM docker.io/library/a:latest 2:[4/5] RUN y 3:[5/5] RUN z ");
}

TEST(Match, KnowsStepsThatTwoStagesShare) {
  EXPECT_EQ(matched("FROM a AS b\nWORKDIR /x\nRUN 1\nFROM a AS c\nWORKDIR /x\nCOPY --from=b / /\n",
                    "[c 1/3] FROM docker.io/library/a:latest\n[b 2/3] WORKDIR /x\n[b 3/3] RUN 1\n[c 3/3] "
                    "COPY --from=b / /"),
            "1:[c 1/3] FROM docker.io/library/a:latest 2:[b 2/3] WORKDIR /x 3:[b 3/3] RUN 1 "
            "4:[c 1/3] FROM docker.io/library/a:latest 5:[b 2/3] WORKDIR /x 6:[c 3/3] COPY --from=b / / ");
}

// BuildKit names the base without a stage if COPY --from or a mount names it too.
TEST(Match, KnowsStepsThatTwoStagesShareOnABaseWithoutAStage) {
  EXPECT_EQ(
      matched("FROM a AS x\nWORKDIR /w\nCOPY c .\nFROM a AS y\nWORKDIR /w\nCOPY d .\nCOPY --from=a /e /e\n"
              "FROM x\nCOPY --from=y /w /f\n",
              "FROM docker.io/library/a:latest\n[y 2/4] WORKDIR /w\n[x 3/3] COPY c .\n[y 3/4] COPY d .\n"
              "[y 4/4] COPY --from=a /e /e\n[stage-2 1/1] COPY --from=y /w /f"),
      "1:FROM docker.io/library/a:latest 2:[y 2/4] WORKDIR /w 3:[x 3/3] COPY c . 4:FROM "
      "docker.io/library/a:latest 5:[y 2/4] WORKDIR /w 6:[y 3/4] COPY d . 7:[y 4/4] COPY --from=a /e /e "
      "9:[stage-2 1/1] COPY --from=y /w /f ");
}

TEST(Match, KnowsStepsThatImagesShare) {
  const std::string names =
      "[one internal] load .dockerignore\n[two internal] load .dockerignore\n[two 1/2] FROM "
      "docker.io/library/a:latest\n"
      "[two 2/2] RUN x";
  EXPECT_EQ(matched("FROM a\nRUN x\n", names, 0),
            "1:[two 1/2] FROM docker.io/library/a:latest 2:[two 2/2] RUN x ");
}

// Their contexts differ, so each has a vertex; the log has both under the name of one image.
TEST(Match, TakesTheVerticesOfBothImagesForOneStep) {
  const std::string names =
      "[one internal] load .dockerignore\n[two internal] load .dockerignore\n[one 1/2] FROM "
      "docker.io/library/a:latest\n[one 2/2] COPY x .\n[one 2/2] COPY x .";
  for (const size_t build : {size_t{0}, size_t{1}})
    EXPECT_EQ(matched("FROM a\nCOPY x .\n", names, build),
              "1:[one 1/2] FROM docker.io/library/a:latest 2:[one 2/2] COPY x . ");
}

TEST(Match, TakesTheVertexThatRan) {
  const auto log = read_text(
      "#1 [1/2] FROM docker.io/library/a:latest\n#1 CACHED\n#2 [2/2] COPY x .\n#2 CACHED\n#3 [2/2] COPY x "
      ".\n#3 DONE 1.0s\n#4 [2/2] COPY x .\n#4 CACHED\n");
  const dockerfile::File file = dockerfile::parse("FROM a\nCOPY x .\n");
  const Match match = observe::match(file, plan::build_graph(file, {}), *log, 0);
  ASSERT_EQ(match.steps.size(), 2U);
  EXPECT_EQ(match.steps[1].vertex, 2U);
  EXPECT_EQ(match.steps[1].again, (std::vector<size_t>{1, 3}));
  EXPECT_TRUE(match.unmatched.empty());
}

TEST(Match, TellsEqualStepsApart) {
  EXPECT_EQ(
      matched("FROM a\nRUN x\nRUN x\n", "[3/3] RUN x\n[2/3] RUN x\n[1/3] FROM docker.io/library/a:latest"),
      "1:[1/3] FROM docker.io/library/a:latest 2:[2/3] RUN x 3:[3/3] RUN x ");
}

TEST(Match, SaysWhatIsNotInTheDockerfile) {
  EXPECT_EQ(matched("FROM a\nRUN x\n", "[1/2] FROM docker.io/library/a:latest\n[4/9] COPY q /q"),
            "1:[1/2] FROM docker.io/library/a:latest 2:- ?:[4/9] COPY q /q ");
}

TEST(Match, MatchesEachPlatform) {
  EXPECT_EQ(matched("FROM a\nRUN x\n",
                    "[linux/amd64 2/2] RUN x\n[linux/arm64 2/2] RUN x\n[linux/amd64 1/2] FROM "
                    "docker.io/library/a:latest"),
            "1:[linux/amd64 1/2] FROM docker.io/library/a:latest 2:[linux/amd64 2/2] RUN x 2:[linux/arm64 "
            "2/2] RUN x ");
}

// COPY --from names the base image too, and then it belongs to no stage.
TEST(Match, KnowsABaseImageWithoutAStage) {
  EXPECT_EQ(matched("FROM bb AS s0\nRUN x\nCOPY --from=bb /a /a\nFROM bb\nRUN y\n",
                    "FROM docker.io/library/bb:latest@sha256:0\n[stage-1 2/2] RUN y", 0),
            "4:FROM docker.io/library/bb:latest@sha256:0 5:[stage-1 2/2] RUN y ");
  EXPECT_EQ(
      matched("FROM bb AS s0\nRUN x\nFROM bb\nCOPY --from=s0 /a /a\nCOPY --from=cc /a /a\n",
              "FROM docker.io/library/bb:latest@sha256:0\nFROM docker.io/library/cc:latest\n[s0 2/2] RUN "
              "x\n[stage-1 2/3] COPY --from=s0 /a /a\n[stage-1 3/3] COPY --from=cc /a /a"),
      "1:FROM docker.io/library/bb:latest@sha256:0 2:[s0 2/2] RUN x 3:FROM "
      "docker.io/library/bb:latest@sha256:0 4:[stage-1 2/3] COPY --from=s0 /a /a 5:[stage-1 3/3] COPY "
      "--from=cc /a /a ");
}

TEST(Match, KnowsABaseImageOfSeveralImagesWithoutAStage) {
  EXPECT_EQ(matched("FROM bb\nRUN x\n",
                    "[one internal] load .dockerignore\n[two internal] load .dockerignore\n[two] FROM "
                    "docker.io/library/bb:latest\n[one 2/2] RUN x",
                    0),
            "1:[two] FROM docker.io/library/bb:latest 2:[one 2/2] RUN x ");
}

TEST(Match, KnowsWhatOnbuildPutOff) {
  const std::string file = "FROM a AS b\nONBUILD COPY . .\nFROM b\nRUN x\n";
  for (const char* word : {"ONBUILD ", ""}) {
    EXPECT_EQ(
        matched(file,
                fmt::format(
                    "[b 1/1] FROM docker.io/library/a:latest\n[stage-1 1/2] {}COPY . .\n[stage-1 2/2] RUN x",
                    word)),
        fmt::format(
            "1:[b 1/1] FROM docker.io/library/a:latest 2:[stage-1 1/2] {}COPY . . 4:[stage-1 2/2] RUN x ",
            word));
  }
}

}  // namespace
}  // namespace dcache::observe
