#include "dcache/context/snapshot.h"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/run_program.h"
#include "tests/system.h"

namespace dcache::context {
namespace {

using Texts = std::vector<std::string>;

ignore::Matcher matcher_of(std::string_view text) {
  return std::move(*ignore::Matcher::parse(text));
}

Texts paths_of_snapshot(const Snapshot& snapshot) {
  Texts all;
  for (const Record& record : snapshot.records())
    all.push_back(record.path);
  return all;
}

constexpr auto kAll = [](size_t, const Record&) { return true; };

Record file(std::string path) {
  Record record;
  record.path = std::move(path);
  record.mode = 0644;
  return record;
}
Record link(std::string path, std::string target) {
  Record record = file(std::move(path));
  record.type = Type::kSymlink;
  record.target = std::move(target);
  return record;
}

TEST(Snapshot, SortsByPathAndAddsFolders) {
  const Snapshot snapshot({file("a-b"), file("a/c/d"), file("a/b"), file("z")});
  EXPECT_EQ(paths_of_snapshot(snapshot), (Texts{"a", "a/b", "a/c", "a/c/d", "a-b", "z"}));
  EXPECT_EQ(snapshot.below("a").size(), 3u);
  EXPECT_EQ(snapshot.below("").size(), 6u);
  EXPECT_EQ(snapshot.find("a/c")->type, Type::kFolder);
  EXPECT_EQ(snapshot.find("a/x"), nullptr);
}

TEST(Snapshot, FollowsLinksInsideTheRoot) {
  const Snapshot snapshot({file("dir/f"), link("to-dir", "dir"), link("abs", "/dir"),
                           link("up", "../../dir/f"), link("loop", "loop"), link("a", "b"), link("b", "a"),
                           link("dir/back", "../to-dir")});
  EXPECT_EQ(snapshot.follow("to-dir/f"), "dir/f");
  EXPECT_EQ(snapshot.follow("abs/f"), "dir/f");
  EXPECT_EQ(snapshot.follow("up"), "dir/f");
  EXPECT_EQ(snapshot.follow("dir/back/f"), "dir/f");
  EXPECT_EQ(snapshot.follow("to-dir", false), "to-dir");
  EXPECT_EQ(snapshot.follow("loop"), std::nullopt);
  EXPECT_EQ(snapshot.follow("a/x"), std::nullopt);
  EXPECT_EQ(snapshot.follow(""), "");
}

TEST(Walk, RecordsWhatIsThere) {
  const test::TemporaryFolder folder;
  folder.write("src/main.c", "int main;");
  folder.write("run.sh", "x");
  test::set_mode(folder / "run.sh", 0755);
  test::make_link("src/main.c", folder / "link");
  test::make_link("/etc", folder / "outside");
  const auto walk = context::walk(folder.path(), {});
  ASSERT_TRUE(walk);
  EXPECT_EQ(paths_of_snapshot(walk->snapshot), (Texts{"link", "outside", "run.sh", "src", "src/main.c"}));
  EXPECT_EQ(walk->snapshot.find("link")->target, "src/main.c");
  EXPECT_EQ(walk->snapshot.find("outside")->type, Type::kSymlink);
  EXPECT_EQ(walk->snapshot.find("run.sh")->mode, 0755u);
  EXPECT_EQ(walk->snapshot.find("src/main.c")->size, 9u);
  EXPECT_TRUE(walk->problems.empty());
}

TEST(Walk, LeavesOutIgnoredFilesAndKeepsFoldersOfExceptions) {
  const test::TemporaryFolder folder;
  for (const char* name : {"a/keep.txt", "a/drop.txt", "b/x", "node_modules/m/i.js"})
    folder.write(name, "");
  const auto walk = context::walk(folder.path(), matcher_of("a\nnode_modules\n!a/keep.txt\n"));
  EXPECT_EQ(paths_of_snapshot(walk->snapshot), (Texts{"a", "a/keep.txt", "b", "b/x"}));
  EXPECT_EQ(walk->ignored, 3u);
}

TEST(Walk, NamesAFolderThatCanNotBeRead) {
  const auto walk = context::walk("/no/such/folder", {});
  ASSERT_FALSE(walk);
  EXPECT_NE(walk.error().find("/no/such/folder"), std::string::npos);
}

TEST(HashContents, HashesOnlyWhatIsWanted) {
  const test::TemporaryFolder folder;
  folder.write("a", "same");
  folder.write("b", "same");
  folder.write("c", "other");
  auto walk = context::walk(folder.path(), {});
  hash_contents(walk->snapshot, folder.path(),
                {.wanted = [](size_t, const Record& record) { return record.path != "c"; }});
  EXPECT_EQ(walk->snapshot.find("a")->content, walk->snapshot.find("b")->content);
  EXPECT_EQ(walk->snapshot.find("a")->content, hash_bytes("same"));
  EXPECT_FALSE(walk->snapshot.find("c")->content);
}

TEST(HashContents, ReportsAFileThatIsGone) {
  const test::TemporaryFolder folder;
  folder.write("a", "x");
  auto walk = context::walk(folder.path(), {});
  std::filesystem::remove(folder / "a");
  EXPECT_EQ(hash_contents(walk->snapshot, folder.path(), {.wanted = kAll}).size(), 1u);
}

TEST(HashContents, StopsWithinAFile) {
  const test::TemporaryFolder folder;
  folder.write("long", "");
  folder.resize("long", uint64_t{100} << 30U);  // takes no space, and half a minute to read
  auto walk = context::walk(folder.path(), {});
  std::stop_source stop;
  const auto problems =
      hash_contents(walk->snapshot, folder.path(),
                    {.wanted = kAll,
                     .progress = [&](const context::HashingProgress&) { stop.request_stop(); },
                     .stop = stop.get_token()});
  EXPECT_TRUE(problems.empty());
  EXPECT_FALSE(walk->snapshot.find("long")->content);
}

TEST(Hash, IsWrittenAndReadAsHex) {
  const Hash hash = hash_bytes("x");
  EXPECT_EQ(hash_from_hex(to_hex(hash)), hash);
  EXPECT_EQ(hash_from_hex("zz"), std::nullopt);
  EXPECT_NE(Hasher().add("ab").add("c").finish(), Hasher().add("a").add("bc").finish());
}

}  // namespace
}  // namespace dcache::context
