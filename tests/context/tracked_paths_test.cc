#include "dcache/context/tracked_paths.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/text/file_io.h"
#include "tests/git_folder.h"

namespace dcache::context {
namespace {

using test::GitFolder;

std::optional<TrackedPaths> read(const GitFolder& folder) {
  return TrackedPaths::read(folder.path() + "/.git/index");
}

// What an index of these bytes says.
std::optional<TrackedPaths> read_bytes(const GitFolder& folder, std::string_view bytes) {
  folder.write("index", std::string(bytes));
  return TrackedPaths::read(folder.path() + "/index");
}

void fill(const GitFolder& folder, int version) {
  folder.git(fmt::format("-c index.version={} init -q && git config index.version {}", version, version));
  for (const char* const path : {"a", "a-b/c", "a.b", "b/a/file-with-a-name", "b/a/file-with-b", "b/é", "z"})
    folder.write(path, path);
  folder.commit("all");
}

TEST(TrackedPaths, HasWhatTheIndexHas) {
  for (const int version : {2, 3, 4}) {
    const GitFolder folder;
    fill(folder, version);
    folder.write("new", "");
    folder.git("add -N new");  // needs more flags
    const auto tracked = read(folder);
    ASSERT_TRUE(tracked) << version;
    for (const char* const path :
         {"a", "a-b/c", "a.b", "b/a/file-with-a-name", "b/a/file-with-b", "b/é", "z", "new"})
      EXPECT_TRUE(tracked->contains(path)) << version << ' ' << path;
    for (const char* const path : {"", "b", "b/a", "b/a/", "b/a/file", "zz", "B"})
      EXPECT_FALSE(tracked->contains(path)) << version << ' ' << path;
    for (const char* const path : {"b", "b/a", "a-b"})
      EXPECT_TRUE(tracked->contains_below(path)) << version << ' ' << path;
    for (const char* const path : {"a", "b/a/file", "b/", "z", "zz", "c"})
      EXPECT_FALSE(tracked->contains_below(path)) << version << ' ' << path;
  }
}

// More than what is in memory at once, so that paths and entries begin and end anywhere in a piece.
TEST(TrackedPaths, ReadsLargeIndexes) {
  for (const int version : {2, 4}) {
    const GitFolder folder;
    folder.git(fmt::format("init -q && git config index.version {}", version));
    constexpr int kFiles = 3'000;
    const auto path_of = [](int i) {
      return fmt::format("folder{}/file{}{}", i % 7, std::string(static_cast<size_t>(i % 40), 'x'), i);
    };
    std::string added;
    for (int i = 0; i < kFiles; ++i)
      added += fmt::format("100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\t{}\n", path_of(i));
    folder.write("added", added);
    folder.git("update-index --index-info < added");
    const auto tracked = read(folder);
    ASSERT_TRUE(tracked) << version;
    for (int i = 0; i < kFiles; ++i)
      EXPECT_TRUE(tracked->contains(path_of(i))) << version << ' ' << path_of(i);
    EXPECT_FALSE(tracked->contains("added"));
  }
}

TEST(TrackedPaths, LeavesIndexesThatNeedMoreToLibgit2) {
  const GitFolder folder;
  fill(folder, 2);
  folder.git("update-index --split-index");
  EXPECT_FALSE(read(folder));
}

TEST(TrackedPaths, RefusesDamagedIndexes) {
  for (const int version : {2, 4}) {
    const GitFolder folder;
    fill(folder, version);
    const std::string whole = text::read_file(folder.path() + "/.git/index").value_or("");
    ASSERT_TRUE(read_bytes(folder, whole));
    for (size_t size = 0; size < whole.size(); ++size) {
      const auto cut = read_bytes(folder, std::string_view(whole).substr(0, size));
      // Without its extension, which is only there to be fast, it is still an index.
      EXPECT_TRUE(!cut || cut->contains("z")) << version << ' ' << size;
    }
  }
  const GitFolder folder;
  fill(folder, 2);
  std::string unsorted = text::read_file(folder.path() + "/.git/index").value_or("");
  unsorted.replace(unsorted.find("a.b"), 3, "Z.b");
  EXPECT_FALSE(read_bytes(folder, unsorted));
  EXPECT_FALSE(read_bytes(folder, ""));
  EXPECT_FALSE(read_bytes(folder, std::string("DIRC\0\0\0\5\0\0\0\1", 12) + std::string(200, 'x')));
}

}  // namespace
}  // namespace dcache::context
