#include <array>

#include <gtest/gtest.h>

#include "dcache/text/edit.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/line_index.h"
#include "dcache/text/path.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "tests/run_program.h"

namespace dcache::text {
namespace {

TEST(Path, IsCleaned) {
  for (const auto& [path, clean] : {std::pair{"", "."},
                                    {"a//b/./c", "a/b/c"},
                                    {"/a/../../b", "/b"},
                                    {"../a/..", ".."},
                                    {"a/..", "."},
                                    {"a/b/../../..", ".."},
                                    {"/", "/"},
                                    {"./a/", "a"},
                                    {"/..", "/"}}) {
    EXPECT_EQ(clean_path(path), clean) << path;
  }
}

TEST(Path, IsTakenApart) {
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("/"), "/");
  EXPECT_EQ(parent_path("a"), ".");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_TRUE(is_within("/x", "/"));
}

TEST(Glob, MatchesLikeGo) {
  struct Case {
    const char* pattern;
    const char* name;
    bool match;
  };
  for (const Case& c : {Case{"*.go", "a.go", true},
                        {"*.go", "d/a.go", false},
                        {"**/*.c", "a/b.c", true},
                        {"**/*.c", "a/b/c.c", false},
                        {"a?c", "abc", true},
                        {"a?c", "a/c", false},
                        {"[a-c]", "b", true},
                        {"[^a-c]", "b", false},
                        {"\\*", "*", true},
                        {"\\*", "x", false},
                        {"a*b*c", "axxbyyc", true},
                        {"a*", "a", true},
                        {"ä?", "äö", true},
                        {"[", "[", false},
                        {"", "", true},
                        {"*", "", true},
                        {"[\\]]", "]", true},
                        {"a*b", "a/b", false}}) {
    EXPECT_EQ(glob_match(c.pattern, c.name), c.match) << c.pattern << " " << c.name;
  }
  EXPECT_FALSE(is_valid_glob("a["));
  EXPECT_FALSE(is_valid_glob("a\\"));
}

TEST(LineIndex, FindsLinesAndColumns) {
  const LineIndex lines("ab\n\nc");
  EXPECT_EQ(lines.line_count(), 3u);
  EXPECT_EQ(lines.position_of(1), (Position{1, 2}));
  EXPECT_EQ(lines.position_of(2), (Position{1, 3}));
  EXPECT_EQ(lines.position_of(3), (Position{2, 1}));
  EXPECT_EQ(lines.position_of(99).line, 3u);
  EXPECT_EQ(lines.line_span(2), (Span{3, 4}));
  EXPECT_EQ(lines.line_span(9), (Span{5, 5}));
}

TEST(Edits, AreAppliedTogether) {
  EXPECT_EQ(apply("abcdef", {{{4, 5}, "X"}, {{0, 0}, "1"}, {{0, 0}, "2"}, {{1, 3}, ""}}), "12adXf");
  EXPECT_TRUE(compatible({{0, 2}, ""}, {{2, 2}, "x"}));
  EXPECT_FALSE(compatible({{0, 2}, ""}, {{1, 1}, "x"}));
  EXPECT_FALSE(compatible({{0, 2}, ""}, {{1, 3}, ""}));
}

TEST(UnifiedDiff, ShowsChangesWithLinesAroundThem) {
  EXPECT_EQ(unified_diff("same\n", "same\n", "a", "a"), "");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "a", "b"),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_EQ(unified_diff("", "x\n", "/dev/null", "b"), "--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(
      unified_diff("a", "b", "a", "b"),
      "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n");
}

TEST(UnifiedDiff, StartsANewHunkFarFromTheLast) {
  std::string before, after;
  for (int i = 0; i < 30; ++i) {
    before += std::to_string(i) + "\n";
    after += (i == 2 || i == 25 ? "x" : std::to_string(i)) + "\n";
  }
  const std::string diff = unified_diff(before, after, "a", "a");
  EXPECT_NE(diff.find("@@ -1,6 +1,6 @@"), std::string::npos) << diff;
  EXPECT_NE(diff.find("@@ -23,7 +23,7 @@"), std::string::npos) << diff;
}

TEST(JsonWriter, WritesNumbersToThreeDecimals) {
  std::string out;
  JsonWriter json(out);
  json.begin_array()
      .value(94.1)
      .value(0.0)
      .value(0.12345)
      .value(2e9)
      .value(-1.5)
      .value(1.0 / 0.0)
      .end_array();
  EXPECT_EQ(out, "[94.1,0.0,0.123,2000000000.0,-1.5,null]");
}

TEST(JsonWriter, EscapesAndReplacesInvalidBytes) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member(std::string_view("a\"b"), "x\n\x01\xFF ä").member("n", 3).member("yes", true);
  json.key("list").begin_array().value(1).null().end_array().end_object();
  EXPECT_EQ(out, "{\"a\\\"b\":\"x\\n\\u0001\\ufffd ä\",\"n\":3,\"yes\":true,\"list\":[1,null]}");
}

TEST(Unicode, DecodesAsGoDoes) {
  EXPECT_EQ(decode_rune("ä").value, U'ä');
  EXPECT_EQ(decode_rune("\xC0\x80").width, 1u);
  EXPECT_EQ(decode_rune("\xED\xA0\x80").value, kReplacementRune);
  EXPECT_EQ(decode_rune("\xF0\x9F\x98\x80").value, U'😀');
  EXPECT_EQ(trim("\xC2\xA0 a\xE2\x80\x83"), "a");
  EXPECT_TRUE(is_letter(U'ß'));
  EXPECT_FALSE(is_letter(U'€'));
}

TEST(Suggest, FindsWhatWasMeant) {
  constexpr std::array<std::string_view, 3> kWords = {"profile", "select", "ignore"};
  EXPECT_EQ(closest("profil", kWords), "profile");
  EXPECT_EQ(closest("IGNORE", kWords), "ignore");
  EXPECT_EQ(closest("zzzzzzzz", kWords), "");
}

TEST(Words, CountsThings) {
  EXPECT_EQ(counted(0, "step"), "0 steps");
  EXPECT_EQ(counted(1, "step"), "1 step");
  EXPECT_EQ(counted(2, "step"), "2 steps");
}

TEST(Words, TellDurations) {
  const struct {
    double seconds;
    const char* words;
  } kCases[] = {{0, "0.0 s"},        {4.24, "4.2 s"},     {9.96, "10 s"},        {59.6, "1 min 0 s"},
                {130, "2 min 10 s"}, {3900, "1 h 5 min"}, {1e15, "a long time"}, {-1, "a long time"}};
  for (const auto& [seconds, words] : kCases)
    EXPECT_EQ(duration_words(seconds), words);
}

TEST(Failure, NamesItsPlaceAsFarAsItIsKnown) {
  EXPECT_EQ(words_of({.path = "f", .line = 2, .column = 3, .message = "m", .remedy = "r"}), "f:2:3: m; r");
  EXPECT_EQ(words_of({.path = "f", .line = 2, .message = "m", .remedy = {}}), "f:2: m");
  EXPECT_EQ(words_of({.path = "f", .message = "m", .remedy = {}}), "m");
}

TEST(ReadFile, SaysWhatIsWrong) {
  const test::TemporaryFolder folder;
  EXPECT_NE(read_file(folder / "none").error().find("none"), std::string::npos);
  EXPECT_NE(read_file(folder.path()).error().find("folder"), std::string::npos);
}

}  // namespace
}  // namespace dcache::text
