// Logs in which a service or a logger puts something before each line.
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

constexpr std::string_view kBuild =
    "#0 building with \"default\" instance using docker driver\n"
    "\n"
    "#1 [internal] load build definition from Dockerfile\n"
    "#1 transferring dockerfile: 747B done\n"
    "#1 DONE 0.0s\n"
    "\n"
    "#2 [build 1/2] FROM docker.io/library/golang:1.22@sha256:abc\n"
    "#2 sha256:aaa 2.00MB / 2.00MB 0.4s done\n"
    "#2 DONE 1.2s\n"
    "\n"
    "#3 [build 2/2] RUN make\n"
    "#3 0.651 compiling #5 DONE 9.9s\n"
    "#3 12.01 done\n"
    "#3 DONE 12.3s\n"
    "\n"
    "#4 exporting to image\n"
    "#4 exporting layers 0.3s done\n"
    "#4 DONE 0.4s\n";

constexpr std::string_view kShownBuild =
    "[internal] load build definition from Dockerfile: 0.0 s, 747 bytes\n"
    "[build 1/2] FROM docker.io/library/golang:1.22@sha256:abc: 1.2 s, 2000000 bytes\n"
    "[build 2/2] RUN make: 12.3 s\n"
    "exporting to image: 0.4 s\n";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// Each line as a service writes it.
using Writer = std::function<std::string(int number, const std::string& line)>;
std::string written(std::string_view text, const Writer& write) {
  std::string log;
  int number = 0;
  for (const std::string& line : lines_of(text))
    log += write(number++, line) + "\n";
  return log;
}

TEST(LogPrefixes, AreLeftOut) {
  struct Case {
    const char* name;
    Writer write;
  };
  const std::vector<Case> cases = {
      {"Cloud Build", [](int, const std::string& line) { return "Step #2 - \"build\": " + line; }},
      {"Cloud Build without a name", [](int, const std::string& line) { return "Step #2: " + line; }},
      {"Kamal", [](int, const std::string& line) { return " DEBUG [ea702b1f]       " + line; }},
      {"Jenkins", [](int i, const std::string& line) { return fmt::format("10:00:{:02}  {}", i, line); }},
      {"TeamCity",
       [](int i, const std::string& line) {
         return fmt::format("[10:00:{:02}]W:\t [Step 2/3] {}", i, line);
       }},
      {"Bamboo",
       [](int i, const std::string& line) {
         return fmt::format("build\t01-May-2024 10:00:{:02}\t{}", i, line);
       }},
      {"Drone", [](int i, const std::string& line) { return fmt::format("[build:L{}:{}s] {}", i, i, line); }},
      {"Tekton", [](int, const std::string& line) { return "[build : build-and-push] " + line; }},
      {"syslog",
       [](int i, const std::string& line) {
         return fmt::format("May {:2} 10:00:00 host docker[{}]: {}", i + 1, 100 + i, line);
       }},
      {"Compose", [](int, const std::string& line) { return "build-1  | " + line; }},
      {"a colon", [](int, const std::string& line) { return "INFO:root:" + line; }},
      {"line numbers", [](int i, const std::string& line) { return fmt::format("{:4}  {}", i, line); }},
      {"a CI service", [](int i, const std::string& line) {
         return fmt::format("2024-05-01T10:00:{:02}.5Z web | {}", i, line);
       }}};
  for (const auto& [name, write] : cases)
    EXPECT_EQ(shown(written(kBuild, write)), kShownBuild) << name;
}

TEST(LogPrefixes, LeaveOtherOutputAlone) {
  const auto log =
      read_text(written("Fetching\n" + std::string(kBuild) + "ERROR: failed to solve: exit code: 1\n",
                        [](int, const std::string& line) { return "[build] " + line; }) +
                "#12 Fix the build\n#13 [a] b\nDone\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(shown(*log), kShownBuild);
  EXPECT_FALSE(log->is_cut);
  ASSERT_EQ(log->runs.at(0).notices.size(), 1U);
  EXPECT_EQ(log->runs[0].notices[0].words, "exit code: 1");
}

// What a service prints before the build may begin with a number.
TEST(LogPrefixes, CountFromTheFirstLineOn) {
  EXPECT_EQ(shown("#12 Fix the build\n" +
                  written(kBuild, [](int, const std::string& line) { return "Step #1: " + line; })),
            kShownBuild);
}

TEST(LogPrefixes, MayBeSeveral) {
  const std::string first = written(kBuild, [](int, const std::string& line) { return "Step #0: " + line; });
  const std::string second =
      written(kBuild, [](int, const std::string& line) { return "Step #1 - \"push\": " + line; });
  const auto log = read_text(first + second);
  ASSERT_TRUE(log);
  ASSERT_EQ(log->builds.size(), 2U);
  EXPECT_EQ(log->builds[1].vertices.size(), 4U);
  const auto without = read_text(first + std::string(kBuild));
  ASSERT_TRUE(without);
  ASSERT_EQ(without->builds.size(), 2U);
  EXPECT_EQ(without->builds[1].vertices.size(), 4U);
}

// A log that somebody quotes is not that of the build.
TEST(LogPrefixes, AreOfMostLines) {
  EXPECT_EQ(shown(std::string(kBuild) + "> #1 [1/2] RUN a\n> #1 DONE 1.0s\n> #2 [2/2] RUN b\n> #2 CACHED\n"),
            kShownBuild);
  for (const char* text : {"see #1 [1/2] RUN a\n", "fixes #4 and #5\ncloses #6 as done\nsee #7 too\n",
                           "a #1 CACHED\na #2 CACHED\na #3 CACHED\n"})
    EXPECT_NE(shown(text).find("this is not the log of a build"), std::string::npos) << text;
}

TEST(LogPrefixes, MayHaveTheTime) {
  const auto log =
      read_text(written("#1 [1/1] RUN a\n#1 0.5 x\n#1 DONE 5.0s\n", [](int i, const std::string& line) {
        return fmt::format("pod/build 2024-05-01T10:00:{:02}Z {}", i * 10, line);
      }));
  ASSERT_TRUE(log);
  EXPECT_DOUBLE_EQ(log->builds.at(0).vertices.at(0).completed.value(), 20);
}

// The time of Buildkite is a text that terminals do not show.
TEST(LogPrefixes, AreLeftOutOfBuildkite) {
  const std::string text = written(kBuild, [](int i, const std::string& line) {
    return fmt::format("\x1b_bk;t={}\a{}", 1'714'557'600'000 + i * 1000, line);
  });
  EXPECT_EQ(shown(text), kShownBuild);
  EXPECT_DOUBLE_EQ(read_text(text)->builds.at(0).vertices.at(3).completed.value(), 15);
}

TEST(LogPrefixes, EndWithTheLine) {
  for (const char* end : {"\x1b", "\x1b]", "\x1b_", "\x1b]0;title", "\x1b]0;title\x1b\\", "\x1b[", "\x1b[3"})
    EXPECT_EQ(shown(std::string("#1 [1/1] RUN a\n#1 DONE 1.0s") + end + "\n"), "[1/1] RUN a: 1.0 s\n");
}

TEST(LogPrefixes, MayBeJson) {
  const auto docker = [](int i, const std::string& line) {
    return nlohmann::json({{"log", line + "\n"},
                           {"stream", "stderr"},
                           {"time", fmt::format("2024-05-01T10:00:{:02}Z", i)}})
        .dump();
  };
  const std::string text = written(kBuild, docker);
  EXPECT_EQ(shown(text), kShownBuild);
  EXPECT_DOUBLE_EQ(read_text(text)->builds.at(0).vertices.at(3).completed.value(), 15);
  const auto nested = [](int, const std::string& line) {
    return nlohmann::json({{"level", "info"}, {"message", ""}, {"task", {{"data", line + "\r\n"}}}}).dump();
  };
  EXPECT_EQ(shown(written(kBuild, nested)), kShownBuild);
  EXPECT_EQ(shown(nlohmann::json({{"log", kBuild}}).dump()), kShownBuild);
}

TEST(LogPrefixes, MayBeBeforeARecord) {
  EXPECT_EQ(shown("Step #1: {\"vertexes\":[{\"digest\":\"a\",\"name\":\"[1/1] RUN "
                  "a\",\"started\":\"2026-11-27T00:00:00Z\","
                  "\"completed\":\"2026-11-27T00:00:01Z\"}]}\n"),
            "[1/1] RUN a: 1.0 s\n");
}

}  // namespace
}  // namespace dcache::observe
