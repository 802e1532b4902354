// Steps that a record names and never starts, and logs that end before the build does.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/observe/shown_log.h"

namespace dcache::observe {
namespace {

using nlohmann::json;

// The events of a record: "digest name < inputs" names a vertex, with "!" after it also starts and ends it,
// with "=" it is reused.
std::string record(const std::vector<std::vector<std::string>>& vertices) {
  std::string text;
  for (const auto& vertex : vertices) {
    json object = {{"digest", vertex[0]}, {"name", vertex[1]}};
    for (size_t i = 3; i < vertex.size(); ++i)
      object["inputs"].push_back(vertex[i]);
    if (vertex[2] != "named") {
      object["started"] = "2026-11-27T00:00:01Z";
      object["completed"] = "2026-11-27T00:00:02Z";
      object["cached"] = vertex[2] == "reused";
    }
    text += json({{"vertexes", {object}}}).dump() + "\n";
  }
  return text;
}

// Two images with a context each: the builder goes on with one of two equal steps.
TEST(LogRecords, TakeAnEqualStepForOneThatNeverStarted) {
  const auto log = read_text(record({{"t3", "[two base 3/3] RUN b", "named", "t2"},
                                     {"t2", "[two base 2/3] COPY a .", "named", "f"},
                                     {"o3", "[one base 3/3] RUN b", "named", "o2"},
                                     {"o2", "[one base 2/3] COPY a .", "named", "f"},
                                     {"o0", "[one internal] load build context", "ran"},
                                     {"t0", "[two internal] load build context", "ran"},
                                     {"f", "[one base 1/3] FROM a", "ran"},
                                     {"t2", "[two base 2/3] COPY a .", "reused", "f"},
                                     {"t3", "[two base 3/3] RUN b", "reused", "t2"},
                                     {"oe", "[one] exporting to image", "ran"},
                                     {"te", "[two] exporting to image", "ran"}}));
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->is_cut);
  EXPECT_EQ(shown(*log),
            "one: [one internal] load build context: 1.0 s\none: [one base 1/3] FROM a: 1.0 s\n"
            "one: [one] exporting to image: 1.0 s\n"
            "two: [two base 3/3] RUN b: cached\ntwo: [two base 2/3] COPY a .: cached\n"
            "two: [two internal] load build context: 1.0 s\ntwo: [two] exporting to image: 1.0 s\n");
}

// The record of one of the images, as docker buildx history has it: the steps before the equal one are those
// of the other image.
TEST(LogRecords, CallReusedWhatNothingNeeded) {
  const auto log = read_text(record({{"o3", "[base 3/3] RUN b", "named", "o2"},
                                     {"o2", "[base 2/3] COPY a .", "named", "f"},
                                     {"f", "[base 1/3] FROM a", "ran"},
                                     {"t3", "[base 3/3] RUN b", "reused", "t2"},
                                     {"e", "exporting to image", "ran"}}));
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->is_cut);
  EXPECT_EQ(shown(*log),
            "[base 2/3] COPY a .: cached\n[base 1/3] FROM a: 1.0 s\n[base 3/3] RUN b: cached\n"
            "exporting to image: 1.0 s\n");
}

// A build without a result: what needs them ended.
TEST(LogRecords, CallReusedWhatTheLastStepDidNotNeed) {
  const auto log = read_text(record({{"3", "[3/3] RUN b", "named", "2"},
                                     {"2", "[2/3] RUN a", "named", "1"},
                                     {"1", "[1/3] FROM a", "named"},
                                     {"3", "[3/3] RUN b", "reused", "2"}}));
  ASSERT_TRUE(log);
  EXPECT_FALSE(log->is_cut);
  EXPECT_EQ(shown(*log), "[3/3] RUN b: cached\n[2/3] RUN a: cached\n[1/3] FROM a: cached\n");
  const auto cut = read_text(record({{"3", "[3/3] RUN b", "named", "2"},
                                     {"2", "[2/3] RUN a", "named", "1"},
                                     {"1", "[1/3] FROM a", "ran"}}));
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->is_cut);
  EXPECT_EQ(shown(*cut), "[3/3] RUN b: open\n[2/3] RUN a: open\n[1/3] FROM a: 1.0 s\n");
}

// A cache that could not be imported lets the build go on.
TEST(LogRecords, AreCutThoughACacheWasNotFound) {
  json failed = {{"digest", "c"},
                 {"name", "importing cache manifest from x"},
                 {"started", "2026-11-27T00:00:01Z"},
                 {"completed", "2026-11-27T00:00:02Z"},
                 {"error", "not found"}};
  const auto log = read_text(record({{"2", "[2/2] RUN a", "named"}, {"1", "[1/2] FROM a", "ran"}}) +
                             json({{"vertexes", {failed}}}).dump() + "\n");
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->is_cut);
}

TEST(LogRecords, TakeTheTimeOfWhatDidNotEndFromItsOutput) {
  const std::string start =
      R"({"vertexes":[{"digest":"a","name":"[1/2] RUN a","started":"2026-11-27T00:00:01Z"}]})"
      "\n";
  const auto output = read_text(
      start + R"({"logs":[{"vertex":"a","stream":1,"data":"eA==","timestamp":"2026-11-27T00:00:31Z"}]})"
              "\n");
  ASSERT_TRUE(output);
  EXPECT_DOUBLE_EQ(output->builds.at(0).vertices.at(0).seconds, 30);
  const auto status = read_text(
      start + R"({"statuses":[{"id":"x","vertex":"a","current":0,"timestamp":"2026-11-27T00:00:03Z"}]})"
              "\n");
  ASSERT_TRUE(status);
  EXPECT_DOUBLE_EQ(status->builds.at(0).vertices.at(0).seconds, 2);
}

// docker buildx history may tell of a start after it told of the end.
TEST(LogRecords, MayTellOfAStartAfterTheEnd) {
  const std::string start = R"("digest":"a","name":"[1/1] RUN a","started":"2026-11-27T00:00:01Z")";
  const auto log =
      read_text(R"({"vertexes":[{)" + start + R"(,"completed":"2026-11-27T00:00:03Z"},{)" + start + "}]}\n");
  ASSERT_TRUE(log);
  EXPECT_EQ(shown(*log), "[1/1] RUN a: 2.0 s\n");
  EXPECT_FALSE(log->is_cut);
}

// Plain progress and records in one log.
TEST(LogRecords, MayComeAfterPlainProgress) {
  const std::string one = record({{"1", "[1/1] RUN a", "ran"}});
  const std::string status =
      R"({"statuses":[{"id":"transferring x","vertex":"1","current":5,"timestamp":"2026-11-27T00:00:03Z"}]})"
      "\n";
  EXPECT_TRUE(
      read_text(one + "#0 building with \"x\" instance\n" + status + "#1 [1/1] RUN b\n#1 DONE 1.0s\n"));
  EXPECT_TRUE(read_text("#1 [1/1] RUN b\n" + one + "#0 building\n" + status + one));
}

struct Cut {
  const char* text;
  bool is_cut;
};

// All that is there has ended: only the numbers say that more should follow.
TEST(LogReader, KnowsALogThatWasCutBetweenTwoSteps) {
  for (const auto& [text, is_cut] :
       {Cut{"#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n", true},
        Cut{"#1 [1/3] FROM a\n#1 DONE 0.0s\n#2 [2/3] RUN a\n#2 DONE 1.0s\n", true},
        Cut{"#1 [1/2] FROM a\n#1 DONE 0.0s\n#2 [2/2] RUN a\n#2 DONE 1.0s\n", false},
        Cut{"#1 [1/3] FROM a\n#1 DONE 0.0s\n#2 [2/3] RUN a\n#2 DONE 1.0s\n#3 exporting to image\n#3 DONE "
            "0.1s\n",
            false},
        Cut{"#1 [1/3] FROM a\n#1 DONE 0.0s\n#2 [2/3] RUN a\n#2 ERROR: exit code: 1\n", false},
        Cut{"#1 [1/3] FROM a\n#1 DONE 0.0s\nERROR: failed to solve: no space left\n", false},
        Cut{"#1 [a internal] load .dockerignore\n#1 DONE 0.0s\n#2 [b internal] load .dockerignore\n#2 DONE "
            "0.0s\n#3 [a 1/2] RUN x\n#3 CACHED\n#4 [b 1/2] RUN x\n#4 CACHED\n#5 [a] exporting to image\n#5 "
            "DONE 0.1s\n",
            true}}) {
    const auto log = read_text(text);
    ASSERT_TRUE(log) << text;
    EXPECT_EQ(log->is_cut, is_cut) << text;
  }
}

}  // namespace
}  // namespace dcache::observe
