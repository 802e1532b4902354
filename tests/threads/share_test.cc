// Work shared between threads; run under ThreadSanitizer.
#include "dcache/threads/share.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/context/snapshot.h"
#include "tests/run_program.h"

namespace dcache::threads {
namespace {

TEST(InOrder, TakesResultsInTheirOrder) {
  constexpr size_t kCount = 5000;
  std::vector<std::string> taken;
  const std::thread::id here = std::this_thread::get_id();
  in_order(
      kCount, 4,
      [](size_t i) {
        if (i % 997 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return std::to_string(i);
      },
      [&](std::string result) {
        EXPECT_EQ(std::this_thread::get_id(), here);
        taken.push_back(std::move(result));
      });
  ASSERT_EQ(taken.size(), kCount);
  for (size_t i = 0; i < kCount; ++i)
    EXPECT_EQ(taken[i], std::to_string(i));
}

TEST(InOrder, KeepsABoundedNumberOfResults) {
  std::atomic<size_t> made = 0;
  size_t taken = 0;
  size_t most = 0;
  in_order(
      2000, 1, [&](size_t) { return ++made; },
      [&](size_t) {
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        most = std::max(most, made - taken++);
      });
  EXPECT_LE(most, 64u * 2 + 2);
}

TEST(InOrder, HandsExceptionsOn) {
  const auto fails_at = [](size_t place) {
    return [place](size_t i) {
      if (i == place) throw std::runtime_error("made");
      return i;
    };
  };
  for (const size_t helpers : {size_t{0}, size_t{1}, size_t{4}}) {
    EXPECT_THROW(in_order(1000, helpers, fails_at(500), [](size_t) {}), std::runtime_error);
    EXPECT_THROW(
        in_order(
            1000, helpers, [](size_t i) { return i; }, [](size_t) { throw std::logic_error("taken"); }),
        std::logic_error);
  }
}

TEST(InOrder, DoesNothingForNothing) {
  in_order(
      0, 4, [](size_t i) { return i; }, [](size_t) { FAIL(); });
}

TEST(Walk, GivesALargeTreeInItsOrder) {
  const test::TemporaryFolder folder;
  for (int i = 0; i < 100; ++i) {
    folder.write("d" + std::to_string(i) + "/inner/a.txt", "x");
    folder.write("d" + std::to_string(i) + "-b/" + std::to_string(i), "x");
  }
  const auto whole = context::walk(folder.path(), {});
  const auto names = context::walk(folder.path(), {}, {.names_only = true});
  ASSERT_TRUE(whole && names);
  const auto records = whole->snapshot.records();
  ASSERT_EQ(records.size(), 500u);
  ASSERT_EQ(names->snapshot.records().size(), records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_TRUE(i == 0 || context::path_less(records[i - 1].path, records[i].path)) << records[i].path;
    EXPECT_EQ(names->snapshot.records()[i].path, records[i].path);
    EXPECT_EQ(names->snapshot.records()[i].type, records[i].type);
    EXPECT_EQ(whole->snapshot.find(records[i].path), &records[i]);
  }
}

TEST(Lint, SaysTheSameOfManyFilesEachTime) {
  const test::TemporaryFolder folder;
  for (int i = 0; i < 200; ++i) {
    folder.write("s" + std::to_string(i) + "/Dockerfile",
                 "FROM node\nCOPY . .\nRUN npm ci && echo " + std::to_string(i) + "\n");
    folder.write("s" + std::to_string(i) + "/package.json", "{}");
  }
  const auto first = test::run_dcache({"lint", "--format", "json", "."}, folder.path());
  EXPECT_EQ(first.status, 1);
  EXPECT_NE(first.out.find("s199/Dockerfile"), std::string::npos);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(test::run_dcache({"lint", "--format", "json", "."}, folder.path()).out, first.out);
}

}  // namespace
}  // namespace dcache::threads
