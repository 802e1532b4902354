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
  return TrackedPaths::parse(text::read_file(folder.path() + "/.git/index").value_or(""));
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
    ASSERT_TRUE(TrackedPaths::parse(whole));
    for (size_t size = 0; size < whole.size(); ++size) {
      const auto cut = TrackedPaths::parse(std::string_view(whole).substr(0, size));
      // Without its extension, which is only there to be fast, it is still an index.
      EXPECT_TRUE(!cut || cut->contains("z")) << version << ' ' << size;
    }
  }
  const GitFolder folder;
  fill(folder, 2);
  std::string unsorted = text::read_file(folder.path() + "/.git/index").value_or("");
  unsorted.replace(unsorted.find("a.b"), 3, "Z.b");
  EXPECT_FALSE(TrackedPaths::parse(unsorted));
  EXPECT_FALSE(TrackedPaths::parse(""));
  EXPECT_FALSE(TrackedPaths::parse(std::string("DIRC\0\0\0\5\0\0\0\1", 12) + std::string(200, 'x')));
}

}  // namespace
}  // namespace dcache::context
