// What people paste of a build that failed: what the builder prints after all progress.
#include <string>

#include <gtest/gtest.h>

#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

const std::string kHeading = "------\n > [build 3/4] RUN go build ./...:\n";
const std::string kOutput = "0.512 main.go:3:8: package x is not in std\n0.600 second\n";
const std::string kFrame =
    "------\nDockerfile:4\n--------------------\n   2 |     WORKDIR /src\n   3 |     COPY . .\n"
    "   4 | >>> RUN go build \\\n   5 | >>>   ./...\n   6 |     \n--------------------\n";
const std::string kError =
    "process \"/bin/sh -c go build ./...\" did not complete successfully: exit code: 1";

TEST(Excerpt, NamesTheStepItsLineAndTheError) {
  const std::string text = kHeading + kOutput + kFrame + "ERROR: failed to solve: " + kError + "\n";
  const auto log = read_text(text);
  ASSERT_TRUE(log) << text::words_of(log.error());
  EXPECT_EQ(shown(*log), "[build 3/4] RUN go build ./...: error " + kError + "\n");
  ASSERT_TRUE(log->excerpt);
  EXPECT_EQ(log->excerpt->line, 4U);
  EXPECT_EQ(log->excerpt->dockerfile, "Dockerfile");
  EXPECT_EQ(log->excerpt->instruction, "RUN go build ./...");
  EXPECT_EQ(log->excerpt->output,
            (std::vector<std::string>{"main.go:3:8: package x is not in std", "second"}));
  EXPECT_DOUBLE_EQ(log->excerpt->seconds, 0.6);
}

TEST(Excerpt, IsReadAsOlderAndOtherProgramsPrintIt) {
  struct Case {
    std::string text;
    std::string shown;
  };
  const Case cases[] = {
      {"------\n > [2/3] RUN false:\n#5 0.200 text\n------\nexecutor failed running [/bin/sh -c false]: exit "
       "code: 1\n",
       "[2/3] RUN false: error executor failed running [/bin/sh -c false]: exit code: 1\n"},
      {"------\n > [api 2/3] RUN false:\n------\ntarget api: failed to solve: no\n",
       "api: [api 2/3] RUN false: error no\n"},
      {"2024-05-01T10:00:00.0Z ------\n2024-05-01T10:00:00.0Z  > [2/3] COPY nope /x:\n2024-05-01T10:00:00.0Z "
       "------\n2024-05-01T10:00:00.0Z ##[error]buildx failed with: ERROR: failed to solve: x\n"
       "2024-05-01T10:00:00.0Z ERROR: failed to build: failed to solve: \"/nope\": not found\n",
       "[2/3] COPY nope /x: error \"/nope\": not found\n"},
      {" => ERROR [build 3/4] RUN make             0.6s\n------\nERROR: failed to solve: no\n",
       "[build 3/4] RUN make: error no\n"},
      {kHeading + kOutput + "------\n", "[build 3/4] RUN go build ./...: error the log does not say why\n"}};
  for (const Case& c : cases)
    EXPECT_EQ(shown(c.text), c.shown) << c.text;
}

TEST(Excerpt, TellsThePlaceIfThereIsNoName) {
  const auto log = read_text(kFrame + "ERROR: failed to solve: " + kError + "\n");
  ASSERT_TRUE(log && log->excerpt);
  EXPECT_EQ(log->excerpt->line, 4U);
  EXPECT_TRUE(log->builds.at(0).vertices.empty());
}

TEST(Excerpt, AddsTheStepThatTheLinesOfALogLack) {
  EXPECT_EQ(shown("#7 [build 2/4] COPY . .\n#7 DONE 0.1s\n" + kHeading + kOutput + kFrame +
                  "ERROR: failed to solve: no\n"),
            "[build 2/4] COPY . .: 0.1 s\n[build 3/4] RUN go build ./...: error no\n");
  // In a whole log it says nothing new.
  const std::string whole = "#7 [build 3/4] RUN go build ./...\n#7 ERROR: no\n";
  EXPECT_EQ(shown(whole + kHeading + kOutput + kFrame + "ERROR: failed to solve: no\n"), shown(whole));
}

TEST(Excerpt, IsNotAnyTextWithRules) {
  for (const char* text : {"------\n> [x]\n------\nERROR: no\n", "------\nERROR: failed\n",
                           "a:4\n--------------------\n--------------------\n"})
    EXPECT_NE(shown(text).find("this is not the log of a build"), std::string::npos) << text;
}

}  // namespace
}  // namespace dcache::observe
