// What a build waited for.
#include "dcache/observe/timeline.h"

#include <gtest/gtest.h>

#include "dcache/dockerfile/parser.h"
#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

// "3.5 s: [a 1/2] RUN x, [b 1/1] COPY …"
std::string critical(const std::string& text, const std::string& dockerfile = "") {
  const auto log = read_text(text);
  const dockerfile::File file = dockerfile::parse(dockerfile);
  const plan::Graph graph = plan::build_graph(file, {});
  const Match match = observe::match(file, graph, *log, 0);
  const MatchedBuild matched{0, &graph, &match};
  const Timeline line = dockerfile.empty() ? timeline_of(*log, 0)
                                           : timeline_of(*log, 0, std::span<const MatchedBuild>(&matched, 1));
  std::string shown = fmt::format("{}{:.1f} s:", line.is_estimated ? "about " : "", line.seconds);
  for (const size_t bar : line.critical)
    shown += " " + line.bars[bar].vertex->name + ",";
  return shown;
}

constexpr std::string_view kTwoStages =
    "#1 [internal] load build context\n#1 DONE 0.5s\n\n#2 [web 1/2] RUN npm\n#2 DONE 4.0s\n\n#3 [api 1/1] "
    "RUN go\n#3 DONE 9.0s\n\n"
    "#4 [web 2/2] COPY . .\n#4 DONE 1.0s\n\n#5 [stage-2 1/1] COPY --from=web / /\n#5 DONE 1.0s\n\n"
    "#6 [stage-2 2/2] COPY --from=api / /\n#6 DONE 0.5s\n\n#7 exporting to image\n#7 DONE 2.0s\n";

TEST(Timeline, IsEstimatedByNames) {
  EXPECT_EQ(critical(std::string(kTwoStages)),
            "about 11.5 s: [api 1/1] RUN go, [stage-2 2/2] COPY --from=api / /, exporting to image,");
}

TEST(Timeline, KnowsByTheDockerfileWhatAStageStartsFrom) {
  const std::string text = "#1 [b 1/1] RUN x\n#1 DONE 2.0s\n\n#2 [stage-1 1/1] RUN y\n#2 DONE 3.0s\n";
  EXPECT_EQ(critical(text), "about 3.0 s: [stage-1 1/1] RUN y,");
  EXPECT_EQ(critical(text, "FROM scratch AS b\nRUN x\nFROM b\nRUN y\n"),
            "about 5.0 s: [b 1/1] RUN x, [stage-1 1/1] RUN y,");
}

TEST(Timeline, TakesTheTimesOfARecord) {
  EXPECT_EQ(
      critical(
          R"({"vertexes":[{"digest":"1","name":"[a 1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:05Z"},{"digest":"2","name":"[b 1/1] RUN b","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:03Z"},{"digest":"3","inputs":["1","2"],"name":"[c 1/1] RUN c","started":"2026-11-27T00:00:05Z","completed":"2026-11-27T00:00:06Z"}]})"),
      "6.0 s: [a 1/1] RUN a, [c 1/1] RUN c,");
}

// The log says CACHED of a step when the step on top of it starts.
TEST(Timeline, WaitsForNoStepThatWasReused) {
  EXPECT_EQ(
      critical(
          R"({"vertexes":[{"digest":"1","name":"[a 1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:03Z"},{"digest":"2","name":"[b 1/1] RUN b","cached":true,"started":"2026-11-27T00:00:04Z","completed":"2026-11-27T00:00:04Z"},{"digest":"3","inputs":["2","1"],"name":"[c 1/1] COPY a b","started":"2026-11-27T00:00:04Z","completed":"2026-11-27T00:00:06Z"}]})"),
      "6.0 s: [a 1/1] RUN a, [c 1/1] COPY a b,");
}

// It was looked up after the other step had ended, in more than no time.
TEST(Timeline, WaitsForNoStepThatWasReusedLate) {
  EXPECT_EQ(
      critical(
          R"({"vertexes":[{"digest":"1","name":"[a 1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:03.9Z"},{"digest":"2","name":"[b 1/2] RUN b","cached":true,"started":"2026-11-27T00:00:03.95Z","completed":"2026-11-27T00:00:03.95Z"},{"digest":"3","inputs":["2"],"name":"[b 2/2] COPY b","cached":true,"started":"2026-11-27T00:00:03.95Z","completed":"2026-11-27T00:00:04Z"},{"digest":"4","inputs":["3","1"],"name":"[c 1/1] COPY a b","started":"2026-11-27T00:00:04Z","completed":"2026-11-27T00:00:06Z"}]})"),
      "6.0 s: [a 1/1] RUN a, [c 1/1] COPY a b,");
}

// "a 0.0-3.0: [a 1/1] RUN a 3.0" for each build: from when to when, and its own critical path.
std::string builds_of(const std::string& text) {
  const auto log = read_text(text);
  const Timeline line = timeline_of(*log, 0);
  std::string shown;
  for (const auto& [index, build] : line.builds) {
    shown += fmt::format("{} {:.1f}-{:.1f}:", log->builds[index].name, build.start, build.end);
    for (const Wait& wait : build.critical)
      shown += fmt::format(" {} {:.1f}", line.bars[wait.bar].vertex->name, wait.seconds);
    shown += "\n";
  }
  return shown;
}

TEST(Timeline, HasACriticalPathForEachImage) {
  EXPECT_EQ(
      builds_of("#1 [a internal] load .dockerignore\n#1 DONE 0.1s\n#2 [b internal] load .dockerignore\n#2 "
                "DONE 0.2s\n#3 [a 1/1] RUN a\n#3 DONE 3.0s\n#4 [b 1/1] RUN b\n#4 DONE 1.0s\n"
                "#5 [b] exporting to image\n#5 DONE 0.5s\n"),
      "a 0.0-3.1: [a internal] load .dockerignore 0.1 [a 1/1] RUN a 3.0\n"
      "b 0.0-1.7: [b internal] load .dockerignore 0.2 [b 1/1] RUN b 1.0 [b] exporting to image 0.5\n");
}

// A CI service got the first lines together, half a second after the build had begun.
TEST(Timeline, LetsStepsEndBeforeThoseThatNeedThem) {
  EXPECT_EQ(
      builds_of(
          "2024-05-01T10:00:00.5Z #1 [internal] load build context\n2024-05-01T10:00:00.5Z #1 DONE 0.1s\n"
          "2024-05-01T10:00:00.5Z #2 [1/2] COPY a .\n2024-05-01T10:00:00.5Z #2 DONE 0.2s\n"
          "2024-05-01T10:00:00.5Z #3 [2/2] RUN b\n2024-05-01T10:00:03.0Z #3 DONE 2.7s\n"
          "2024-05-01T10:00:03.0Z #4 exporting to image\n2024-05-01T10:00:03.0Z #4 DONE 0.5s\n"),
      " 0.0-3.5: [internal] load build context 0.1 [1/2] COPY a . 0.2 [2/2] RUN b 2.7 exporting to image "
      "0.5\n");
}

// Two things of a record that overlap are not waited for twice.
TEST(Timeline, CountsNoMomentTwice) {
  EXPECT_EQ(
      builds_of(
          R"({"vertexes":[{"digest":"1","name":"[a 1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:05Z"},{"digest":"2","inputs":["1"],"name":"[c 1/1] RUN c","started":"2026-11-27T00:00:03Z","completed":"2026-11-27T00:00:06Z"}]})"),
      " 0.0-6.0: [a 1/1] RUN a 3.0 [c 1/1] RUN c 3.0\n");
}

// The files that it copies were the same again.
TEST(Timeline, WaitsForWhatAReusedStepNeeds) {
  EXPECT_EQ(
      critical(
          R"({"vertexes":[{"digest":"1","name":"[a 1/1] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:03Z"},{"digest":"2","inputs":["1"],"name":"[b 1/2] COPY a b","cached":true,"started":"2026-11-27T00:00:04Z","completed":"2026-11-27T00:00:04Z"},{"digest":"3","inputs":["2","4"],"name":"[b 2/2] RUN c","started":"2026-11-27T00:00:04Z","completed":"2026-11-27T00:00:06Z"},{"digest":"4","name":"[d 1/1] RUN d","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z"}]})"),
      "6.0 s: [a 1/1] RUN a, [b 1/2] COPY a b, [b 2/2] RUN c,");
}

// A base image that COPY --from names too belongs to no stage.
TEST(Timeline, WaitsForAnImageWithoutAStage) {
  EXPECT_EQ(critical("#1 FROM docker.io/library/a:latest@sha256:0\n#1 DONE 5.0s\n#2 FROM "
                     "docker.io/library/b:1\n#2 DONE 9.0s\n#3 [s 2/4] RUN x\n#3 DONE 1.0s\n#4 [s 3/4] COPY "
                     "--from=b:1 /b /b\n#4 DONE 1.0s\n#5 [s 4/4] RUN y\n#5 DONE 1.0s\n"),
            "about 11.0 s: FROM docker.io/library/b:1, [s 3/4] COPY --from=b:1 /b /b, [s 4/4] RUN y,");
  EXPECT_EQ(
      critical("#1 FROM docker.io/library/a:latest@sha256:0\n#1 DONE 5.0s\n#3 [s 2/3] RUN x\n#3 DONE "
               "1.0s\n#4 [s 3/3] COPY --from=a /b /b\n#4 DONE 1.0s\n"),
      "about 7.0 s: FROM docker.io/library/a:latest@sha256:0, [s 2/3] RUN x, [s 3/3] COPY --from=a /b /b,");
}

TEST(Timeline, WaitsForTheBuilder) {
  EXPECT_EQ(
      critical("#1 [internal] booting buildkit\n#1 DONE 5.0s\n#2 [internal] load build definition from "
               "Dockerfile\n#2 DONE 0.1s\n#3 [internal] load metadata for a\n#3 DONE 1.0s\n#4 [1/1] RUN "
               "a\n#4 DONE 2.0s\n"),
      "about 8.1 s: [internal] booting buildkit, [internal] load build definition from Dockerfile, "
      "[internal] load metadata for a, [1/1] RUN a,");
}

// What was done for a copy that was reused may be far apart.
TEST(Timeline, CountsNoPauseOfAReusedStep) {
  EXPECT_EQ(
      critical(
          R"({"vertexes":[{"digest":"1","name":"[1/3] RUN a","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:09Z"},{"digest":"2","name":"[2/3] COPY --link a b","cached":true,"started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:00Z","progressGroup":{"id":"x","name":"[2/3] COPY --link a b"}},{"digest":"3","inputs":["1","2"],"name":"[2/3] LINK COPY --link a b","started":"2026-11-27T00:00:09Z","completed":"2026-11-27T00:00:10Z","progressGroup":{"id":"x","name":"[2/3] COPY --link a b"}},{"digest":"4","inputs":["3","5"],"name":"[3/3] RUN c","started":"2026-11-27T00:00:10Z","completed":"2026-11-27T00:00:12Z"},{"digest":"5","name":"[x 1/1] RUN d","started":"2026-11-27T00:00:00Z","completed":"2026-11-27T00:00:01Z"}]})"),
      "12.0 s: [1/3] RUN a, [2/3] COPY --link a b, [3/3] RUN c,");
}

// What nobody printed: steps that are made from each other.
TEST(Timeline, EndsWhereStepsGoInACircle) {
  EXPECT_EQ(
      critical(
          R"({"vertexes":[{"digest":"1","inputs":["2","1"],"name":"[a 1/1] RUN a"},{"digest":"2","inputs":["1"],"name":"b"}]})"),
      "about 0.0 s: b, [a 1/1] RUN a,");
}

}  // namespace
}  // namespace dcache::observe
