// Const objects used from many threads at once; run under ThreadSanitizer.
#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/context/snapshot.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/ignore/matcher.h"
#include "dcache/lint/catalogue.h"
#include "dcache/lint/engine.h"
#include "tests/run_program.h"

namespace dcache {
namespace {

constexpr int kThreads = 8;

template <typename Work>
void in_threads(const Work& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&work] { work(); });
  for (std::thread& thread : threads)
    thread.join();
}

TEST(Threads, ShareAMatcher) {
  const auto matcher = ignore::Matcher::parse("**/*.log\n!keep/**\n[a-c]?.txt\n");
  ASSERT_TRUE(matcher);
  std::atomic<int> ignored = 0;
  in_threads([&] {
    for (int i = 0; i < 200; ++i)
      ignored += matcher->decide("x/y/z.log").ignored ? 1 : 0;
  });
  EXPECT_EQ(ignored, kThreads * 200);
}

TEST(Threads, ShareALinterAndAFile) {
  const lint::Config config;
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file =
      dockerfile::parse("FROM node\nCOPY . .\nRUN npm ci && pip install -r requirements.txt\n");
  std::atomic<size_t> findings = 0;
  in_threads([&] { findings += linter.lint(file, {}).diagnostics.size(); });
  EXPECT_EQ(findings % kThreads, 0u);
  EXPECT_GT(findings, 0u);
}

TEST(Threads, HashFilesTogether) {
  const test::TemporaryFolder folder;
  for (int i = 0; i < 500; ++i)
    folder.write("f" + std::to_string(i), std::to_string(i % 7));
  folder.write("gone", "x");
  auto walk = context::walk(folder.path(), {});
  std::filesystem::remove(folder / "gone");
  const auto problems = context::hash_contents(
      walk->snapshot, folder.path(), {.wanted = [](size_t, const context::Record&) { return true; }});
  EXPECT_EQ(problems.size(), 1u);
  for (const context::Record& record : walk->snapshot.records()) {
    if (record.path == "gone") continue;
    EXPECT_EQ(record.content, context::hash_bytes(std::to_string(std::stoi(record.path.substr(1)) % 7)));
  }
}

TEST(Threads, ParseAndExpandSideBySide) {
  std::atomic<size_t> instructions = 0;
  in_threads([&] { instructions += dockerfile::parse("FROM a\nENV ä=ß\nRUN x\n").instructions().size(); });
  EXPECT_EQ(instructions, 3u * kThreads);
}

}  // namespace
}  // namespace dcache
