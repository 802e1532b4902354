#include "dcache/ignore/matcher.h"

#include <array>
#include <fstream>
#include <random>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/text/path.h"

namespace dcache::ignore {
namespace {

Matcher matcher_of(std::string_view text) {
  auto matcher = Matcher::parse(text);
  EXPECT_TRUE(matcher) << text;
  return matcher ? std::move(*matcher) : Matcher();
}

// tests/ignore/recorded.json: what current BuildKit put into an image by `COPY . /` with these ignore files.
TEST(Matcher, KeepsWhatARecordedBuildKept) {
  std::ifstream file(DCACHE_SOURCE_DIR "/tests/ignore/recorded.json");
  const auto recorded = nlohmann::json::parse(file);
  const std::vector<std::string> tree = recorded.at("tree");
  for (const auto& trial : recorded.at("trials")) {
    const std::string text = trial.at("ignore");
    const auto matcher = Matcher::parse(text);
    if (trial.contains("error")) {
      EXPECT_FALSE(matcher) << text;
      continue;
    }
    ASSERT_TRUE(matcher) << text;
    // A folder that is ignored itself is there if something in it is.
    std::set<std::string> kept;
    for (const std::string& entry : tree) {
      const std::string path = entry.ends_with('/') ? entry.substr(0, entry.size() - 1) : entry;
      if (matcher->decide(path).ignored) continue;
      kept.insert(path);
      for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        kept.insert(path.substr(0, slash));
      }
    }
    std::set<std::string> expected;
    for (const size_t index : trial.at("kept")) {
      const std::string& entry = tree[index];
      expected.insert(entry.ends_with('/') ? entry.substr(0, entry.size() - 1) : entry);
    }
    EXPECT_EQ(kept, expected) << "ignore file:\n" << text;
  }
}

TEST(Matcher, NamesThePatternThatDecided) {
  const Matcher matcher = matcher_of("# logs\n*.log\n\n!keep.log\ndocs\n");
  EXPECT_EQ(matcher.decide("a.log").pattern->line, 2u);
  EXPECT_EQ(matcher.decide("keep.log").pattern->written, "!keep.log");
  EXPECT_FALSE(matcher.decide("keep.log").ignored);
  EXPECT_EQ(matcher.decide("docs/deep/x.md").pattern->line, 5u);
  EXPECT_EQ(matcher.decide("main.go").pattern, nullptr);
}

TEST(Matcher, GivesTheLineOfAnInvalidPattern) {
  const auto matcher = Matcher::parse("ok\nbad[\n");
  ASSERT_FALSE(matcher);
  EXPECT_EQ(matcher.error().line, 2u);
  EXPECT_FALSE(matcher.error().remedy.empty());
}

// What BuildKit refuses as an illegal exclusion pattern: cleaned, nothing but the '!' is left.
TEST(Matcher, RefusesAnExceptionWithoutAPath) {
  for (const char* line : {"!", "! ", "!/", "/!", "! /", "!/..", "!//", "/./!"}) {
    const auto matcher = Matcher::parse("a\n" + std::string(line) + "\n");
    ASSERT_FALSE(matcher) << line;
    EXPECT_EQ(matcher.error().line, 2u) << line;
  }
  EXPECT_FALSE(Matcher::compile(std::vector<std::string>{"!/"}));
  EXPECT_TRUE(matcher_of("/a\n/!a\n").decide("b").pattern == nullptr);
  EXPECT_FALSE(matcher_of("*\n/!a\n").decide("a").ignored);  // an exception too
}

TEST(Matcher, DecidesTheSameStepByStep) {
  const Matcher matcher = matcher_of("dir/**\n!dir/sub\ndir/sub/*.tmp\n");
  Matcher::Folder dir, sub;
  EXPECT_TRUE(matcher.decide("dir", {}, &dir).ignored == matcher.decide("dir").ignored);
  EXPECT_FALSE(matcher.decide("dir/sub", dir, &sub).ignored);
  for (const std::string path : {"dir/sub/a.tmp", "dir/sub/a.txt"}) {
    EXPECT_EQ(matcher.decide(path, sub).ignored, matcher.decide(path).ignored) << path;
  }
}

TEST(Matcher, KnowsWhereAnExceptionCouldBringSomethingBack) {
  const Matcher literal = matcher_of("a\n!a/b/c\n");
  EXPECT_TRUE(literal.may_reinclude_below("a"));
  EXPECT_TRUE(literal.may_reinclude_below("a/b"));
  EXPECT_FALSE(literal.may_reinclude_below("x"));
  EXPECT_TRUE(matcher_of("a\n!**/keep\n").may_reinclude_below("a"));
  EXPECT_FALSE(matcher_of("a\n").may_reinclude_below("a"));
}

TEST(Matcher, OfNothingIgnoresNothing) {
  EXPECT_FALSE(Matcher().decide("any/thing").ignored);
  EXPECT_FALSE(matcher_of("").decide("a").ignored);
}

// Seen in live builds: the classic client sends src/notes.md, BuildKit's does not.
TEST(Matcher, TakesBackAWholeFolderForTheClassicBuilder) {
  const std::string_view text = "**/*.md\n!src\n";
  EXPECT_TRUE(Matcher::parse(text)->decide("src/notes.md").ignored);
  EXPECT_FALSE(Matcher::parse(text, Matcher::Dialect::kClassic)->decide("src/notes.md").ignored);
  EXPECT_TRUE(Matcher::parse(text, Matcher::Dialect::kClassic)->decide("other/notes.md").ignored);
}

// BuildKit makes a regular expression of a pattern with wildcards and leaves `^` in it as it is; Go's regular
// expressions know `\_`, and read a byte that is not UTF-8 as U+FFFD.
TEST(Matcher, ReadsUnusualCharactersAsTheBuildersRegularExpressions) {
  EXPECT_TRUE(matcher_of("^a*\n").decide("ab").ignored);
  EXPECT_FALSE(matcher_of("^a*\n").decide("^ab").ignored);
  EXPECT_FALSE(matcher_of("b^a*\n").decide("b^ab").ignored);
  EXPECT_TRUE(matcher_of("^a\n").decide("^a").ignored);
  EXPECT_TRUE(matcher_of("a\\_*\n").decide("a_b").ignored);
  EXPECT_TRUE(matcher_of("a[^b]c\n")
                  .decide("a\xFF"
                          "c")
                  .ignored);
  EXPECT_TRUE(matcher_of("*\n!^b/*\n").may_reinclude_below("b"));
}

TEST(Matcher, MatchesClassesWithoutARegularExpression) {
  const Matcher matcher = matcher_of("**/a1*b?c[x-z]\n[a-c]/*[0-9]\nq[/]r\ns[^t]u\n");
  for (const char* path : {"a1bbcx", "deep/er/a12b-cz", "b/n1", "q/r", "s/u"})
    EXPECT_TRUE(matcher.decide(path).ignored) << path;
  for (const char* path : {"a1bcx", "a1bbcw", "d/n1", "b/n", "b/n/1", "qr", "stu"})
    EXPECT_FALSE(matcher.decide(path).ignored) << path;
  EXPECT_FALSE(Matcher::parse("a[z-a]\n"));
}

// The meaning of a pattern, spelled out: every way to match is tried.
bool means(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.starts_with("**")) {
    std::string_view behind = pattern.substr(2);
    if (behind.starts_with('/')) behind.remove_prefix(1);
    if (behind.empty()) return true;
    if (means(behind, path)) return true;
    for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      if (means(behind, path.substr(slash + 1))) return true;
    }
    return false;
  }
  if (pattern[0] == '*') {
    for (size_t taken = 0;; ++taken) {
      if (means(pattern.substr(1), path.substr(taken))) return true;
      if (taken == path.size() || path[taken] == '/') return false;
    }
  }
  if (path.empty() || (pattern[0] == '?' ? path[0] == '/' : path[0] != pattern[0])) return false;
  return means(pattern.substr(1), path.substr(1));
}

TEST(Matcher, AgreesWithTheMeaningOfRandomPatterns) {
  std::mt19937 dice(7);
  const auto pick = [&](const auto& from) { return std::string(from[dice() % from.size()]); };
  const std::array<std::string_view, 9> parts = {"a", "b", "ab", "*", "?", "/", "/", "**/", "/**/"};
  const std::array<std::string_view, 6> names = {"a", "b", "ab", "ba", "/", "/"};
  size_t matches = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string pattern, path;
    for (auto n = 1 + dice() % 6; n > 0; --n)
      pattern += pick(parts);
    for (auto n = 1 + dice() % 8; n > 0; --n)
      path += pick(names);
    pattern = text::clean_path(pattern);
    path = text::clean_path(path);
    // `**` in other places than around a slash means `*` to some and `**` to others: recorded.json has those.
    const bool odd = pattern.starts_with('/') || path.starts_with('/') ||
                     pattern.find("***") != std::string::npos || pattern.find("a**") != std::string::npos ||
                     pattern.find("b**") != std::string::npos || pattern.find("?**") != std::string::npos ||
                     pattern.ends_with("**") || (pattern.starts_with("**") && !pattern.starts_with("**/"));
    if (odd) continue;
    const auto matcher = Matcher::parse(pattern + '\n');
    ASSERT_TRUE(matcher) << pattern;
    bool expected = false;
    for (size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
      expected = expected || means(pattern, path.substr(0, slash));
      if (slash == std::string::npos) break;
    }
    ASSERT_EQ(matcher->decide(path).ignored, expected) << pattern << " of " << path;
    matches += expected ? 1 : 0;
  }
  EXPECT_GT(matches, 1000u);
}

}  // namespace
}  // namespace dcache::ignore
