// How long something took that a log has no end of, old logs, builders that are started, and failures.
#include <string>

#include <gtest/gtest.h>

#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

std::vector<std::string> notices_of(std::string_view text) {
  const auto log = read_text(text);
  std::vector<std::string> notices;
  if (!log) return notices;
  for (const Notice& notice : log->runs.at(0).notices)
    notices.push_back(fmt::format("{} {}", static_cast<int>(notice.kind), notice.words));
  return notices;
}

std::string notice(Notice::Kind kind, std::string_view words) {
  return fmt::format("{} {}", static_cast<int>(kind), words);
}

TEST(LogTimes, OfWhatDidNotEndAreThoseOfItsStatus) {
  const auto log = read_text(
      "#1 [1/2] FROM docker.io/library/a:latest\n#1 sha256:aaa 0B / 2.93GB 0.2s\n"
      "#1 sha256:aaa 463.47MB / 2.93GB 5.9s\n\n"
      "#2 exporting to GitHub Actions Cache\n#2 preparing build cache for export\n"
      "#2 preparing build cache for export 865.0s done\n#2 writing layer sha256:04 600.1s done\n"
      "#2 ERROR: error writing layer blob: maximum timeout reached\n\n"
      "#3 exporting to image\n#3 exporting layers 9.5s done\n#3 DONE 0.4s\n\n"
      "#4 [2/2] RUN a\n#4 sha256:bbb 1.0MB / 1.0MB 3.0s done\n#4 CANCELED\n");
  ASSERT_TRUE(log);
  const std::vector<Vertex>& vertices = log->builds.at(0).vertices;
  ASSERT_EQ(vertices.size(), 4U);
  EXPECT_DOUBLE_EQ(vertices[0].seconds, 5.9);
  EXPECT_EQ(vertices[0].bytes, 463'470'000U);
  EXPECT_DOUBLE_EQ(vertices[1].seconds, 865);
  EXPECT_DOUBLE_EQ(vertices[2].seconds, 0.4);
  EXPECT_DOUBLE_EQ(vertices[3].seconds, 3);
}

TEST(LogTimes, OfAnErrorStartWithWhatTheStatusSays) {
  const auto log = read_text(
      "2024-05-01T10:14:26.0Z #1 exporting cache to registry\n2024-05-01T10:14:26.0Z #1 writing layer "
      "sha256:04 600.0s done\n2024-05-01T10:14:26.0Z #1 ERROR: no space left\n"
      "2024-05-01T10:04:00.0Z #2 [1/1] RUN a\n2024-05-01T10:04:26.0Z #2 DONE 0.0s\n");
  ASSERT_TRUE(log);
  EXPECT_GE(log->builds.at(0).vertices.at(0).seconds, 600);
}

// What BuildKit printed until 2019.
TEST(LogTimes, AreReadFromOldLogs) {
  const std::string text =
      "#1 [internal] load .dockerignore\n#1       digest: sha256:7b5c1\n"
      "#1         name: \"[internal] load .dockerignore\"\n"
      "#1      started: 2019-04-22 14:30:13.3 +0000 UTC\n"
      "#1    completed: 2019-04-22 14:30:13.375 +0000 UTC\n#1     duration: 75.0ms\n"
      "#1 transferring context: 34B done\n\n"
      "#4 ...\n\n#4 [1/3] RUN npm ci\n#4       digest: sha256:aaaa\n#4         name: \"[1/3] RUN npm ci\"\n"
      "#4      started: 2019-04-22 14:30:14.3 +0000 UTC\n#4 1.0 npm\n"
      "#4    completed: 2019-04-22 14:30:44.4 +0000 UTC\n#4     duration: 30.1s\n\n"
      "#5 [2/3] COPY . .\n#5       cached: true\n\n"
      "#6 [3/3] RUN make\n#6     duration: 1m30.5s\n#6        error: \"exit code: 2\"\n";
  EXPECT_EQ(shown(text),
            "[internal] load .dockerignore: 0.1 s, 34 bytes\n[1/3] RUN npm ci: 30.1 s\n"
            "[2/3] COPY . .: cached\n[3/3] RUN make: error \"exit code: 2\"\n");
  const auto log = read_text(text);
  EXPECT_FALSE(log->is_cut);
  EXPECT_DOUBLE_EQ(log->builds.at(0).vertices.at(1).completed.value(), 31.1);
  EXPECT_DOUBLE_EQ(log->builds.at(0).vertices.at(3).seconds, 90.5);
}

constexpr std::string_view kBoot =
    "2024-05-01T10:00:00.0Z #1 [internal] booting buildkit\n2024-05-01T10:00:01.0Z #1 pulling image x\n"
    "2024-05-01T10:00:04.0Z #1 DONE 4.0s\n2024-05-01T10:00:05.0Z Name: builder-1\n";
constexpr std::string_view kAfterBoot =
    "2024-05-01T10:10:00.0Z #1 [internal] load .dockerignore\n2024-05-01T10:10:00.0Z #1 DONE 0.0s\n"
    "2024-05-01T10:10:01.0Z #2 [1/1] RUN a\n2024-05-01T10:10:03.0Z #2 DONE 2.0s\n";

// docker/setup-buildx-action starts the builder in a step of its own.
TEST(LogBuilders, BelongToTheBuildThatFollows) {
  for (const std::string_view start :
       {"2024-05-01T10:10:00.0Z #0 building with \"builder-1\" instance using docker-container driver\n",
        ""}) {
    const std::string text = std::string(kBoot) + std::string(start) + std::string(kAfterBoot);
    EXPECT_EQ(
        shown(text),
        "[internal] booting buildkit: 4.0 s\n[internal] load .dockerignore: 0.0 s\n[1/1] RUN a: 2.0 s\n");
    const auto log = read_text(text);
    ASSERT_TRUE(log);
    EXPECT_EQ(log->runs.size(), 1U);
    EXPECT_EQ(log->runs[0].builder.empty(), start.empty());
    EXPECT_EQ(notices_of(text),
              std::vector{notice(Notice::Kind::kNewBuilder, "[internal] booting buildkit")});
    // Other steps of the job ran meanwhile.
    EXPECT_DOUBLE_EQ(log->builds.at(0).vertices.at(2).completed.value(), 7);
  }
}

TEST(LogBuilders, AreNoBuild) {
  EXPECT_NE(shown(kBoot).find("a builder was started, and nothing was built"), std::string::npos);
  const auto log = read_text(std::string(kAfterBoot) + std::string(kBoot));
  ASSERT_TRUE(log);
  EXPECT_EQ(log->builds.size(), 1U);
  EXPECT_TRUE(log->runs.at(0).notices.empty());
}

TEST(LogFailures, AreWhatTheBuilderPrintsLast) {
  const std::string step = "#1 [1/1] RUN a\n#1 DONE 1.0s\n";
  const auto failed = [](std::string_view words) {
    return std::vector{notice(Notice::Kind::kFailed, words)};
  };
  EXPECT_EQ(notices_of(step + "ERROR: failed to receive status: rpc error: code = Unavailable desc = EOF\n"),
            failed("rpc error: code = Unavailable desc = EOF"));
  EXPECT_EQ(notices_of(step + "ERROR: failed to build: failed to receive status: EOF\n"), failed("EOF"));
  EXPECT_EQ(notices_of(step + "ERROR: failed to build: Canceled: context canceled\n"),
            failed("Canceled: context canceled"));
  // Of GitLab, and of anything else.
  EXPECT_TRUE(notices_of(step + "ERROR: Job failed: exit code 1\nERROR: tests failed\n").empty());
}

// bake prints what is wrong with its files, and no step follows.
TEST(LogFailures, HaveAnyWordsWhereNoStepWasComeTo) {
  const std::string load = "#1 [internal] load local bake definitions\n#1 DONE 0.0s\n";
  const auto failed = [](std::string_view words) {
    return std::vector{notice(Notice::Kind::kFailed, words)};
  };
  for (const std::string error :
       {"failed to find target nosuch", "docker-bake.hcl:4,19-20: Missing newline"}) {
    const auto log = read_text(load + "docker-bake.hcl:4\n----\nERROR: " + error + "\nERROR: Job failed\n");
    ASSERT_TRUE(log);
    EXPECT_FALSE(log->is_cut);
    EXPECT_EQ(notices_of(load + "ERROR: " + error + "\nERROR: Job failed\n"), failed(error));
  }
  // Another program said it, and the build went on.
  EXPECT_TRUE(notices_of(load + "ERROR: of another program\n#2 [1/1] RUN a\n#2 DONE 1.0s\n").empty());
  // Starting a builder is not a build.
  EXPECT_TRUE(
      notices_of("#1 [internal] booting buildkit\n#1 DONE 4.0s\nERROR: of another program\n#0 building "
                 "with \"b\" instance using docker-container driver\n#1 [internal] load build "
                 "definition from Dockerfile\n#1 DONE 0.0s\n")
          .size() == 1U);
}

TEST(LogChecks, AreComplete) {
  const std::string check =
      "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n"
      "#2 [internal] load metadata for docker.io/library/a:latest\n#2 DONE 0.0s\n";
  for (const std::string found : {"no warnings found.", "2 warnings have been found!"}) {
    const auto log = read_text(check + "Check complete, " + found + "\n");
    ASSERT_TRUE(log);
    EXPECT_FALSE(log->is_cut);
    EXPECT_EQ(notices_of(check + "Check complete, " + found + "\n"),
              std::vector{notice(Notice::Kind::kChecked, found)});
  }
  EXPECT_TRUE(read_text(check)->is_cut);
  // The build that follows is another run.
  const auto log =
      read_text(check + "Check complete, no warnings found.\n" + check + "#3 [1/1] RUN a\n#3 DONE 1.0s\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->runs.size(), 2U);
  // A command of a build may print the same.
  EXPECT_TRUE(notices_of("#1 [1/1] RUN a\n#1 DONE 1.0s\nCheck complete, all good\n").empty());
}

TEST(LogFailures, OfACacheAreToldOnce) {
  for (const std::string word : {"ERROR", "error"}) {
    EXPECT_EQ(
        notices_of("#1 exporting to GitHub Actions Cache\n#1 ERROR: error writing layer blob: timeout\n" +
                   word + ": failed to solve: error writing layer blob: timeout\n"),
        (std::vector{notice(Notice::Kind::kFailed, "error writing layer blob: timeout"),
                     notice(Notice::Kind::kCacheExport,
                            "exporting to GitHub Actions Cache: error writing layer blob: timeout")}))
        << word;
  }
}

}  // namespace
}  // namespace dcache::observe
